/* How many threads are worth starting. */
#ifndef SIF_BASE_CPUS_H
#define SIF_BASE_CPUS_H

/* CPUs that this process may use (its affinity, which is what a batch job gives
 * it), not those that the machine has. At least 1. */
unsigned cpus_available(void);

#endif
