#include "base/cpus.h"

#include "base/cgroup.h"
#include "base/mem.h"
#include "base/num.h"

#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

bool cpus_empty(const struct cpus *c)
{
	return cpus_count(c) == 0;
}

unsigned cpus_count(const struct cpus *c)
{
	unsigned n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(c->bits); i++)
		n += (unsigned)__builtin_popcountl(c->bits[i]);
	return n;
}

void cpus_add(struct cpus *c, unsigned cpu)
{
	if (cpu < CPUS_MAX)
		c->bits[cpu / CPUS_WORD] |= 1ul << (cpu % CPUS_WORD);
}

static bool has(const struct cpus *c, unsigned cpu)
{
	return cpu < CPUS_MAX && c->bits[cpu / CPUS_WORD] >> (cpu % CPUS_WORD) & 1;
}

struct cpus cpus_and(const struct cpus *a, const struct cpus *b)
{
	struct cpus r;

	for (size_t i = 0; i < ARRAY_SIZE(r.bits); i++)
		r.bits[i] = a->bits[i] & b->bits[i];
	return r;
}

struct cpus cpus_without(const struct cpus *a, const struct cpus *b)
{
	struct cpus r;

	for (size_t i = 0; i < ARRAY_SIZE(r.bits); i++)
		r.bits[i] = a->bits[i] & ~b->bits[i];
	return r;
}

int cpus_parse(const char *list, struct cpus *ret, struct err *e)
{
	OWN_STRV struct strv parts = {};

	*ret = (struct cpus){};
	strv_split(&parts, list, ",");
	for (size_t i = 0; i < parts.n; i++) {
		char *dash = strchr(parts.v[i], '-');
		uint32_t first, last;

		if (dash)
			*dash = '\0';
		if (num_u32(parts.v[i], &first, e) || num_u32(dash ? dash + 1 : parts.v[i], &last, e))
			return err_ctx(e, "the list of CPUs '%s'", list);
		if (first > last || last >= CPUS_MAX)
			return err_set(e, ERR_USAGE, "the list of CPUs '%s' has no range %u-%u", list, first, last);
		while (first <= last)
			cpus_add(ret, first++);
	}
	return parts.n ? 0 : err_set(e, ERR_USAGE, "the list of CPUs '%s' is empty", list);
}

void cpus_format(const struct cpus *c, struct str *out)
{
	const char *comma = "";

	for (unsigned i = 0; i < CPUS_MAX; i++) {
		unsigned last = i;

		if (!has(c, i))
			continue;
		while (has(c, last + 1))
			last++;
		str_addf(out, last > i ? "%s%u-%u" : "%s%u", comma, i, last);
		comma = ",";
		i = last;
	}
}

/* By system call: the size of libc's type is that of 1024 CPUs. */
int cpus_get(int tid, struct cpus *ret)
{
	*ret = (struct cpus){};
	return syscall(SYS_sched_getaffinity, tid, sizeof(ret->bits), ret->bits) < 0 ? -1 : 0;
}

int cpus_set(int tid, const struct cpus *c)
{
	return syscall(SYS_sched_setaffinity, tid, sizeof(c->bits), c->bits) < 0 ? -1 : 0;
}

static unsigned affinity(void)
{
	struct cpus c;

	return cpus_get(0, &c) || cpus_empty(&c) ? 1 : cpus_count(&c);
}

unsigned cpus_quota(const char *text)
{
	unsigned long long quota, period;

	if (sscanf(text, "%llu %llu", &quota, &period) != 2 || !period || !quota)
		return 0; /* "max 100000", "-1 100000" */
	quota = (quota + period - 1) / period;
	return quota < 1u << 16 ? (unsigned)quota : 0;
}

static void tighter(void *ctx, const char *directory, bool v2)
{
	OWN_FREE char *quota = cgroup_read(directory, v2 ? "cpu.max" : "cpu.cfs_quota_us");
	OWN_FREE char *period = v2 ? xstrdup("") : cgroup_read(directory, "cpu.cfs_period_us");
	OWN_FREE char *text = quota && period ? xasprintf("%s %s", quota, period) : NULL;
	unsigned *best = ctx, n = text ? cpus_quota(text) : 0;

	if (n && (!*best || n < *best))
		*best = n;
}

static unsigned cgroup_quota(void)
{
	unsigned best = 0;

	cgroup_each("cpu", tighter, &best);
	return best;
}

unsigned cpus_available(void)
{
	unsigned n = affinity(), limit = cgroup_quota();

	return limit && limit < n ? limit : n;
}
