/* The engine squashfuse: squashfuse_ll answers the kernel, as a child of the
 * process that keeps the shared mount's life (runtime/serve/life.h). */
#ifndef SIF_RUNTIME_SERVE_SQUASHFUSE_H
#define SIF_RUNTIME_SERVE_SQUASHFUSE_H

#include "base/err.h"
#include "base/own.h"

#include <stdint.h>
#include <sys/types.h>

struct squashfuse {
	const char *path; /* of the program */
	int image_fd, device_fd; /* borrowed; the caller closes its device afterwards */
	int log_fd;	  /* gets what it says, borrowed */
	uint64_t offset;  /* of the SquashFS in the image, bytes */
};

/* Start it, single-threaded. It has no other descriptor of this process, and
 * ends when the last mount is gone, whether or not this process still lives.
 * Returns its process id; -1. */
pid_t squashfuse_start(const struct squashfuse *s, struct err *e);
/* Until it ends: 0 = the mount is gone; -1 = it failed. */
int squashfuse_wait(pid_t pid, struct err *e) MUST_CHECK;
/* Its resident memory, bytes; 0 = not known. */
uint64_t squashfuse_memory(pid_t pid);

#endif
