/* sif-read unpack: the whole image below a directory. */
#include "base/cpus.h"
#include "base/log.h"
#include "base/num.h"
#include "cmd/command.h"
#include "cmd/unpack.h"
#include "image/squash/extract.h"
#include "image/squash/walk.h"

#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

COMMAND_RUN(unpack_main);
extern const struct opt unpack_options[];

struct words {
	int image_fd, into_fd;
	uint64_t offset, size;
	bool measure;
};

static int parse_fd(const char *text, const char *option, int *ret, struct err *e)
{
	uint32_t v;

	if (!text)
		return err_set(e, ERR_USAGE, "--%s is missing", option);
	if (num_u32(text, &v, e))
		return -1;
	if (v > INT_MAX)
		return err_set(e, ERR_USAGE, "--%s '%s' is no descriptor", option, text);
	*ret = (int)v;
	return 0;
}

static int parse(int argc, char *const argv[], struct words *ret, struct err *e)
{
	struct unpack_options opt = {};
	int index = 1, r = -1;

	if (opt_parse(unpack_options, argc, argv, &index, &opt, e))
		goto out;
	ret->measure = opt.measure;
	if (parse_fd(opt.image_fd, "image-fd", &ret->image_fd, e) ||
	    (!opt.measure && parse_fd(opt.into_fd, "into-fd", &ret->into_fd, e)))
		goto out;
	if (!opt.size) {
		err_set(e, ERR_USAGE, "--size is missing");
		goto out;
	}
	ret->offset = 0;
	if ((opt.offset && num_u64(opt.offset, &ret->offset, e)) || num_u64(opt.size, &ret->size, e))
		goto out;
	r = 0;
out:
	free(opt.image_fd);
	free(opt.offset);
	free(opt.size);
	free(opt.into_fd);
	return r;
}

struct need {
	uint64_t bytes, inodes;
};

/* A file with several names counts in parts: n names, each 1/n. */
static int add_need(void *ctx, const struct squash_visit *v, struct err *e)
{
	struct need *n = ctx;
	uint32_t names = v->inode->nlink ? v->inode->nlink : 1;

	(void)e;
	if (v->what != SQUASH_WALK_ENTRY)
		return 0;
	n->inodes++;
	if (S_ISREG(v->inode->mode))
		n->bytes += (v->inode->size + 4095) / 4096 * 4096 / names;
	else if (S_ISDIR(v->inode->mode))
		n->bytes += 4096;
	return 0;
}

/* A full disk half-way through would be the worse answer. */
static int check_space(struct squash *fs, const struct squash_inode *root, int into_fd, struct err *e)
{
	struct need need = {};
	struct statvfs st;
	uint64_t have;

	if (fstatvfs(into_fd, &st))
		return err_sys(e, errno, "cannot examine the directory to unpack into");
	if (squash_walk(fs, root, add_need, &need, e))
		return -1;
	have = (uint64_t)st.f_bavail * st.f_frsize;
	if (need.bytes <= have && (st.f_files == 0 || need.inodes <= st.f_favail))
		return 0;
	err_set(e, ERR_SYSTEM, "the image needs %llu MiB unpacked (%llu files), and there is room for %llu MiB",
		(unsigned long long)(need.bytes >> 20), (unsigned long long)need.inodes,
		(unsigned long long)(have >> 20));
	e->sys = ENOSPC;
	return err_hint(e, "set SIF_TMPDIR to a local directory with more room");
}

static int measure(struct squash *fs, struct err *e)
{
	struct squash_inode root;
	struct need need = {};

	if (squash_inode_read(fs, squash_root_ref(fs), &root, e) || squash_walk(fs, &root, add_need, &need, e))
		return -1;
	printf("%llu\n", (unsigned long long)need.bytes);
	return 0;
}

static int unpack(struct squash *fs, int into_fd, struct err *e)
{
	struct squash_extract_options opt = { .threads = cpus_available() };
	struct squash_extract_stats stats;
	struct squash_inode root;

	if (squash_inode_read(fs, squash_root_ref(fs), &root, e) || check_space(fs, &root, into_fd, e) ||
	    squash_extract(fs, &root, into_fd, NULL, &opt, &stats, e))
		return -1;
	if (stats.devices)
		log_info("%llu device nodes of the image were left out", (unsigned long long)stats.devices);
	return 0;
}

int unpack_main(const struct invocation *inv, int argc, char *const argv[], struct err *e)
{
	struct source *src = NULL;
	struct squash *fs = NULL;
	struct words w;
	int r = -1;

	(void)inv;
	if (parse(argc, argv, &w, e))
		return -1;
	if (source_range_new(w.image_fd, w.offset, w.size, "the image", &src, e) == 0 &&
	    squash_open(src, NULL, &fs, e) == 0)
		r = w.measure ? measure(fs, e) : unpack(fs, w.into_fd, e);
	squash_free(fs);
	source_free(src);
	return r ? err_ctx(e, "unpacking the image") : 0;
}
