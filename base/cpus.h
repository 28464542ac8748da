/* How many threads are worth starting. */
#ifndef SIF_BASE_CPUS_H
#define SIF_BASE_CPUS_H

/* CPUs that this process may use, not those that the machine has: its affinity,
 * which is what a batch job gives it, cut to the CPU quota of its cgroup and
 * the cgroups above (v2 cpu.max, v1 cpu.cfs_quota_us), rounded up. At least 1. */
unsigned cpus_available(void);

/* A quota in CPUs, rounded up; 0 = none. text: "QUOTA PERIOD", as cpu.max has
 * it; "max" or a negative quota is none. */
unsigned cpus_quota(const char *text);

#endif
