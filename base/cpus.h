/* CPUs of this process: how many threads are worth starting, and where. */
#ifndef SIF_BASE_CPUS_H
#define SIF_BASE_CPUS_H

#include "base/err.h"
#include "base/own.h"
#include "base/str.h"

#include <stdbool.h>

/* CPUs that this process may use, not those that the machine has: its affinity,
 * which is what a batch job gives it, cut to the CPU quota of its cgroup and
 * the cgroups above (v2 cpu.max, v1 cpu.cfs_quota_us), rounded up. At least 1. */
unsigned cpus_available(void);

/* A quota in CPUs, rounded up; 0 = none. text: "QUOTA PERIOD", as cpu.max has
 * it; "max" or a negative quota is none. */
unsigned cpus_quota(const char *text);

/* A set of CPUs. The kernel has at most 8192. */
#define CPUS_MAX 8192
#define CPUS_WORD (8 * sizeof(unsigned long))
struct cpus {
	unsigned long bits[CPUS_MAX / CPUS_WORD];
};

bool cpus_empty(const struct cpus *c);
unsigned cpus_count(const struct cpus *c);
void cpus_add(struct cpus *c, unsigned cpu);
struct cpus cpus_and(const struct cpus *a, const struct cpus *b);
struct cpus cpus_without(const struct cpus *a, const struct cpus *b);

/* A list as the kernel writes them: "0-3,8,10-11". ERR_USAGE. */
int cpus_parse(const char *list, struct cpus *ret, struct err *e) MUST_CHECK;
void cpus_format(const struct cpus *c, struct str *out);

/* Those that the thread may run on (0 = the calling one); 0 or -1 with errno.
 * Source: sched_setaffinity(2): the kernel cuts a set to the thread's cpuset, an
 * empty rest is EINVAL. */
int cpus_get(int tid, struct cpus *ret);
int cpus_set(int tid, const struct cpus *c);

#endif
