/* On which CPU a launch and its image server run until the program starts. */
#ifndef SIF_RUNTIME_PLACEMENT_H
#define SIF_RUNTIME_PLACEMENT_H

#include "base/cpus.h"

struct placement {
	struct cpus before; /* the caller's */
	bool held;	    /* something to restore */
};

/* Keep this process, and what it starts, on the CPU it runs on. Remembers the
 * mask there was; where that cannot be done nothing changes.
 * Source: sched_setaffinity(2), getcpu(2). */
void placement_hold(struct placement *p);
/* The mask as it was before placement_hold. Does nothing the second time. */
void placement_release(struct placement *p);

#endif
