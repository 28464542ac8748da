/* Prints all that our reader finds in an image, one line per entry, for tests
 * to compare: `squash_dump [-k] [-c CHUNK] IMAGE`
 *   path type mode uid gid size mtime nlink rdev crc target xattrs
 * Text is %XX-escaped, a missing field is "-", crc is CRC-32 of the bytes as
 * read in pieces of CHUNK. -k: a damaged file does not end the run, and at most
 * 64 MiB are read in all. Exit status: 0 all read, 1 something was refused. */
#include "base/fd.h"
#include "base/num.h"
#include "base/str.h"
#include "image/squash/walk.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

#define KEEP_BYTES (64ull << 20)

struct dump {
	struct squash *fs;
	bool keep, bad;
	uint32_t chunk;
	uint64_t bytes;
	uint8_t *buf;
};

static void escape(struct str *out, const void *text, size_t n)
{
	const uint8_t *p = text;

	for (size_t i = 0; i < n; i++)
		if (p[i] > ' ' && p[i] < 0x7f && p[i] != '%' && p[i] != '=' && p[i] != ',')
			str_addc(out, (char)p[i]);
		else
			str_addf(out, "%%%02X", p[i]);
	if (n == 0)
		str_add(out, "-");
}

static int add_xattr(void *ctx, const char *name, const void *value, size_t len)
{
	struct str *out = ctx;

	if (out->len)
		str_addc(out, ',');
	escape(out, name, strlen(name));
	str_addc(out, '=');
	escape(out, value, len);
	return 0;
}

static int read_file(struct dump *d, const struct squash_inode *file, unsigned long *ret, struct err *e)
{
	uint64_t off = 0;
	ssize_t n;

	while ((n = squash_read(d->fs, file, d->buf, d->chunk, off, e)) > 0) {
		*ret = crc32(*ret, d->buf, (unsigned)n);
		off += (uint64_t)n;
		d->bytes += (uint64_t)n;
		if (d->keep && d->bytes > KEEP_BYTES)
			return err_set(e, ERR_FORMAT, "enough read");
	}
	if (n == 0 && off != file->size)
		return err_set(e, ERR_FORMAT, "short file");
	return n < 0 ? -1 : 0;
}

static int refused(struct dump *d, const char *path, const struct err *e)
{
	fprintf(stderr, "squash_dump: /%s: %s\n", path, e->msg);
	d->bad = true;
	return d->keep ? 0 : -1;
}

static int dump_entry(void *ctx, const struct squash_visit *v, struct err *e)
{
	static const char letters[] = "?pc?d?b?-?l?s???";
	const struct squash_inode *i = v->inode;
	struct dump *d = ctx;
	OWN_STR struct str path = {}, target = {}, xattrs = {};
	OWN_FREE char *link = NULL;
	unsigned long crc = 0;

	if (v->what != SQUASH_WALK_ENTRY)
		return 0;
	if (S_ISREG(i->mode) && read_file(d, i, &crc, e) && refused(d, v->path, e))
		return -1;
	if (S_ISLNK(i->mode) && squash_readlink(d->fs, i, &link, e) && refused(d, v->path, e))
		return -1;
	if (squash_xattrs(d->fs, i, add_xattr, &xattrs, e) && refused(d, v->path, e))
		return -1;
	escape(&path, v->path, strlen(v->path));
	escape(&target, link ? link : "", link ? strlen(link) : 0);
	printf("%s %c %o %u %u %llu %u %u %u %08lx %s %s\n", str_text(&path), letters[(i->mode & S_IFMT) >> 12],
	       i->mode & 07777, i->uid, i->gid, (unsigned long long)(S_ISDIR(i->mode) ? 0 : i->size), i->mtime,
	       i->nlink, i->rdev, crc, str_text(&target), xattrs.len ? str_text(&xattrs) : "-");
	return 0;
}

static int dump_image(struct dump *d, const char *path, struct err *e)
{
	OWN_FD int fd = fd_open(path, O_RDONLY, e);
	struct squash_options tight = { .block_cache_bytes = 1 << 20, .metadata_bytes = 1 << 18 };
	struct source *src = NULL;
	struct squash_inode root;
	struct stat st;
	int r = -1;

	if (fd < 0)
		return -1;
	if (fstat(fd, &st))
		return err_sys(e, errno, "cannot examine '%s'", path);
	if (source_range_new(fd, 0, (uint64_t)st.st_size, path, &src, e))
		return -1;
	if (squash_open(src, d->keep ? &tight : NULL, &d->fs, e) == 0 &&
	    squash_inode_read(d->fs, squash_root_ref(d->fs), &root, e) == 0)
		r = squash_walk(d->fs, &root, dump_entry, d, e);
	squash_free(d->fs);
	source_free(src);
	return r;
}

int main(int argc, char **argv)
{
	struct dump d = { .chunk = 1 << 20 };
	struct err e;
	int opt;

	while ((opt = getopt(argc, argv, "kc:")) > 0)
		if (opt == 'k')
			d.keep = true;
		else if (opt != 'c' || num_u32(optarg, &d.chunk, &e))
			return 2;
	if (optind + 1 != argc || !(d.buf = malloc(d.chunk))) {
		fprintf(stderr, "usage: squash_dump [-k] [-c CHUNK] IMAGE\n");
		return 2;
	}
	if (dump_image(&d, argv[optind], &e)) {
		fprintf(stderr, "squash_dump: %s\n", e.msg);
		d.bad = true;
	}
	free(d.buf);
	return d.bad || fflush(stdout) ? 1 : 0;
}
