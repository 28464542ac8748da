/* Where an image's bytes come from. The reader above knows only this: a range
 * of bytes that is read at an offset. First implementation: a range of a file
 * descriptor (source_range_*); others retry (retry.h), check, decrypt or fetch.
 *
 * Thread-safe: any number of threads may read one source. */
#ifndef SIF_IMAGE_SOURCE_H
#define SIF_IMAGE_SOURCE_H

#include "base/err.h"
#include "base/own.h"

#include <stddef.h>
#include <stdint.h>

struct source;

struct source_ops {
	/* Exactly len bytes at off (the caller has checked the bounds). */
	int (*read)(struct source *s, void *buf, size_t len, uint64_t off, struct err *e);
	/* The bytes [off, off+len) are wanted soon. May be NULL. */
	void (*advise)(struct source *s, uint64_t off, uint64_t len);
	void (*free)(struct source *s);
};

struct source {
	const struct source_ops *ops;
	uint64_t size; /* bytes; constant */
};

/* The one door: reads outside [0, size) are ERR_FORMAT. */
int source_read(struct source *s, void *buf, size_t len, uint64_t off, struct err *e) MUST_CHECK;
void source_advise(struct source *s, uint64_t off, uint64_t len);
/* NULL is fine. */
void source_free(struct source *s);

/* The size bytes at offset of fd. fd is borrowed and must outlive the source;
 * name is copied, for messages. ERR_FORMAT when the file is shorter. A read of a
 * file that became shorter is ERR_SYSTEM without .sys: the storage's doing, not
 * damage of the bytes it had. */
int source_range_new(int fd, uint64_t offset, uint64_t size, const char *name, struct source **ret,
		     struct err *e) MUST_CHECK;

#endif
