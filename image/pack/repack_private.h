/* What repack.c (the SIF), repack_tree.c (names) and repack_data.c (contents)
 * share. */
#ifndef SIF_IMAGE_PACK_REPACK_PRIVATE_H
#define SIF_IMAGE_PACK_REPACK_PRIVATE_H

#include "image/pack/repack.h"
#include "image/pack/stored.h"
#include "image/squash/squash.h"

#define REPACK_UNTOUCHED UINT64_MAX

struct repack_file {
	struct squash_inode inode;
	struct tree_inode *node;
	uint64_t first;	   /* number of its first touch */
	uint64_t *place;   /* of each block in the new image, when touched; owned */
	uint32_t *words;   /* the same; owned */
	uint32_t fragment; /* new, STORED_NO_FRAGMENT = none */
};

struct repack {
	const struct repack_options *opt;
	struct repack_stats *stats;
	struct squash *fs;
	struct mkfs *mkfs;
	struct tree tree;
	struct repack_file *files; /* regular files, each once, by their place in the inode table */
	size_t n, cap;
	struct squash_hot hot; /* filled by repack_data */
};

/* The names and inodes of the image, all but the contents. */
int repack_tree(struct repack *r, struct err *e) MUST_CHECK;
/* The file of an inode, NULL when there is none. */
struct repack_file *repack_find(struct repack *r, uint64_t ref);
/* The contents, in order; and the hot list. */
int repack_data(struct repack *r, struct err *e) MUST_CHECK;

#endif
