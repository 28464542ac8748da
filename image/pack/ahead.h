/* A tar stream as its reader wants it. Where it is compressed, a thread reads the
 * source, undoes the compression (whatever libarchive knows without running a
 * program) and keeps a few chunks ready, so that inflating, which cannot be
 * split, runs beside parsing and compressing. Look-ahead is bounded. */
#ifndef SIF_IMAGE_PACK_AHEAD_H
#define SIF_IMAGE_PACK_AHEAD_H

#include "base/err.h"
#include "base/own.h"

#include <stddef.h>
#include <stdint.h>

struct ahead;

/* fd: borrowed; a file or a pipe. name is for messages, borrowed. */
int ahead_open(int fd, const char *name, struct ahead **ret, struct err *e) MUST_CHECK;
/* Stops the thread, also one that waits for a pipe. NULL is fine. */
void ahead_free(struct ahead *a);
/* 1 = *data has *len bytes, valid until the next call; 0 = the source ended and
 * was whole; -1 = it could not be read or unpacked. */
int ahead_next(struct ahead *a, const void **data, size_t *len, struct err *e) MUST_CHECK;
/* Bytes taken from the source so far. */
uint64_t ahead_read(const struct ahead *a);

#endif
