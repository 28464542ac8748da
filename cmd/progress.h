/* A line on the terminal that says how far something is, from a thread of its own. */
#ifndef SIF_CMD_PROGRESS_H
#define SIF_CMD_PROGRESS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct progress {
	_Atomic uint64_t done; /* bytes; counted up by others */
	uint64_t total;
	atomic_bool stop;
	bool running;
	pthread_t thread;
};

/* p->total is set. Nothing is shown where standard error is no terminal, or when
 * quiet, or for what takes no time. */
void progress_start(struct progress *p, bool quiet);
/* Take the line away again. */
void progress_stop(struct progress *p);

#endif
