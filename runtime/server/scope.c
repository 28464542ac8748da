#include "runtime/server/scope.h"

#include "base/err.h"
#include "base/fd.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define CGROUP_MAX (64 * 1024)

/* Is [p, p + n) "WORD" followed by something that is no part of a number's
 * name: "job_12", "step_0", "step_batch", "step_extern"? */
static int component_is(const char *p, size_t n, const char *prefix)
{
	size_t len = strlen(prefix);

	return n > len && !strncmp(p, prefix, len);
}

/* Length of the path up to and with ".../job_N/step_M"; 0 = no job step. */
static size_t step_path(const char *path, size_t len)
{
	int in_job = 0;

	for (size_t at = 0; at < len;) {
		size_t n = strcspn(path + at, "/\n");

		if (at + n > len)
			n = len - at;
		if (in_job && component_is(path + at, n, "step_"))
			return at + n;
		in_job = component_is(path + at, n, "job_") && isdigit((unsigned char)path[at + 4]);
		at += n + 1;
	}
	return 0;
}

static int is_unit(const char *p, size_t n)
{
	static const char service[] = ".service";

	return n > strlen(service) && !strncmp(p + n - strlen(service), service, strlen(service));
}

/* Length of the path up to and with the innermost service of the system, which
 * systemd ends with all its processes. 0 = none. A login is no such scope: two
 * terminals share, and logging out of one ends no process of the other unless the
 * site sets KillUserProcesses. */
static size_t unit_path(const char *path, size_t len)
{
	static const char system_slice[] = "/system.slice/";
	size_t found = 0;

	if (len < strlen(system_slice) || strncmp(path, system_slice, strlen(system_slice)) != 0)
		return 0;
	for (size_t at = 0, n; at < len; at += n + 1) {
		n = strcspn(path + at, "/\n");
		if (at + n <= len && is_unit(path + at, n))
			found = at + n;
	}
	return found;
}

/* A path of any hierarchy that shows it: with version 1 some controllers follow
 * the step and others stay at the root. */
static int from_cgroup(const char *cgroup, size_t (*find)(const char *path, size_t len), const char *kind,
		       struct scope *ret)
{
	for (const char *line = cgroup; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		size_t len = strcspn(line, "\n");
		const char *path = memchr(line, ':', len);
		size_t n;

		path = path ? memchr(path + 1, ':', len - (size_t)(path + 1 - line)) : NULL;
		if (!path)
			continue;
		path++;
		n = find(path, len - (size_t)(path - line));
		if (!n || n > sizeof(ret->text) - 8)
			continue;
		snprintf(ret->text, sizeof(ret->text), "%s:%.*s", kind, (int)n, path);
		return 1;
	}
	return 0;
}

/* Batch systems whose cgroups do not name the step, by what their jobs see.
 * part: what tells steps of one job apart, or NULL. */
static const struct {
	const char *system, *job, *part;
} systems[] = {
	{ "slurm", "SLURM_JOB_ID", "SLURM_STEP_ID" },
	{ "flux", "FLUX_JOB_ID", NULL },
	{ "pbs", "PBS_JOBID", NULL },
	{ "lsf", "LSB_JOBID", "LSB_JOBINDEX" },
	{ "condor", "_CONDOR_SCRATCH_DIR", NULL },
	{ "oar", "OAR_JOB_ID", NULL },
	{ "cobalt", "COBALT_JOBID", NULL },
	{ "gridengine", "SGE_O_HOST", "JOB_ID" },
};

static int from_environment(const char *(*env)(const char *name), struct scope *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(systems); i++) {
		const char *job = env(systems[i].job), *part = systems[i].part ? env(systems[i].part) : NULL;

		if (!job || !*job)
			continue;
		if (snprintf(ret->text, sizeof(ret->text), "%s:%s:%s", systems[i].system, job, part ? part : "batch") >=
		    (int)sizeof(ret->text))
			continue;
		return 1;
	}
	return 0;
}

void scope_find(const char *cgroup, const char *(*env)(const char *name), struct scope *ret)
{
	*ret = (struct scope){ 0 };
	if (from_cgroup(cgroup, step_path, "step", ret))
		ret->job = ret->ends = 1;
	else if (from_environment(env, ret))
		ret->job = 1;
	else if (!from_cgroup(cgroup, unit_path, "unit", ret))
		snprintf(ret->text, sizeof(ret->text), "user");
}

static const char *env_here(const char *name)
{
	return getenv(name);
}

void scope_here(struct scope *ret)
{
	OWN_FREE char *text = NULL;
	struct err e;

	if (fd_read_file("/proc/self/cgroup", CGROUP_MAX, &text, NULL, &e))
		scope_find("", env_here, ret);
	else
		scope_find(text, env_here, ret);
}
