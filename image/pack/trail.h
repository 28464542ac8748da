/* Hashes a partition while it is written: a thread follows the writer and keeps
 * the digest of every block of 4096 bytes, for the hash tree (image/verity).
 *
 * The writer may go back and write other bytes (duplicates of files are known
 * only when they are written); the first block, which holds the superblock, is
 * hashed again at the end. Memory: 32 bytes for each 4096. */
#ifndef SIF_IMAGE_PACK_TRAIL_H
#define SIF_IMAGE_PACK_TRAIL_H

#include "base/err.h"
#include "base/own.h"

#include <stdint.h>

struct trail;

/* fd: borrowed; base: absolute offset of the partition. */
int trail_new(int fd, uint64_t base, struct trail **ret, struct err *e) MUST_CHECK;
void trail_free(struct trail *t); /* NULL is fine */
/* The partition's bytes before size are there. Called by the writer. */
void trail_grow(struct trail *t, uint64_t size);
/* Bytes from here on are going to be others. */
void trail_cut(struct trail *t, uint64_t from);
/* Wait until size bytes are hashed. The digests, one after the other, belong to
 * the trail. Called once. */
int trail_finish(struct trail *t, uint64_t size, const uint8_t **ret, struct err *e) MUST_CHECK;

#endif
