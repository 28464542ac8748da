/* Write down which blocks of which files are read, in the order of their first
 * read: what `sif optimize` learns from a run (image/squash/hot.h). */
#ifndef SIF_RUNTIME_SERVE_RECORD_H
#define SIF_RUNTIME_SERVE_RECORD_H

#include "image/squash/squash.h"

struct record;

/* fd is borrowed: a struct squash_touch for each block is written to it as the
 * read comes. NULL when there is no memory. */
struct record *record_new(int fd, uint32_t block_size);
/* Bytes [off, off + len) of a file are read. Any thread; never fails: a list
 * that ends early is still a list. */
void record_read(struct record *r, const struct squash_inode *file, uint64_t off, uint64_t len);
void record_free(struct record *r); /* NULL is fine */

#endif
