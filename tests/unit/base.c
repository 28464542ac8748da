/* Unit tests of base/: errors, strings, numbers, options, files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/cgroup.h"
#include "base/cpus.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/le.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/opt.h"
#include "base/replace.h"
#include "base/str.h"

#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/stat.h>

static void err_keeps_the_cause(void **state)
{
	char longname[900];
	struct err e;

	(void)state;
	memset(longname, 'x', sizeof(longname) - 1);
	longname[sizeof(longname) - 1] = '\0';
	assert_int_equal(err_sys(&e, ENOENT, "cannot open '%s'", longname), -1);
	assert_true(str_ends(e.msg, ": No such file or directory"));
	assert_int_equal(err_ctx(&e, "reading '%s'", longname), -1);
	assert_true(str_ends(e.msg, ": No such file or directory"));
	err_set(&e, ERR_FORMAT, "bad magic");
	err_ctx(&e, "image '%s'", "a.sif");
	assert_string_equal(e.msg, "image 'a.sif': bad magic");
	err_hint(&e, "first");
	err_hint(&e, "second");
	assert_string_equal(e.hint, "first");
}

static void err_crosses_a_pipe(void **state)
{
	struct err e, got;
	int p[2];

	(void)state;
	assert_int_equal(pipe(p), 0);
	err_set(&e, ERR_POLICY, "not allowed");
	err_send(p[1], &e);
	close(p[1]);
	assert_int_equal(err_recv(p[0], &got), 0);
	assert_int_equal(got.kind, ERR_POLICY);
	assert_string_equal(got.msg, "not allowed");
	assert_int_equal(err_recv(p[0], &got), 1);
	close(p[0]);
}

static void names_cannot_steer_a_terminal(void **state)
{
	OWN_STR struct str b = {};

	(void)state;
	str_add_printable(&b, "n\xc3\xa4\x1b[2J\r\x7f\x9b\xc2\x9b\\");
	assert_string_equal(str_text(&b), "n\xc3\xa4\\x1b[2J\\x0d\\x7f\\x9b\\xc2\\x9b\\");
}

static void numbers_are_strict(void **state)
{
	static const struct {
		const char *in;
		int ok;
		uint64_t want;
	} sizes[] = {
		{ "0", 1, 0 },	     { "64M", 1, 64 << 20 }, { "1k", 1, 1024 }, { "2T", 1, 2ull << 40 },
		{ "", 0, 0 },	     { "-1", 0, 0 },	     { "1MM", 0, 0 },	{ "1X", 0, 0 },
		{ " 1", 0, 0 },	     { "99999999999999999999", 0, 0 }, { "18446744073709551615K", 0, 0 },
	};
	struct err e;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		uint64_t v = 7;

		assert_int_equal(num_size(sizes[i].in, &v, &e) == 0, sizes[i].ok);
		assert_int_equal(v, sizes[i].ok ? sizes[i].want : 7);
	}
}

static void little_endian(void **state)
{
	uint8_t b[9] = { 0xff };

	(void)state;
	put_le64(b + 1, 0x0102030405060708ull);
	assert_int_equal(b[1], 8);
	assert_int_equal(le64(b + 1), 0x0102030405060708ull);
	assert_int_equal(le32(b + 1), 0x05060708);
	assert_int_equal(le16(b + 1), 0x0708);
}

static void strings_quote(void **state)
{
	OWN_STR struct str b = {};
	OWN_STRV struct strv l = {};

	(void)state;
	str_add_quoted(&b, "it's");
	str_addc(&b, ' ');
	str_add_quoted(&b, "");
	str_addc(&b, ' ');
	str_add_json(&b, "a\"\n\x01\xff\xc3\xa9");
	assert_string_equal(str_text(&b), "'it'\\''s' '' \"a\\\"\\n\\u0001\xef\xbf\xbd\xc3\xa9\"");
	str_cut(&b, 7);
	str_cut(&b, 99);
	assert_string_equal(str_text(&b), "'it'\\''");
	strv_split(&l, ":a::b:", ":");
	assert_int_equal(l.n, 2);
	assert_string_equal(l.v[1], "b");
	assert_null(l.v[2]);
}

static void quotas_round_up(void **state)
{
	(void)state;
	assert_int_equal(cpus_quota("max 100000\n"), 0);
	assert_int_equal(cpus_quota("-1 100000"), 0);
	assert_int_equal(cpus_quota("50000 100000\n"), 1);
	assert_int_equal(cpus_quota("250000 100000\n"), 3);
	assert_int_equal(cpus_quota(""), 0);
	assert_true(cpus_available() >= 1);
}

struct sample {
	bool flag;
	char *text;
	struct strv list;
};

static const struct opt sample_options[] = {
	{ .name = "flag", .letter = 'f', .kind = OPT_TRUE, .offset = offsetof(struct sample, flag), .help = "h" },
	{ .name = "text", .letter = 't', .kind = OPT_STR, .offset = offsetof(struct sample, text), .arg = "T",
	  .help = "h", .alias = "words,txt" },
	{ .name = "list", .letter = 'l', .kind = OPT_LIST, .offset = offsetof(struct sample, list), .arg = "L",
	  .help = "h" },
	{ .name = NULL },
};

static void options_parse(void **state)
{
	char *argv[] = { "x", "-fl", "1", "--words=a", "-l=2", "--list", "3", "--no-flag", "--", "-f", NULL };
	char *bad[] = { "x", "--nope", NULL };
	struct sample s = {};
	struct err e;
	int index = 1;

	(void)state;
	assert_int_equal(opt_parse(sample_options, 10, argv, &index, &s, &e), 0);
	assert_int_equal(index, 9);
	assert_false(s.flag);
	assert_string_equal(s.text, "a");
	assert_int_equal(s.list.n, 3);
	assert_string_equal(s.list.v[1], "2");
	index = 1;
	assert_int_equal(opt_parse(sample_options, 2, bad, &index, &s, &e), -1);
	assert_int_equal(e.kind, ERR_USAGE);
	free(s.text);
	strv_free(&s.list);
}

static void replace_is_all_or_nothing(void **state)
{
	char dir[] = "/tmp/sif-unit.XXXXXX";
	OWN_FREE char *path = NULL, *text = NULL;
	OWN_REPLACE struct replace r = REPLACE_INIT;
	struct err e;

	(void)state;
	assert_non_null(mkdtemp(dir));
	path = xasprintf("%s/out", dir);
	assert_int_equal(replace_begin(&r, path, 0644, &e), 0);
	assert_int_equal(fd_write_full(r.fd, "one", 3, "out", &e), 0);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(replace_commit(&r, false, &e), 0);
	assert_int_equal(replace_begin(&r, path, 0644, &e), 0);
	assert_int_equal(fd_write_full(r.fd, "two", 3, "out", &e), 0);
	assert_int_equal(replace_commit(&r, false, &e), -1);
	assert_int_equal(e.kind, ERR_USAGE);
	assert_int_equal(replace_begin(&r, path, 0644, &e), 0);
	assert_int_equal(fd_write_full(r.fd, "new", 3, "out", &e), 0);
	assert_int_equal(replace_commit(&r, true, &e), 0);
	assert_int_equal(fd_read_file(path, 100, &text, NULL, &e), 0);
	assert_string_equal(text, "new");
	unlink(path);
	assert_int_equal(rmdir(dir), 0); /* nothing left behind */
}

static void root_is_not_left(void **state)
{
	char dir[] = "/tmp/sif-unit.XXXXXX";
	OWN_FREE char *link = NULL;
	struct err e;
	int root, fd;

	(void)state;
	assert_non_null(mkdtemp(dir));
	link = xasprintf("%s/out", dir);
	assert_int_equal(symlink("../../../../etc/passwd", link), 0);
	root = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_true(root >= 0);
	fd = fd_open_in_root(root, "out", O_RDONLY, 0, &e);
	close(root);
	unlink(link);
	rmdir(dir);
	assert_int_equal(fd, -1);
	if (e.sys == ENOSYS)
		skip(); /* qemu-user has no openat2; ./check allows it there only */
	assert_int_equal(e.sys, ENOENT);
}

static void cpus_are_those_allowed(void **state)
{
	cpu_set_t old, one;
	int cpu = 0;

	(void)state;
	assert_int_equal(sched_getaffinity(0, sizeof(old), &old), 0);
	assert_int_equal(cpus_available(), CPU_COUNT(&old));
	while (!CPU_ISSET(cpu, &old))
		cpu++;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
	assert_int_equal(cpus_available(), 1);
	assert_int_equal(sched_setaffinity(0, sizeof(old), &old), 0);
}

static void lists_of_cpus(void **state)
{
	static const char *const bad[] = { "", ",", "x", "1-", "-1", "3-1", "8192", "1-2-3" };
	static const char *const good[] = { "0", "5,7", "0-3,8,10-11", "63-64", "8190-8191" };
	struct cpus a, b, c;
	struct err e;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(cpus_parse(bad[i], &a, &e), -1);
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		OWN_STR struct str text = {};

		assert_int_equal(cpus_parse(good[i], &a, &e), 0);
		cpus_format(&a, &text);
		assert_string_equal(str_text(&text), good[i]);
	}
	assert_int_equal(cpus_parse("0-3", &a, &e), 0);
	assert_int_equal(cpus_parse("2,9", &b, &e), 0);
	c = cpus_without(&a, &b);
	assert_int_equal(cpus_count(&c), 3);
	c = cpus_and(&a, &b);
	assert_int_equal(cpus_count(&c), 1);
	assert_int_equal(c.bits[0], 4);
	c = cpus_without(&c, &a);
	assert_true(cpus_empty(&c));
}

static void count_directory(void *ctx, const char *directory, bool v2)
{
	(void)v2;
	assert_true(str_starts(directory, "/sys/fs/cgroup"));
	++*(unsigned *)ctx;
}

/* What the limits are is the machine's affair; that they are found is tested
 * under a limit, by tests/server/memory.sh. */
static void cgroups_are_walked(void **state)
{
	unsigned n = 0;

	(void)state;
	cgroup_each("memory", count_directory, &n);
	if (access("/proc/self/cgroup", R_OK) == 0)
		assert_true(n > 0);
	assert_true(cgroup_memory() > 1 << 20);
	assert_null(cgroup_read("/nonexistent", "memory.max"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(err_keeps_the_cause), cmocka_unit_test(err_crosses_a_pipe),
		cmocka_unit_test(names_cannot_steer_a_terminal),
		cmocka_unit_test(numbers_are_strict),  cmocka_unit_test(little_endian),	       cmocka_unit_test(quotas_round_up),
		cmocka_unit_test(strings_quote),       cmocka_unit_test(options_parse),
		cmocka_unit_test(replace_is_all_or_nothing), cmocka_unit_test(root_is_not_left),
		cmocka_unit_test(cpus_are_those_allowed), cmocka_unit_test(lists_of_cpus),
		cmocka_unit_test(cgroups_are_walked),
	};

	return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
