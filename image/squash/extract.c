/* One thread (the caller's) walks the tree and makes every name; the others fill
 * the files. A file travels from one to the others as an open descriptor in a
 * short queue, so that no name is ever looked up twice and few descriptors are
 * open. A directory gets its mode and times when the walk leaves it: filling a
 * file that exists does not change its directory any more. */
#include "image/squash/extract.h"

#include "base/str.h"
#include "image/squash/extract_file.h"
#include "image/squash/walk.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Each level holds a descriptor while the walk is below it. */
#define DEPTH_MAX 512

/* Where a file with several names was made first. */
struct first_name {
	uint64_t ref; /* + 1; 0 = free slot */
	char *path;   /* from the start of the walk, dir[0] */
};

struct extract {
	struct extract_crew *crew;
	const struct squash_extract_options *opt;
	struct squash_extract_stats *stats;
	int into_fd;
	const char *root_name; /* NULL: the start is into_fd itself */
	int dir[DEPTH_MAX + 1];
	size_t depth; /* directories that are open */
	struct first_name *first;
	size_t n_first, cap_first;
};

static size_t first_slot(const struct first_name *table, size_t cap, uint64_t ref)
{
	size_t i = (ref + 1) * 0x9e3779b97f4a7c15ull >> 20 & (cap - 1);

	while (table[i].ref && table[i].ref != ref + 1)
		i = (i + 1) & (cap - 1);
	return i;
}

static int first_grow(struct extract *x, struct err *e)
{
	size_t cap = x->cap_first ? x->cap_first * 2 : 256;
	struct first_name *more = calloc(cap, sizeof(*more));

	if (!more)
		return err_sys(e, ENOMEM, "cannot unpack");
	for (size_t i = 0; i < x->cap_first; i++)
		if (x->first[i].ref)
			more[first_slot(more, cap, x->first[i].ref - 1)] = x->first[i];
	free(x->first);
	x->first = more;
	x->cap_first = cap;
	return 0;
}

/* 1 = linked to its first name; 0 = this is the first; -1. */
static int link_again(struct extract *x, const struct squash_visit *v, int parent, const char *name, struct err *e)
{
	struct first_name *f;

	if (x->n_first * 2 >= x->cap_first && first_grow(x, e))
		return -1;
	f = &x->first[first_slot(x->first, x->cap_first, v->inode->ref)];
	if (f->ref) {
		if (linkat(x->dir[0], f->path, parent, name, 0) == 0)
			return 1;
		if (errno == EMLINK)
			return 0; /* the rest become files of their own */
		return err_sys(e, errno, "cannot link '%s' to '%s'", v->path, f->path);
	}
	f->path = strdup(v->path);
	if (!f->path)
		return err_sys(e, ENOMEM, "cannot unpack");
	f->ref = v->inode->ref + 1;
	x->n_first++;
	return 0;
}

/* A name that is taken is the image's fault where we made the directory. */
static int cannot_make(const struct extract *x, const struct squash_visit *v, struct err *e)
{
	if (errno == EEXIST && v->depth > (x->root_name ? 0 : 1))
		return err_set(e, ERR_FORMAT, "'%s' stands twice in its directory", v->path);
	return err_sys(e, errno, "cannot make '%s'", v->path);
}

static int make_dir(struct extract *x, const struct squash_visit *v, int parent, const char *name, struct err *e)
{
	int fd;

	if (x->depth == DEPTH_MAX)
		return err_set(e, ERR_FORMAT, "directories are nested deeper than %d", DEPTH_MAX);
	if (!name) {
		fd = fcntl(parent, F_DUPFD_CLOEXEC, 0);
	} else {
		if (mkdirat(parent, name, 0700))
			return cannot_make(x, v, e);
		fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	}
	if (fd < 0)
		return err_sys(e, errno, "cannot open '%s'", v->path);
	x->dir[x->depth++] = fd;
	return 0;
}

static int leave_dir(struct extract *x, const struct squash_visit *v, struct err *e)
{
	OWN_FD int fd = x->dir[--x->depth];

	return extract_attributes(x->crew, v->inode, fd, v->path, e);
}

static int make_file(struct extract *x, const struct squash_visit *v, int parent, const char *name, struct err *e)
{
	int fd = openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return cannot_make(x, v, e);
	x->stats->files++;
	x->stats->bytes += v->inode->size;
	return extract_crew_give(x->crew, v->inode, fd, v->path, e); /* takes fd */
}

static int make_link(struct extract *x, const struct squash_visit *v, int parent, const char *name, struct err *e)
{
	OWN_FREE char *target = NULL;

	if (squash_readlink(x->crew->fs, v->inode, &target, e))
		return -1;
	if (symlinkat(target, parent, name))
		return cannot_make(x, v, e);
	return extract_attributes_at(x->crew, v->inode, parent, name, v->path, e);
}

/* FIFOs and sockets need no privilege; a device without it is left out. */
static int make_special(struct extract *x, const struct squash_visit *v, int parent, const char *name,
			struct err *e)
{
	bool device = S_ISCHR(v->inode->mode) || S_ISBLK(v->inode->mode);

	if (device && !x->opt->owners) {
		x->stats->devices++;
		return 0;
	}
	if (mknodat(parent, name, (v->inode->mode & S_IFMT) | 0600, v->inode->rdev)) {
		if (!device || errno != EPERM)
			return cannot_make(x, v, e);
		x->stats->devices++;
		return 0;
	}
	return extract_attributes_at(x->crew, v->inode, parent, name, v->path, e);
}

static int make_entry(void *ctx, const struct squash_visit *v, struct err *e)
{
	struct extract *x = ctx;
	int parent = x->depth ? x->dir[x->depth - 1] : x->into_fd, r;
	const char *name = v->depth ? v->name : x->root_name;

	if (v->what == SQUASH_WALK_LEAVE)
		return leave_dir(x, v, e);
	if (S_ISDIR(v->inode->mode))
		return make_dir(x, v, parent, name, e);
	if (v->inode->nlink > 1 && v->depth) {
		r = link_again(x, v, parent, name, e);
		if (r)
			return r < 0 ? -1 : 0;
	}
	if (S_ISREG(v->inode->mode))
		return make_file(x, v, parent, name, e);
	if (S_ISLNK(v->inode->mode))
		return make_link(x, v, parent, name, e);
	return make_special(x, v, parent, name, e);
}

int squash_extract(struct squash *fs, const struct squash_inode *start, int into_fd, const char *name,
		   const struct squash_extract_options *opt, struct squash_extract_stats *ret, struct err *e)
{
	static const struct squash_extract_options plain = {};
	struct extract_crew crew = { .fs = fs };
	struct extract x = { .crew = &crew, .opt = opt ? opt : &plain, .stats = ret, .into_fd = into_fd,
			     .root_name = name };
	int r;

	*ret = (struct squash_extract_stats){};
	if (!name && !S_ISDIR(start->mode))
		return err_sys(e, ENOTDIR, "cannot unpack");
	crew.owners = x.opt->owners;
	if (extract_crew_start(&crew, x.opt->threads ? x.opt->threads : 1, e))
		return -1;
	r = squash_walk(fs, start, make_entry, &x, e);
	if (extract_crew_end(&crew, r ? NULL : e))
		r = -1;
	ret->xattrs = crew.xattrs_left;
	while (x.depth)
		close(x.dir[--x.depth]);
	for (size_t i = 0; i < x.cap_first; i++)
		free(x.first[i].path);
	free(x.first);
	return r;
}
