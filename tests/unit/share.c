/* Which launches share a server: the scope of a process, and keys. */
#include "runtime/server/key.h"
#include "runtime/server/scope.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const char *const *vars; /* NAME, VALUE, ..., NULL */

static const char *env(const char *name)
{
	for (size_t i = 0; vars && vars[i]; i += 2)
		if (!strcmp(vars[i], name))
			return vars[i + 1];
	return NULL;
}

static void cgroups_name_the_step(void **state)
{
	static const struct {
		const char *cgroup, *scope;
		int ends;
	} cases[] = {
		{ "", "user", 0 },
		/* what systemd ends: a login, the innermost service */
		{ "0::/user.slice/user-1000.slice/session-3.scope\n",
		  "user", 0 },
		{ "0::/user.slice/user-1000.slice/user@1000.service/app.slice/ci.service/worker\n",
		  "user", 0 },
		{ "0::/user.slice/user-1000.slice/user@1000.service/app.slice/vte-spawn-1.scope\n",
		  "user", 0 },
		{ "1:name=systemd:/system.slice/sshd.service\n0::/\n", "unit:/system.slice/sshd.service", 0 },
		{ "0::/docker-1234.scope\n", "user", 0 },
		{ "0::/.service/session-\n", "user", 0 },
		{ "0::/system.slice/slurmstepd.scope/job_12/step_0/user/task_3\n",
		  "step:/system.slice/slurmstepd.scope/job_12/step_0", 1 },
		{ "0::/system.slice/slurmstepd.scope/job_12/step_batch/user/task_0\n",
		  "step:/system.slice/slurmstepd.scope/job_12/step_batch", 1 },
		{ "0::/system.slice/slurmstepd.scope/job_12/step_extern\n",
		  "step:/system.slice/slurmstepd.scope/job_12/step_extern", 1 },
		/* version 1: the step shows in some hierarchies only */
		{ "9:name=systemd:/system.slice/slurmd.service\n8:pids:/\n5:cpuset:/slurm/uid_7/job_3/step_1/task_2\n0::/\n",
		  "step:/slurm/uid_7/job_3/step_1", 1 },
		{ "4:memory:/slurm_n1/uid_7/job_3/step_1/task_2\n", "step:/slurm_n1/uid_7/job_3/step_1", 1 },
		/* "job_" of something else, and a job without a step */
		{ "0::/job_control/step_1\n", "user", 0 },
		{ "0::/slurm/uid_7/job_3\n", "user", 0 },
		{ "0::/a/job_3/b/step_1\n", "user", 0 },
		/* no newline at the end, no colon at all */
		{ "0::/slurm/job_3/step_9", "step:/slurm/job_3/step_9", 1 },
		{ "nonsense\n::\n", "user", 0 },
	};

	(void)state;
	vars = NULL;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct scope s;

		scope_find(cases[i].cgroup, env, &s);
		assert_string_equal(s.text, cases[i].scope);
		assert_int_equal(s.ends, cases[i].ends);
		assert_int_equal(s.job, cases[i].ends);
	}
}

static void the_environment_names_the_job(void **state)
{
	static const char *const batch[] = { "SLURM_JOB_ID", "7", NULL };
	static const char *const step[] = { "SLURM_JOB_ID", "7", "SLURM_STEP_ID", "2", NULL };
	static const char *const pbs[] = { "PBS_JOBID", "9.server", NULL };
	static const char *const empty[] = { "SLURM_JOB_ID", "", NULL };
	static const struct {
		const char *const *vars;
		const char *scope;
	} cases[] = { { batch, "slurm:7:batch" }, { step, "slurm:7:2" }, { pbs, "pbs:9.server:batch" }, { empty, "user" } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct scope s;

		vars = cases[i].vars;
		scope_find("0::/\n", env, &s);
		assert_string_equal(s.text, cases[i].scope);
		assert_int_equal(s.ends, 0);
		assert_int_equal(s.job, strcmp(s.text, "user") != 0);
		/* what the kernel shows counts more than what a variable says */
		scope_find("0::/s/job_1/step_1\n", env, &s);
		assert_string_equal(s.text, "step:/s/job_1/step_1");
	}
}

static void every_fact_is_in_the_key(void **state)
{
	struct stat st = { .st_dev = 1, .st_ino = 2, .st_size = 3, .st_mtim = { 4, 5 } }, other[5];
	const struct stat user_ns = { .st_dev = 4, .st_ino = 31837 }, pid_ns = { .st_dev = 4, .st_ino = 31836 };
	const struct key_facts f = { 1000, 1000, &user_ns, &pid_ns, "user", "engine sif", &st, 4096, 8192 };
	struct key_facts g[13];
	struct key a, b;
	struct err e;
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(g); i++)
		g[i] = f;
	for (size_t i = 0; i < ARRAY_SIZE(other); i++)
		other[i] = st;
	g[n++].uid++;
	g[n++].gid++;
	g[n++].user_ns = &pid_ns;
	g[n++].pid_ns = &user_ns;
	g[n++].scope = "slurm:7:batch";
	g[n++].access = "engine squashfuse";
	g[n++].offset++;
	g[n++].size++;
	other[0].st_dev++;
	other[1].st_ino++;
	other[2].st_size++;
	other[3].st_mtim.tv_sec++;
	other[4].st_mtim.tv_nsec++;
	for (size_t i = 0; i < ARRAY_SIZE(other); i++)
		g[n++].image = &other[i];
	assert_int_equal(n, ARRAY_SIZE(g));

	assert_int_equal(key_make(&f, &a, &e), 0);
	assert_int_equal(strlen(a.name), 32);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(key_make(&g[i], &b, &e), 0);
		assert_string_not_equal(a.text, b.text);
		assert_string_not_equal(a.name, b.name);
	}
	assert_int_equal(key_make(&f, &b, &e), 0);
	assert_string_equal(a.text, b.text);
	assert_string_equal(a.name, b.name);
}

static void a_key_that_is_too_long_is_an_error(void **state)
{
	char scope[2 * WIRE_KEY_MAX];
	struct stat st = { 0 };
	struct key k;
	struct err e;

	(void)state;
	memset(scope, 'x', sizeof(scope) - 1);
	scope[sizeof(scope) - 1] = '\0';
	assert_int_equal(key_make(&(struct key_facts){ .user_ns = &st, .pid_ns = &st, .scope = scope, .access = "", .image = &st }, &k, &e), -1);
	assert_int_equal(e.kind, ERR_SYSTEM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cgroups_name_the_step),
		cmocka_unit_test(the_environment_names_the_job),
		cmocka_unit_test(every_fact_is_in_the_key),
		cmocka_unit_test(a_key_that_is_too_long_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
