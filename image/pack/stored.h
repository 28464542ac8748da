/* A file system made of blocks that are packed already: instead of
 * mkfs_file_begin and its like, before mkfs_finish. */
#ifndef SIF_IMAGE_PACK_STORED_H
#define SIF_IMAGE_PACK_STORED_H

#include "image/pack/mkfs.h"

#include <stddef.h>
#include <stdint.h>

/* Append stored bytes as they are. *ret: their place. */
int stored_write(struct mkfs *m, const void *data, size_t len, uint64_t *ret, struct err *e) MUST_CHECK;
/* Pack n bytes (at most a block) and append them. *ret_word: their size word.
 * plain: store them as they are. */
int stored_pack(struct mkfs *m, const void *data, size_t n, bool plain, uint64_t *ret_pos, uint32_t *ret_word,
		struct err *e) MUST_CHECK;
/* A new fragment block's index; its place is said later. */
int stored_fragment_new(struct mkfs *m, uint32_t *ret, struct err *e) MUST_CHECK;
int stored_fragment_set(struct mkfs *m, uint32_t index, uint64_t pos, uint32_t word, struct err *e) MUST_CHECK;

/* What the inode of a regular file says; the words are copied. */
struct stored_file {
	uint64_t start, size, sparse;
	uint64_t n; /* of its own blocks */
	uint32_t fragment, fragment_offset; /* fragment STORED_NO_FRAGMENT = no tail */
};
#define STORED_NO_FRAGMENT 0xffffffffu
int stored_file_set(struct tree_inode *i, const struct stored_file *f, const uint32_t *words, struct err *e) MUST_CHECK;

#endif
