/* Have the bytes of a hot list in the host's page cache before somebody waits for
 * them: several large reads at once, in the order of the list. On storage with a
 * long way the time to the first byte is what a start consists of; a kernel asked
 * by posix_fadvise drops the wish while other requests are on their way. */
#ifndef SIF_RUNTIME_SERVE_FETCH_H
#define SIF_RUNTIME_SERVE_FETCH_H

#include "image/squash/hot.h"

#include <stdint.h>

#define FETCH_LOG 20 /* bytes of one read: 1 MiB */
#define FETCH_BITS 65536u

struct fetch {
	int fd;			     /* of the image, borrowed */
	uint64_t base;		     /* of the SquashFS in it */
	const struct squash_hot *hot; /* borrowed */
	_Atomic uint32_t next;	     /* entry to look at */
	_Atomic uint64_t done[FETCH_BITS / 64]; /* pieces; a large image's share bits */
};

/* Any number of threads call it at once and share the work. Returns at the end of
 * the list, on any error, or when the bytes are there so fast that nobody would
 * wait for them. */
void fetch_run(struct fetch *f);

#endif
