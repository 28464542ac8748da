/* IMAGE[:PATH]: the file system inside an image, read without a mount. */
#ifndef SIF_CMD_ROOT_H
#define SIF_CMD_ROOT_H

#include "image/squash/squash.h"

struct root {
	int fd;
	char *image; /* the file's name */
	char *path;  /* inside, as typed; "/" when there was none */
	struct source *src;
	struct squash *fs;
};
#define ROOT_INIT { .fd = -1 }

/* word: "img.sif", "img.sif:/path", or a bare SquashFS likewise. A ':' in a
 * file's name is no trouble: the shortest part before a ':' that names a file,
 * or the whole word if that does, is the image. */
int root_open(const char *word, struct root *ret, struct err *e) MUST_CHECK;
void root_close(struct root *r);
#define OWN_ROOT OWN(root_close)

/* The inode that r->path names; a missing one is an error. */
int root_find(const struct root *r, bool follow, struct squash_inode *ret, struct err *e) MUST_CHECK;

#endif
