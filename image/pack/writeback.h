/* Written pages on their way to the disk while the packer goes on, so that the
 * fsync at the end finds little to do. A thread of its own asks for it: the
 * request waits when the disk's queue is full, for longer than the compressors
 * have work ahead. Only a hint; errors come up at the fsync. */
#ifndef SIF_IMAGE_PACK_WRITEBACK_H
#define SIF_IMAGE_PACK_WRITEBACK_H

#include <stdint.h>

struct writeback;

/* fd: borrowed. NULL when no thread can be had; the others take that. */
struct writeback *writeback_new(int fd);
/* Stops the thread; what it was asked for and did not begin is dropped. */
void writeback_free(struct writeback *w);
/* The bytes from `from` to `to` are written. Never waits. */
void writeback_range(struct writeback *w, uint64_t from, uint64_t to);

#endif
