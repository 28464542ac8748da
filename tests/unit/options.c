/* Unit tests of the table of run options: sources, twins, what follows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/mem.h"
#include "runtime/options.h"

#include <ctype.h>
#include <string.h>

struct fixture {
	struct run_spec spec;
	struct option_sources src;
	struct err e;
};

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	run_spec_init(&f->spec);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	run_spec_free(&f->spec);
	free(f);
	return 0;
}

/* Parse words; -1 or the index of the first word behind the options. */
static int words(struct fixture *f, const char *const argv[])
{
	OWN_STRV struct strv copy = {};
	int index = 0;

	for (; *argv; argv++)
		strv_add(&copy, *argv);
	if (options_from_words(&f->spec, (int)copy.n, copy.v, &index, &f->src, &f->e))
		return -1;
	return index;
}
#define WORDS(f, ...) words(f, (const char *const[]){ __VA_ARGS__, NULL })

static int environment(struct fixture *f, char *const vars[])
{
	return options_from_env(&f->spec, vars, &f->src, &f->e);
}
#define ENVIRONMENT(f, ...) environment(f, (char *const[]){ __VA_ARGS__, NULL })

static void options_end_at_the_image(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(WORDS(f, "-ec", "-B/a:/b", "--pwd=/c", "img", "-B", "x", "--contain"), 3);
	assert_true(f->spec.cleanenv && f->spec.contain);
	assert_int_equal(f->spec.bind_words.n, 1);
	assert_string_equal(f->spec.bind_words.v[0], "/a:/b");
	assert_string_equal(f->spec.cwd, "/c");
}

static void the_stronger_source_wins(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(WORDS(f, "--cleanenv=false", "--home", "/first", "-B", "/cli", "img"), 5);
	assert_int_equal(ENVIRONMENT(f, "SIF_CLEANENV=1", "SIF_HOME=/second", "SIF_BIND=/env", "SIF_CONTAIN=yes"), 0);
	assert_false(f->spec.cleanenv);
	assert_true(f->spec.contain);
	assert_string_equal(f->spec.home, "/first");
	assert_int_equal(f->spec.bind_words.n, 2);
	assert_string_equal(f->spec.bind_words.v[0], "/cli");
	assert_int_equal(options_source(&f->src, "home"), SOURCE_COMMAND_LINE);
	assert_int_equal(options_source(&f->src, "contain"), SOURCE_ENVIRONMENT);
	assert_int_equal(options_source(&f->src, "pid"), SOURCE_NONE);
}

static void twins_have_special_names(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(ENVIRONMENT(f, "SINGULARITY_BINDPATH=/old", "APPTAINER_TARGET_PWD=/t", "APPTAINER_NOENV=A,B",
				     "SINGULARITY_UNSHARE_PID=1", "SIF_SCRATCHDIR=/s1,/s2",
				     "APPTAINER_MOUNT=type=bind,source=/a,destination=/b\ntype=bind,source=/c,destination=/d"),
			 0);
	assert_string_equal(f->spec.bind_words.v[0], "/old");
	assert_string_equal(f->spec.cwd, "/t");
	assert_int_equal(f->spec.no_env.n, 2);
	assert_true(f->spec.pid);
	assert_int_equal(f->spec.scratch.n, 2);
	assert_int_equal(f->spec.mount_words.n, 2);
	assert_string_equal(f->spec.mount_words.v[1], "type=bind,source=/c,destination=/d");
}

static void prefixes_have_an_order(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(ENVIRONMENT(f, "SINGULARITY_HOME=/s", "APPTAINER_HOME=/a", "SIF_HOME="), 0);
	assert_string_equal(f->spec.home, "/a");
	run_spec_free(&f->spec);
	run_spec_init(&f->spec);
	f->src = (struct option_sources){};
	f->spec.dialect = DIALECT_SINGULARITY;
	assert_int_equal(ENVIRONMENT(f, "SINGULARITY_HOME=/s", "APPTAINER_HOME=/a"), 0);
	assert_string_equal(f->spec.home, "/s");
}

static void what_is_not_here_is_refused(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(WORDS(f, "--fakeroot", "img"), -1);
	assert_non_null(strstr(f->e.msg, "--fakeroot"));
	assert_int_equal(f->e.kind, ERR_USAGE);
	assert_int_equal(WORDS(f, "-o", "x", "img"), -1);
	assert_non_null(strstr(f->e.msg, "--overlay"));
	assert_int_equal(WORDS(f, "--fakeroot=false", "img"), 1);
	assert_int_equal(WORDS(f, "--overlay=no", "img"), -1);
	assert_int_equal(ENVIRONMENT(f, "APPTAINER_SHARENS=true"), -1);
	assert_non_null(strstr(f->e.msg, "APPTAINER_SHARENS"));
	assert_int_equal(ENVIRONMENT(f, "APPTAINER_CLEANENV=maybe"), -1);
	assert_int_equal(WORDS(f, "--network", "bridge", "img"), -1);
}

static void a_typing_error_gets_a_hint(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(WORDS(f, "--contian", "img"), -1);
	assert_string_equal(f->e.hint, "did you mean '--contain'?");
	assert_int_equal(f->e.status, OPT_UNKNOWN);
	assert_int_equal(WORDS(f, "--help"), -1);
	assert_int_equal(f->e.kind, ERR_NONE);
}

static void compat_implies_the_rest(void **state)
{
	struct fixture *f = *state;
	const struct run_spec *s = &f->spec;

	assert_int_equal(WORDS(f, "--compat", "--no-mount", "sys,bind-paths,/opt", "--hostname", "h", "img"), 5);
	assert_int_equal(options_settle(&f->spec, &f->e), 0);
	assert_true(s->containall && s->contain && s->pid && s->ipc && s->cleanenv);
	assert_true(s->no_init && s->no_umask && s->no_eval && s->writable_tmpfs && s->uts);
	assert_false(s->mount_sys);
	assert_true(s->mount_proc);
}

static void no_mount_knows_its_words(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(WORDS(f, "--no-mount", "bogus", "img"), 2);
	assert_int_equal(options_settle(&f->spec, &f->e), -1);
	f->spec.dialect = DIALECT_APPTAINER;
	assert_int_equal(options_settle(&f->spec, &f->e), 0);
}

/* The table itself: names and letters are unique, help fits its line. */
static void the_table_is_sane(void **state)
{
	(void)state;
	for (const struct opt *a = run_options; a->name; a++) {
		assert_non_null(a->help);
		assert_true(strlen(a->help) <= 64);
		assert_false(isupper((unsigned char)a->help[0]) && !isupper((unsigned char)a->help[1]));
		assert_false(str_ends(a->help, "."));
		assert_true(a->kind == OPT_CALL ? a->parse != NULL : a->offset < sizeof(struct run_spec));
		for (const struct opt *b = a + 1; b->name; b++) {
			assert_string_not_equal(a->name, b->name);
			assert_false(a->letter && a->letter == b->letter);
		}
	}
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(options_end_at_the_image), TEST(the_stronger_source_wins), TEST(twins_have_special_names),
		TEST(prefixes_have_an_order),	TEST(what_is_not_here_is_refused), TEST(a_typing_error_gets_a_hint),
		TEST(compat_implies_the_rest),	TEST(no_mount_knows_its_words), TEST(the_table_is_sane),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
