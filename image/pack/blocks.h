/* Where compressed data blocks go: one behind the other into the partition, a
 * file whose stored bytes are there already not twice. Called by libsquashfs in
 * stream order, by one thread. */
#ifndef SIF_IMAGE_PACK_BLOCKS_H
#define SIF_IMAGE_PACK_BLOCKS_H

#include "image/pack/range_file.h"

#include <sqfs/block_writer.h>
#include <stdint.h>

struct blocks;

/* file is borrowed. */
struct blocks *blocks_new(struct range_file *file);
void blocks_free(struct blocks *b);
/* The same object as libsquashfs wants it; borrowed. */
sqfs_block_writer_t *blocks_writer(struct blocks *b);
/* A running checksum over all blocks that came by: the same for the same input,
 * whatever the number of threads. Not cryptographic. */
uint64_t blocks_checksum(const struct blocks *b);
/* Bytes of files that were there already. */
uint64_t blocks_duplicate_bytes(const struct blocks *b);

#endif
