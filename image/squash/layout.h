/* Where the bytes of an image stand, as they are stored: for programs that write
 * an image anew without unpacking it. */
#ifndef SIF_IMAGE_SQUASH_LAYOUT_H
#define SIF_IMAGE_SQUASH_LAYOUT_H

#include "image/squash/squash.h"

#define SQUASH_STORED_PLAIN (1u << 24) /* in a size word: the block is not packed */

/* Bytes that a block takes in the image; 0 = a hole. */
static inline uint32_t squash_stored_bytes(uint32_t word)
{
	return word & ~SQUASH_STORED_PLAIN;
}

/* Blocks of a regular file that are its own: one behind the other from
 * file->start on. The rest, if any, is its tail in a fragment block. */
uint64_t squash_block_count(const struct squash *fs, const struct squash_inode *file);
/* Their size words, squash_block_count() of them. */
int squash_block_words(struct squash *fs, const struct squash_inode *file, uint32_t *words, struct err *e) MUST_CHECK;

/* Bytes of the tail, 0 = none. */
uint32_t squash_tail_bytes(const struct squash *fs, const struct squash_inode *file);
/* A fragment block. */
int squash_fragment_place(struct squash *fs, uint32_t index, uint64_t *ret_pos, uint32_t *ret_word,
			  struct err *e) MUST_CHECK;

/* The stored bytes themselves. */
int squash_stored_read(struct squash *fs, uint64_t pos, void *buf, size_t len, struct err *e) MUST_CHECK;

/* The level that the image says it was packed with, 0 = it does not say. */
unsigned squash_pack_level(struct squash *fs);

#endif
