/* Visit a whole tree of an image, in order of name. For programs that list,
 * copy or check; the image server has no use for it. */
#ifndef SIF_IMAGE_SQUASH_WALK_H
#define SIF_IMAGE_SQUASH_WALK_H

#include "image/squash/squash.h"

#define SQUASH_WALK_DEPTH 4096

enum squash_walk_what {
	SQUASH_WALK_ENTRY, /* anything, a directory before its entries */
	SQUASH_WALK_LEAVE, /* a directory behind its entries */
};

struct squash_visit {
	enum squash_walk_what what;
	const char *path; /* from the start of the walk, no leading '/'; "" = the start */
	const char *name; /* last component of path */
	unsigned depth;	  /* 0 = the start */
	const struct squash_inode *inode;
};

/* 0 = go on; 1 = do not enter this directory (it is not left either); -1 = end
 * the walk with e. */
typedef int (*squash_walk_fn)(void *ctx, const struct squash_visit *v, struct err *e);

/* Every directory is entered once: a second way to one, which would make the
 * walk endless or exponential, is ERR_FORMAT; so is a tree deeper than
 * SQUASH_WALK_DEPTH. */
int squash_walk(struct squash *fs, const struct squash_inode *start, squash_walk_fn fn, void *ctx,
		struct err *e) MUST_CHECK;

#endif
