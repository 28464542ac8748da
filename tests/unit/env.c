/* Unit test of runtime/env.h: what passes, ranks, files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "runtime/env.h"

#include <fcntl.h>
#include <string.h>

static struct run_spec spec;
static struct env_facts facts;
static struct env_plan plan;
static struct err err;
static char warned[512];

static void sink(enum log_level level, const char *text)
{
	if (level == LOG_WARN_LEVEL)
		snprintf(warned, sizeof(warned), "%s", text);
}

static int begin(void **state)
{
	(void)state;
	run_spec_init(&spec);
	facts = (struct env_facts){ .home = "/home/u", .image_path = "/i.sif" };
	warned[0] = '\0';
	log_set_sink(sink, LOG_WARN_LEVEL);
	return 0;
}

static int end(void **state)
{
	(void)state;
	run_spec_free(&spec);
	env_plan_free(&plan);
	plan = (struct env_plan){};
	return 0;
}

static int make(const char *const *host)
{
	env_plan_free(&plan);
	plan = (struct env_plan){};
	OWN_STRV struct strv environ_ = {};

	for (; *host; host++)
		strv_add(&environ_, *host);
	strv_add(&environ_, "LAST=1");
	return env_plan_make(&spec, &facts, environ_.v, &plan, &err);
}

#define MAKE(...) make((const char *const[]){ __VA_ARGS__, NULL })

/* Exactly this line in the list; only its name: any value. */
static bool has(const struct strv *l, const char *line)
{
	size_t n = strlen(line);

	for (size_t i = 0; i < l->n; i++)
		if (strchr(line, '=') ? strcmp(l->v[i], line) == 0 :
					strncmp(l->v[i], line, n) == 0 && l->v[i][n] == '=')
			return true;
	return false;
}

static void filter_table(void **state)
{
	static const char *const outside[] = {
		"LD_PRELOAD", "LD_LIBRARY_PATH", "LD_AUDIT", "PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "R_LIBS",
		"R_LIBS_USER", "R_LIBS_SITE", "PERL5LIB", "PERL5OPT", "CONDA_PREFIX", "CONDA_SHLVL", "BASH_ENV", "ENV",
		"BASH_FUNC_module%%", "BASH_FUNC_ml()", "MODULEPATH", "MODULESHOME", "MODULES_CMD", "LMOD_CMD",
		"LOADEDMODULES", "_LMFILES_", "_ModuleTable001_", "__LMOD_REF_COUNT_PATH", "OPAL_PREFIX", "OPAL_LIBDIR",
		"PKG_CONFIG_PATH", "TERMINFO", "XDG_DATA_DIRS", "PS1", "PROMPT_COMMAND",
	};
	static const char *const inside[] = {
		"SLURM_JOB_ID", "PMI_RANK", "PMIX_RANK", "PMIX_SERVER_URI4", "OMPI_MCA_btl", "OMPI_COMM_WORLD_RANK",
		"UCX_TLS", "OMP_NUM_THREADS", "NCCL_DEBUG", "CUDA_VISIBLE_DEVICES", "NVIDIA_VISIBLE_DEVICES", "LANG",
		"LC_ALL", "TZ", "TERM", "USER", "LOGNAME", "DISPLAY", "SSH_AUTH_SOCK", "http_proxy",
		"EDITOR", "CC", "CFLAGS", "FOO", "LDAP_X", "R_MAX", "KRB5CCNAME", "WANDB_API_KEY", "HF_HOME",
		"MALLOC_ARENA_MAX", "OPAL_PREFIXES", "ENVIRONMENT", "MKL_NUM_THREADS", "XDG_CACHE_HOME",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(outside); i++)
		if (!env_name_stays_outside(outside[i]))
			fail_msg("%s passes", outside[i]);
	for (size_t i = 0; i < ARRAY_SIZE(inside); i++)
		if (env_name_stays_outside(inside[i]))
			fail_msg("%s does not pass", inside[i]);
}

static void dialects_differ(void **state)
{
	(void)state;
	assert_int_equal(MAKE("PYTHONPATH=/x", "HOME=/h", "PATH=/p", "SIF_X=1", "APPTAINER_Y=1", "SIFENV_S=1",
			      "BAD-NAME=1", "PWD=/x", "LD_LIBRARY_PATH=/l", "BASH_FUNC_ml%%=() { :; }"),
			 0);
	assert_false(has(&plan.host, "PYTHONPATH"));
	assert_false(has(&plan.host, "HOME") || has(&plan.host, "PATH") || has(&plan.host, "PWD"));
	assert_false(has(&plan.host, "SIF_X") || has(&plan.host, "APPTAINER_Y") || has(&plan.host, "SIFENV_S"));
	assert_true(has(&plan.host, "BAD-NAME=1"));
	assert_true(has(&plan.host, "PYTHONNOUSERSITE=1"));
	assert_true(has(&plan.injected, "S=1"));
	assert_false(has(&plan.host, "BASH_FUNC_ml%%"));
	assert_false(plan.eval);

	spec.dialect = DIALECT_APPTAINER;
	assert_int_equal(MAKE("PYTHONPATH=/x", "PATH=/p", "SIF_X=1", "APPTAINER_Y=1", "SIFENV_S=1",
			      "LD_LIBRARY_PATH=/l", "TMPDIR=/gone", "BASH_FUNC_ml%%=() { :; }"),
			 0);
	assert_true(has(&plan.host, "PYTHONPATH=/x") && has(&plan.host, "SIF_X=1") && has(&plan.host, "SIFENV_S=1"));
	assert_true(has(&plan.host, "TMPDIR=/gone") && has(&plan.host, "BASH_FUNC_ml%%"));
	assert_true(has(&plan.host, "USER_PATH"));
	assert_false(has(&plan.host, "LD_LIBRARY_PATH") || has(&plan.host, "APPTAINER_Y"));
	assert_false(has(&plan.host, "PYTHONNOUSERSITE"));
	assert_true(plan.eval);
	spec.no_eval = true;
	assert_int_equal(MAKE("A=1"), 0);
	assert_false(plan.eval);
}

static void directories_pass_when_visible(void **state)
{
	(void)state;
	assert_int_equal(MAKE("TMPDIR=/scratch/1", "TMP=/scratch/1", "TEMP=/tmp", "XDG_RUNTIME_DIR=/run/user/1"), 0);
	assert_false(has(&plan.host, "TMPDIR") || has(&plan.host, "TMP") || has(&plan.host, "XDG_RUNTIME_DIR"));
	assert_true(has(&plan.host, "TEMP=/tmp"));
	assert_int_equal(MAKE("XAUTHORITY=/run/x"), 0);
	assert_false(has(&plan.host, "XAUTHORITY"));
	facts.xauthority_bound = true;
	assert_int_equal(MAKE("XAUTHORITY=/run/x"), 0);
	assert_true(has(&plan.host, "XAUTHORITY=/run/x"));
	facts.tmpdir_bound = facts.xdg_runtime_bound = true;
	assert_int_equal(MAKE("TMPDIR=/scratch/1", "TMP=/scratch/1", "TEMP=/other", "XDG_RUNTIME_DIR=/run/user/1"), 0);
	assert_true(has(&plan.host, "TMPDIR") && has(&plan.host, "TMP") && has(&plan.host, "XDG_RUNTIME_DIR"));
	assert_false(has(&plan.host, "TEMP"));
}

static void ranks(void **state)
{
	(void)state;
	strv_add(&spec.env, "E=opt");
	assert_int_equal(MAKE("SINGULARITYENV_X=s", "APPTAINERENV_X=a", "SIFENV_X=o", "SINGULARITYENV_E=s",
			      "APPTAINERENV_Y=a", "SINGULARITYENV_Y=s"),
			 0);
	assert_true(has(&plan.injected, "X=o") && has(&plan.injected, "Y=a") && has(&plan.injected, "E=opt"));
	assert_int_equal(plan.injected.n, 3);
}

static void refused_names(void **state)
{
	(void)state;
	assert_int_equal(MAKE("SIFENV_HOME=/x"), 0);
	assert_non_null(strstr(warned, "--home"));
	assert_int_equal(MAKE("SIFENV_APPTAINER_NAME=/x"), 0);
	assert_non_null(strstr(warned, "APPTAINER_NAME"));
	assert_int_equal(MAKE("SIFENV_A-B=/x"), 0);
	assert_non_null(strstr(warned, "A-B"));
	assert_int_equal(plan.injected.n, 0);
	strv_add(&spec.env, "A-B=1");
	assert_int_equal(MAKE("A=1"), -1);
	assert_int_equal(err.kind, ERR_USAGE);
}

static void paths(void **state)
{
	(void)state;
	strv_add(&spec.env, "PREPEND_PATH=/b");
	assert_int_equal(MAKE("APPTAINERENV_PREPEND_PATH=/a", "SINGULARITYENV_APPEND_PATH=/c", "SIFENV_PATH=/d",
			      "SIFENV_PREPEND_LD_LIBRARY_PATH=/e", "SIFENV_APPEND_LD_LIBRARY_PATH=/f"),
			 0);
	assert_string_equal(plan.path_prepend, "/b");
	assert_string_equal(plan.path_append, "/c");
	assert_string_equal(plan.path_replace, "/d");
	assert_string_equal(plan.ld_prepend, "/e");
	assert_string_equal(plan.ld_append, "/f");
	assert_int_equal(plan.injected.n, 0);
}

static void asking_and_cleaning(void **state)
{
	(void)state;
	strv_add(&spec.env_from_host, "PYTHON*");
	strv_add(&spec.env_from_host, "SIF_*");
	strv_add(&spec.no_env, "FOO");
	assert_int_equal(MAKE("PYTHONPATH=/x", "FOO=1", "BAR=1", "SIF_X=1"), 0);
	assert_true(has(&plan.asked, "PYTHONPATH=/x"));
	assert_false(has(&plan.host, "FOO") || has(&plan.asked, "SIF_X"));
	assert_true(has(&plan.host, "BAR=1"));
	spec.cleanenv = true;
	assert_int_equal(MAKE("PYTHONPATH=/x", "BAR=1", "TERM=vt", "http_proxy=p", "LANG=de", "APPTAINERENV_X=1"), 0);
	assert_true(has(&plan.asked, "PYTHONPATH=/x"));
	assert_false(has(&plan.host, "BAR"));
	assert_true(has(&plan.host, "TERM=vt") && has(&plan.host, "http_proxy=p") && has(&plan.host, "LANG=C"));
	assert_true(has(&plan.injected, "X=1"));
}

static const struct {
	const char *text, *want[4];
	const char *error;
} files[] = {
	{ "A=1\nexport B=\"two $HOSTV words\"\n# c\n", { "A=1", "B=two hv words" }, NULL },
	{ "HOSTV=hv\n", { "HOSTV=hv" }, NULL }, /* the same value is still an assignment */
	{ "A='l1\nl2'\n", { "A=l1\nl2" }, NULL },
	{ "f() { echo x; }\nA=$(f)-$HOSTV\necho noise\n", { "A=x-hv" }, NULL },
	{ "A=two words\n", { NULL }, "cannot be evaluated" },
	{ "A='unclosed\n", { NULL }, "cannot be evaluated" },
};

static void env_files(void **state)
{
	char path[] = "/tmp/sif-env-test.XXXXXX";
	OWN_FD int fd = mkostemp(path, O_CLOEXEC);

	(void)state;
	assert_true(fd >= 0);
	strv_add(&spec.env_files, path);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		int saved = dup(2), null = open("/dev/null", O_WRONLY), rc;

		assert_int_equal(ftruncate(fd, 0), 0);
		assert_int_equal(fd_pwrite_full(fd, files[i].text, strlen(files[i].text), 0, path, &err), 0);
		dup2(null, 2); /* the shell's complaint */
		rc = MAKE("HOSTV=hv", "PATH=/usr/bin:/bin");
		dup2(saved, 2);
		close(saved);
		close(null);
		assert_int_equal(rc, files[i].error ? -1 : 0);
		if (files[i].error)
			assert_non_null(strstr(err.msg, files[i].error));
		for (size_t j = 0; files[i].want[j]; j++)
			if (!has(&plan.injected, files[i].want[j]))
				fail_msg("file %zu: no %s", i, files[i].want[j]);
	}
	strv_add(&spec.env, "A=cli");
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_int_equal(fd_pwrite_full(fd, "A=file\n", 7, 0, path, &err), 0);
	assert_int_equal(MAKE("X=1"), 0);
	assert_true(has(&plan.injected, "A=cli"));
	unlink(path);
	assert_int_equal(MAKE("X=1"), -1);
	assert_non_null(strstr(err.msg, path));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(filter_table), TEST(dialects_differ), TEST(directories_pass_when_visible), TEST(ranks),
		TEST(refused_names), TEST(paths), TEST(asking_and_cleaning), TEST(env_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
