/* The hot list: which data blocks of a SquashFS are wanted first, in which
 * order. `sif optimize` makes it of what a program touched and stores it as an
 * object of the image, linked to the partition; the image server has the blocks
 * unpacked ahead of the readers (runtime/serve/ahead.h).
 *
 * It is a hint and is never trusted: a list that lies costs idle CPU time, no
 * more than unpacking each byte of the image once, and changes no byte that is
 * read.
 *
 * On disk, little-endian: magic "sif-hot\n", u32 version, u32 n, u64 bytes used
 * by the SquashFS it belongs to, u64 start and u64 size of the range that holds
 * all blocks, then n times u64 position and u32 size word (as in a file's block
 * list). Positions are in the SquashFS. */
#ifndef SIF_IMAGE_SQUASH_HOT_H
#define SIF_IMAGE_SQUASH_HOT_H

#include "base/err.h"
#include "base/own.h"
#include "base/str.h"

#include <stdint.h>

/* The object: generic data of this name, in the partition's group. */
#define SQUASH_HOT_NAME "sif.hot"
#define SQUASH_HOT_MAX (1u << 20) /* blocks */
#define SQUASH_HOT_BYTES (40u + 12u * SQUASH_HOT_MAX)

struct squash;
struct squash_super;

struct squash_hot_block {
	uint64_t pos;
	uint32_t word;
};

struct squash_hot {
	uint64_t start, size; /* of the range */
	uint32_t n;
	struct squash_hot_block *blocks; /* owned */
};

/* 1 = a list, 0 = one of another version or of another file system: to be
 * ignored; -1 = damaged (ERR_FORMAT). Promised: the range lies inside the file
 * system, each block inside the range, none is empty or larger than a block, all
 * together are no larger than the range. */
int squash_hot_parse(const void *data, size_t len, const struct squash_super *super, struct squash_hot *ret,
		     struct err *e) MUST_CHECK;
/* The list as it is stored, appended to out. fs_bytes: bytes used by the SquashFS. */
void squash_hot_format(const struct squash_hot *hot, uint64_t fs_bytes, struct str *out);
void squash_hot_free(struct squash_hot *hot);
#define OWN_SQUASH_HOT OWN(squash_hot_free)

/* Unpack a block into the cache before it is asked for. The calling thread may
 * be starved of CPU time: readers wait for it a moment at most. */
enum squash_preload {
	SQUASH_PRELOAD_DONE, /* it is there, or was read already, or cannot be read */
	SQUASH_PRELOAD_FULL, /* the memory is full of blocks that nobody has read yet */
	SQUASH_PRELOAD_END,  /* a reader had to wait: preload no more */
};
enum squash_preload squash_preload(struct squash *fs, const struct squash_hot_block *b);

/* What a server writes down while it records, in the order of first touch: not
 * a format, both ends run on one machine. */
struct squash_touch {
	uint64_t ref;	/* of the file's inode */
	uint64_t block; /* of the file; the tail in a fragment comes behind the last one */
};

#endif
