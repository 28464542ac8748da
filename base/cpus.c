#include "base/cpus.h"

#include "base/fd.h"
#include "base/mem.h"
#include "base/str.h"

#include <errno.h>
#include <sched.h>
#include <stddef.h>
#include <string.h>

static unsigned affinity(void)
{
	/* The kernel refuses a set smaller than its own: grow until it fits. */
	for (int n = 1024; n <= 1 << 20; n *= 2) {
		cpu_set_t *set = CPU_ALLOC((size_t)n);
		size_t len = CPU_ALLOC_SIZE((size_t)n);
		int count = 0, r;

		if (!set)
			return 1;
		r = sched_getaffinity(0, len, set);
		if (r == 0)
			count = CPU_COUNT_S(len, set);
		CPU_FREE(set);
		if (r == 0 && count > 0)
			return (unsigned)count;
		if (r && errno != EINVAL)
			return 1;
	}
	return 1;
}

unsigned cpus_quota(const char *text)
{
	unsigned long long quota, period;

	if (sscanf(text, "%llu %llu", &quota, &period) != 2 || !period || !quota)
		return 0; /* "max 100000", "-1 100000" */
	quota = (quota + period - 1) / period;
	return quota < 1u << 16 ? (unsigned)quota : 0;
}

static char *read_small(const char *dir, const char *name)
{
	OWN_FREE char *path = xasprintf("%s/%s", dir, name);
	char *text = NULL;
	struct err e;

	return fd_read_file(path, 4096, &text, NULL, &e) ? NULL : text;
}

/* The tightest quota from the cgroup at mount/path up to the mount, 0 = none. */
static unsigned tightest(const char *mount, const char *path, bool v2)
{
	OWN_FREE char *dir = xasprintf("%s%s", mount, path);
	unsigned best = 0;

	for (;;) {
		OWN_FREE char *quota = read_small(dir, v2 ? "cpu.max" : "cpu.cfs_quota_us");
		OWN_FREE char *period = v2 ? xstrdup("") : read_small(dir, "cpu.cfs_period_us");
		OWN_FREE char *text = quota && period ? xasprintf("%s %s", quota, period) : NULL;
		unsigned n = text ? cpus_quota(text) : 0;
		char *slash;

		if (n && (!best || n < best))
			best = n;
		slash = strrchr(dir, '/');
		if (strlen(dir) <= strlen(mount) || !slash)
			return best;
		*slash = '\0';
	}
}

static unsigned cgroup_quota(void)
{
	OWN_FREE char *text = NULL;
	OWN_STRV struct strv lines = {};
	unsigned best = 0;
	struct err e;

	if (fd_read_file("/proc/self/cgroup", 1 << 16, &text, NULL, &e))
		return 0;
	strv_split(&lines, text, "\n");
	for (size_t i = 0; i < lines.n; i++) {
		char *names = strchr(lines.v[i], ':'), *path = names ? strchr(names + 1, ':') : NULL;
		unsigned n = 0;

		if (!path)
			continue;
		*path++ = '\0';
		names++;
		if (!*names) {
			n = tightest("/sys/fs/cgroup", path, true);
		} else {
			OWN_STRV struct strv controllers = {};

			strv_split(&controllers, names, ",");
			if (strv_has(&controllers, "cpu"))
				n = tightest("/sys/fs/cgroup/cpu", path, false);
		}
		if (n && (!best || n < best))
			best = n;
	}
	return best;
}

unsigned cpus_available(void)
{
	unsigned n = affinity(), limit = cgroup_quota();

	return limit && limit < n ? limit : n;
}
