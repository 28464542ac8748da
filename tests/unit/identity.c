/* Unit tests of runtime/identity: the user in the image's passwd and group. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/own.h"
#include "runtime/identity.h"

static const struct identity_group groups[] = { { 1001, "ann" }, { 2000, "lab" }, { 3000, NULL }, { 4000, "a:b" } };
static const struct identity ann = {
	.uid = 1001,
	.gid = 1001,
	.name = "ann",
	.gecos = "Ann",
	.home = "/home/ann",
	.shell = "/bin/bash",
	.groups = groups,
	.n_groups = ARRAY_SIZE(groups),
};

static void passwd_gets_the_user(void **state)
{
	static const struct {
		const char *image, *want;
	} rows[] = {
		{ "", "ann:x:1001:1001:Ann:/home/ann:/bin/bash\n" },
		{ "root:x:0:0:root:/root:/bin/sh",
		  "root:x:0:0:root:/root:/bin/sh\nann:x:1001:1001:Ann:/home/ann:/bin/bash\n" },
		/* the image's gid and shell of that uid stay */
		{ "root:x:0:0::/:/bin/sh\nbob:x:1001:100:Bob:/b:/bin/zsh\nz:x:5:5::/:/z\n",
		  "root:x:0:0::/:/bin/sh\nann:x:1001:100:Ann:/home/ann:/bin/zsh\nz:x:5:5::/:/z\n" },
		/* the first line of a name counts */
		{ "ann:x:7:7::/:/bin/sh\n", "ann:x:1001:1001:Ann:/home/ann:/bin/bash\nann:x:7:7::/:/bin/sh\n" },
		/* nonsense is kept as it is */
		{ "ann\n:::\n\nx:x:1001x:0\n", "ann:x:1001:1001:Ann:/home/ann:/bin/bash\nann\n:::\n\nx:x:1001x:0\n" },
		{ "short:x:1001\n", "ann:x:1001:1001:Ann:/home/ann:/bin/bash\n" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		OWN_FREE char *got = identity_passwd(rows[i].image, &ann);

		assert_string_equal(got, rows[i].want);
	}
}

static void a_field_cannot_break_the_line(void **state)
{
	struct identity evil = ann;
	OWN_FREE char *got = NULL;

	(void)state;
	evil.gecos = "x:0:0\nroot2:x:0:0::/:/bin/sh";
	evil.home = "/a:b";
	got = identity_passwd("", &evil);
	assert_string_equal(got, "ann:x:1001:1001:::/bin/bash\n");
}

static void group_gets_the_user(void **state)
{
	static const struct {
		const char *image, *want;
	} rows[] = {
		{ "", "ann:x:1001:ann\nlab:x:2000:ann\n" },
		{ "root:x:0:", "root:x:0:\nann:x:1001:ann\nlab:x:2000:ann\n" },
		{ "staff:x:2000:bob\nusers:x:1001:\n", "staff:x:2000:bob\nusers:x:1001:\n" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		OWN_FREE char *got = identity_group(rows[i].image, &ann);

		assert_string_equal(got, rows[i].want);
	}
}

static void unmapped_groups_are_named(void **state)
{
	OWN_FREE char *all = identity_unmapped(groups, ARRAY_SIZE(groups)), *none = identity_unmapped(groups, 1);

	(void)state;
	assert_string_equal(all, "lab (2000), 3000, a:b (4000)");
	assert_null(none);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unmapped_groups_are_named),
		cmocka_unit_test(passwd_gets_the_user),
		cmocka_unit_test(a_field_cannot_break_the_line),
		cmocka_unit_test(group_gets_the_user),
	};

	return cmocka_run_group_tests_name("identity", tests, NULL, NULL);
}
