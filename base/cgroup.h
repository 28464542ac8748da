/* What the cgroups of this process allow. */
#ifndef SIF_BASE_CGROUP_H
#define SIF_BASE_CGROUP_H

#include <stdbool.h>
#include <stdint.h>

/* Called for a directory of a cgroup. */
typedef void (*cgroup_fn)(void *ctx, const char *directory, bool v2);

/* Call fn for the cgroup of this process and each one above it up to the mount
 * below /sys/fs/cgroup: in the v2 tree, and in the v1 hierarchy of controller
 * ("cpu", "memory"). A directory may be missing: in a container the path in
 * /proc/self/cgroup is often the host's.
 * Source: cgroups(7). */
void cgroup_each(const char *controller, cgroup_fn fn, void *ctx);

/* A small file of such a directory, malloc'ed; NULL = it cannot be read. */
char *cgroup_read(const char *directory, const char *name);

/* The tightest limit on memory in bytes (v2 memory.max, v1
 * memory.limit_in_bytes), UINT64_MAX = none. */
uint64_t cgroup_memory(void);

#endif
