/* The bytes of the image that is served, over storage that may fail for a while. */
#ifndef SIF_RUNTIME_SERVE_STORAGE_H
#define SIF_RUNTIME_SERVE_STORAGE_H

#include "base/err.h"
#include "base/own.h"
#include "image/source/source.h"

#include <stdint.h>

/* The size bytes at offset of fd, retried (image/source/retry.h) and opened again
 * when they go stale; the log says when that begins and ends, and when the image
 * was cut or replaced. limit_ms: how long a read is tried, 0 = 60 s. fd and name
 * are borrowed, and kept in use until the process ends: there is no way to free
 * what workers may wait in. */
int storage_open(int fd, uint64_t offset, uint64_t size, const char *name, unsigned limit_ms,
		 struct source **ret, struct err *e) MUST_CHECK;

#endif
