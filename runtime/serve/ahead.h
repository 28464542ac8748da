/* Have the blocks of an image's hot list (image/squash/hot.h) read and unpacked
 * before they are asked for, by threads that get the CPU only when nobody else
 * wants it. */
#ifndef SIF_RUNTIME_SERVE_AHEAD_H
#define SIF_RUNTIME_SERVE_AHEAD_H

#include "runtime/serve/serve.h"

struct ahead_list {
	int fd;		       /* of the image, borrowed */
	uint64_t base;	       /* of the SquashFS in it, bytes */
	uint64_t offset, size; /* of the list in it, bytes */
};

/* Threads that work ahead where so many CPUs may be used: none on one CPU,
 * which the program needs itself. */
unsigned ahead_threads(unsigned cpus);

/* Start, and return at once. fs and what cfg points to must stay until the
 * process ends. A list that is damaged is a line in the log. */
void ahead_start(struct squash *fs, const struct ahead_list *list, const struct serve_config *cfg);

#endif
