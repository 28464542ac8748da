/* A range of a descriptor, seen by libsquashfs as a file of its own: offset 0 is
 * the partition's first byte. Keeps the errno that libsquashfs drops. */
#ifndef SIF_IMAGE_PACK_RANGE_FILE_H
#define SIF_IMAGE_PACK_RANGE_FILE_H

#include "base/err.h"
#include "image/pack/trail.h"
#include "image/pack/writeback.h"

#include <sqfs/io.h>
#include <stdint.h>

struct range_file {
	sqfs_file_t file; /* first: libsquashfs knows only this */
	int fd;		  /* borrowed */
	uint64_t base, size;
	uint64_t started; /* bytes whose way to the disk has begun */
	struct err err;	  /* of the first call that failed */
	struct trail *trail; /* told what was written; borrowed, may be NULL */
	struct writeback *writeback;
};

/* size: bytes that are there already. */
void range_file_init(struct range_file *f, int fd, uint64_t base, uint64_t size);
void range_file_clear(struct range_file *f);
/* All that is written so far begins its way to the disk. */
void range_file_start(struct range_file *f);

#endif
