/* Make a SquashFS 4.0 file system at an offset of a descriptor, in one pass:
 * contents go through libsquashfs's block processor (many threads compress, one
 * writes) as they come; inodes and directories follow from the tree at the end.
 *
 * One thread calls; contents of one file at a time. After a failure only
 * mkfs_free may be called. */
#ifndef SIF_IMAGE_PACK_MKFS_H
#define SIF_IMAGE_PACK_MKFS_H

#include "image/pack/compress.h"
#include "image/pack/trail.h"
#include "image/pack/tree.h"

#include <stdint.h>

/* Blocks in flight for each thread; the memory that packing takes is this, the
 * tree and a constant. */
#define MKFS_BACKLOG 4
#define MKFS_BACKLOG_BYTES (4u << 20) /* or these, when they are more */
/* Blocks of one file, sparse ones too: 2 TiB at the default size. Bounds what a
 * header that lies about its size can make us allocate. */
#define MKFS_FILE_BLOCKS (16u << 20)

struct mkfs;

struct mkfs_options {
	struct compress compress;
	uint32_t block_size;
	unsigned jobs; /* threads that compress, at least 1 */
	struct trail *trail; /* told what was written; borrowed, may be NULL */
};

struct mkfs_result {
	uint64_t size;	   /* bytes in the partition, a multiple of 4096 */
	uint64_t used;	   /* of them, as the superblock says */
	uint64_t tables;   /* where contents end and tables begin */
	uint64_t checksum; /* over all contents */
};

/* fd: borrowed, O_RDWR; the file system's first byte is at offset. */
int mkfs_new(int fd, uint64_t offset, const struct mkfs_options *opt, struct mkfs **ret, struct err *e) MUST_CHECK;
void mkfs_free(struct mkfs *m); /* NULL is fine; the tree may be freed only afterwards */

/* The contents of a regular file of exactly size bytes. Fills inode->file, which
 * must stay in place until mkfs_finish. */
int mkfs_file_begin(struct mkfs *m, struct tree_inode *inode, uint64_t size, struct err *e) MUST_CHECK;
int mkfs_file_data(struct mkfs *m, const void *data, size_t len, struct err *e) MUST_CHECK;
int mkfs_file_hole(struct mkfs *m, uint64_t len, struct err *e) MUST_CHECK;
int mkfs_file_end(struct mkfs *m, struct err *e) MUST_CHECK;

/* One set of extended attributes; the index of equal sets is the same. */
int mkfs_xattr_begin(struct mkfs *m, struct err *e) MUST_CHECK;
int mkfs_xattr_add(struct mkfs *m, const char *name, const void *value, size_t len, struct err *e) MUST_CHECK;
int mkfs_xattr_end(struct mkfs *m, uint32_t *ret, struct err *e) MUST_CHECK;

/* Bytes of the file system so far. */
uint64_t mkfs_size(const struct mkfs *m);
/* Finish the tree (tree_finish) and write everything that is not contents. */
int mkfs_finish(struct mkfs *m, struct tree *t, uint32_t time, struct mkfs_result *ret, struct err *e) MUST_CHECK;

#endif
