/* Where the server's threads run.
 *
 * Who starts a server may be a rank that is bound to one core, where it wants to
 * compute and not to unpack other ranks' blocks. So the server takes the CPUs of
 * its cpuset that its first comer is not bound to. A comer that may run anywhere
 * leaves none of them, and an empty rest means all. */
#include "runtime/serve/serve.h"

#include "base/cpus.h"
#include "base/log.h"
#include "base/num.h"

#include <dirent.h>
#include <string.h>

/* All that the cpuset allows: ask for every CPU, the kernel gives those. */
static int whole_cpuset(struct cpus *ret)
{
	struct cpus all;

	memset(&all, 0xff, sizeof(all));
	return cpus_set(0, &all) || cpus_get(0, ret) ? -1 : 0;
}

static struct cpus choose(const char *wanted, const char *comer, const struct cpus *cpuset)
{
	bool listed = wanted && *wanted && strcmp(wanted, "auto") != 0;
	struct cpus set = {}, result = {};
	struct err e;

	if (listed && cpus_parse(wanted, &set, &e) == 0)
		result = cpus_and(cpuset, &set);
	else if (!listed && comer && *comer && cpus_parse(comer, &set, &e) == 0)
		result = cpus_without(cpuset, &set);
	if (!cpus_empty(&result))
		return result;
	if (listed)
		log_warn("none of the CPUs '%s' (mount cpus) may be used here", wanted);
	return *cpuset;
}

int serve_cpus_thread(const char *wanted, const char *comer, struct cpus *ret)
{
	struct cpus cpuset;

	if (whole_cpuset(&cpuset))
		return -1;
	*ret = choose(wanted, comer, &cpuset);
	return cpus_set(0, ret);
}

void serve_cpus(const char *wanted, const char *comer)
{
	struct cpus chosen;
	struct dirent *entry;
	DIR *tasks;

	if (serve_cpus_thread(wanted, comer, &chosen))
		return;
	tasks = opendir("/proc/self/task");
	while (tasks && (entry = readdir(tasks))) {
		struct err ignored;
		uint32_t tid;

		if (num_u32(entry->d_name, &tid, &ignored) == 0) /* "." and ".." are none */
			cpus_set((int)tid, &chosen);
	}
	if (tasks)
		closedir(tasks);
}
