/* Unit tests of sif.conf: its grammar, and that a user can only tighten. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/mem.h"
#include "runtime/policy.h"

#include <string.h>

struct fixture {
	struct config config;
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

	config_free(&f->config);
	run_spec_free(&f->spec);
	free(f);
	return 0;
}

static int system_file(struct fixture *f, const char *text)
{
	return config_parse(&f->config, text, "system.conf", SOURCE_SYSTEM_FILE, &f->e);
}

static int user_file(struct fixture *f, const char *text)
{
	return config_parse(&f->config, text, "user.conf", SOURCE_USER_FILE, &f->e);
}

/* Words as typed before the image. */
static void words(struct fixture *f, const char *word)
{
	char *argv[] = { xstrdup(word), NULL };
	int index = 0;

	assert_int_equal(options_from_words(&f->spec, 1, argv, &index, &f->src, &f->e), 0);
	free(argv[0]);
}

static int apply(struct fixture *f)
{
	return policy_apply(&f->config, &f->spec, &f->src, &f->e);
}

static void lines_have_one_grammar(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(system_file(f, "# comment\n\n  mount   home =  no  \r\nbind path = /opt\nbind path = -/scratch dir\n"
					"default no-mount = sys\nsessiondir size = 1G"),
			 0);
	assert_int_equal(f->config.n, 5);
	assert_int_equal(f->config.v[0].line, 3);
	assert_int_equal(apply(f), 0);
	assert_false(f->spec.mount_home);
	assert_int_equal(f->spec.bind_paths.n, 2);
	assert_string_equal(f->spec.bind_paths.v[1], "-/scratch dir");
	assert_string_equal(f->spec.no_mount.v[0], "sys");
	assert_true(f->spec.session_size == 1u << 30);
}

static void mistakes_name_file_and_line(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "mount home = no\nmount hme = no\n", "system.conf:2: unknown key 'mount hme'" },
		{ "mount home", "system.conf:1: a line is 'word word = value'" },
		{ "mount home = perhaps", "system.conf:1: mount home: 'perhaps' is neither yes nor no" },
		{ "mount home =", "system.conf:1: mount home: 'mount home' has no value" },
		{ "sessiondir size = 0", "system.conf:1: sessiondir size: '0' leaves no room" },
		{ "mount cpus = 3-1", "system.conf:1: mount cpus: the list of CPUs '3-1' has no range 3-1" },
		{ "bind path = opt", "system.conf:1: bind path: 'opt' is not an absolute path" },
		{ "default nope = 1", "system.conf:1: there is no run option 'nope'" },
		{ "default = 1", "system.conf:1: unknown key 'default'" },
		{ "default cleanenv = x", "system.conf:1: default cleanenv: --cleanenv: 'x' is neither yes nor no" },
		{ "default overlay = /o", "system.conf:1: default overlay: --overlay: not in this version of sif yet" },
		{ "forbid option = nope", "system.conf:1: forbid option: there is no run option 'nope'" },
		{ "[path scratch]\n", "system.conf:1: section '[path scratch]': the path is not absolute" },
		{ "[user me]\n", "system.conf:1: unknown section '[user me]': there is '[path DIR]'" },
		{ "[path /x\n", "system.conf:1: a section is '[path DIR]'" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct fixture *f = *state;

		config_free(&f->config);
		assert_int_equal(system_file(f, cases[i].text), -1);
		assert_string_equal(f->e.msg, cases[i].want);
		assert_int_equal(f->e.kind, ERR_USAGE);
	}
}

static void a_user_cannot_loosen(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(system_file(f, "mount home = no\nmount tmp = yes\nsessiondir size = 32M\n"), 0);
	assert_int_equal(user_file(f, "mount home = yes\nmount tmp = no\nmount sys = no\nsessiondir size = 1G\n"), 0);
	assert_int_equal(apply(f), 0);
	assert_false(f->spec.mount_home);
	assert_false(f->spec.mount_tmp);
	assert_false(f->spec.mount_sys);
	assert_true(f->spec.session_size == 32u << 20);
}

static void of_words_the_administrators_counts(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(user_file(f, "mount cpus = 0-3,8\n"), 0);
	assert_int_equal(apply(f), 0);
	assert_string_equal(f->spec.mount_cpus, "0-3,8");
	own_free_(&f->spec.mount_cpus);
	assert_int_equal(system_file(f, "mount cpus = auto\n"), 0);
	assert_int_equal(apply(f), 0);
	assert_string_equal(f->spec.mount_cpus, "auto");
}

static void words_cannot_pass_a_limit(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(system_file(f, "sessiondir size = 32M\n"), 0);
	assert_int_equal(user_file(f, "sessiondir size = 8M\n"), 0);
	words(f, "--session-size=64M");
	assert_int_equal(apply(f), 0);
	assert_true(f->spec.session_size == 32u << 20);
}

static void bind_control_refuses_with_the_line(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(system_file(f, "\nbind control = no\ndefault bind = /site\n"), 0);
	assert_int_equal(apply(f), 0);
	assert_string_equal(f->spec.bind_words.v[0], "/site");
	f->src = (struct option_sources){};
	words(f, "-B/mine");
	assert_int_equal(apply(f), -1);
	assert_int_equal(f->e.kind, ERR_POLICY);
	assert_string_equal(f->e.msg, "binding paths (option '--bind') is forbidden by system.conf:2");
}

static void forbidden_is_what_a_user_sets(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(system_file(f, "default pid = yes\nforbid option = pid\n"), 0);
	assert_int_equal(apply(f), 0);
	assert_true(f->spec.pid);
	f->src = (struct option_sources){};
	words(f, "--no-pid");
	assert_int_equal(apply(f), -1);
	assert_string_equal(f->e.msg, "option '--pid' is forbidden by system.conf:2");
}

static void defaults_are_the_weakest(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(system_file(f, "default cwd = /system\ndefault contain = yes\ndefault no-env = S\n"), 0);
	assert_int_equal(user_file(f, "default cwd = /user\ndefault cleanenv = yes\ndefault no-env = U\n"), 0);
	words(f, "--cleanenv=no");
	assert_int_equal(apply(f), 0);
	assert_string_equal(f->spec.cwd, "/user");
	assert_true(f->spec.contain);
	assert_false(f->spec.cleanenv);
	assert_string_equal(f->spec.no_env.v[0], "U");
	assert_string_equal(f->spec.no_env.v[1], "S");
	assert_int_equal(options_source(&f->src, "contain"), SOURCE_SYSTEM_FILE);
}

static void sections_count_beneath_their_path(void **state)
{
	struct fixture *f = *state;
	const struct config_key *home = config_keys + 1;
	const struct setting *s;

	assert_string_equal(home->name, "mount home");
	assert_int_equal(system_file(f, "[path /scratch/]\nmount home = no\n[path /scratch/open]\nmount home = yes\n"), 0);
	assert_null(policy_setting(&f->config, home, NULL));
	assert_null(policy_setting(&f->config, home, "/scratchy/a.sif"));
	s = policy_setting(&f->config, home, "/scratch/a.sif");
	assert_non_null(s);
	assert_int_equal(s->line, 2);
	s = policy_setting(&f->config, home, "/scratch/open/a.sif");
	assert_int_equal(s->line, 4);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(lines_have_one_grammar),	      TEST(mistakes_name_file_and_line),
		TEST(a_user_cannot_loosen),	      TEST(of_words_the_administrators_counts), TEST(words_cannot_pass_a_limit),
		TEST(bind_control_refuses_with_the_line), TEST(forbidden_is_what_a_user_sets),
		TEST(defaults_are_the_weakest),	      TEST(sections_count_beneath_their_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
