/* Reads an image as fast as the reader can: `squash_read [-w] [-n TIMES] IMAGE`
 * walks all inodes (-w) or reads every byte as well, and prints the CPU time. */
#include "base/fd.h"
#include "base/num.h"
#include "image/squash/walk.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#define CHUNK (1u << 20)

struct bench {
	struct squash *fs;
	bool data;
	uint64_t inodes, bytes;
	uint8_t *buf;
};

static int count(void *ctx, const struct squash_visit *v, struct err *e)
{
	struct bench *b = ctx;
	uint64_t off = 0;
	ssize_t n;

	if (v->what != SQUASH_WALK_ENTRY)
		return 0;
	b->inodes++;
	if (!b->data || !S_ISREG(v->inode->mode))
		return 0;
	while ((n = squash_read(b->fs, v->inode, b->buf, CHUNK, off, e)) > 0)
		off += (uint64_t)n;
	b->bytes += off;
	return n < 0 ? -1 : 0;
}

static double cpu_now(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static int run(const char *path, struct bench *b, struct err *e)
{
	OWN_FD int fd = fd_open(path, O_RDONLY, e);
	struct source *src = NULL;
	struct squash_inode root;
	struct stat st;
	double start = cpu_now();
	int r = -1;

	if (fd < 0)
		return -1;
	if (fstat(fd, &st))
		return err_sys(e, errno, "cannot examine '%s'", path);
	if (source_range_new(fd, 0, (uint64_t)st.st_size, path, &src, e))
		return -1;
	b->inodes = b->bytes = 0;
	b->fs = NULL;
	if (squash_open(src, NULL, &b->fs, e) == 0 &&
	    squash_inode_read(b->fs, squash_root_ref(b->fs), &root, e) == 0)
		r = squash_walk(b->fs, &root, count, b, e);
	squash_free(b->fs);
	source_free(src);
	if (r == 0)
		printf("%s\t%llu inodes\t%llu bytes\t%.3f s cpu\n", b->data ? "read" : "walk",
		       (unsigned long long)b->inodes, (unsigned long long)b->bytes, cpu_now() - start);
	return r;
}

int main(int argc, char **argv)
{
	struct bench b = { .data = true, .buf = malloc(CHUNK) };
	uint32_t times = 1;
	struct err e;
	int opt, r = 0;

	while ((opt = getopt(argc, argv, "wn:")) > 0)
		if (opt == 'w')
			b.data = false;
		else if (opt != 'n' || num_u32(optarg, &times, &e))
			return 2;
	if (optind + 1 != argc || !b.buf) {
		fprintf(stderr, "usage: squash_read [-w] [-n TIMES] IMAGE\n");
		return 2;
	}
	while (r == 0 && times--)
		r = run(argv[optind], &b, &e);
	if (r)
		fprintf(stderr, "squash_read: %s\n", e.msg);
	free(b.buf);
	return r ? 1 : 0;
}
