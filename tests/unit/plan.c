/* Unit tests of runtime/plan (a pure function: no file is touched, the host is
 * a table), runtime/path and runtime/binfmt. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/mem.h"
#include "runtime/binfmt.h"
#include "runtime/path.h"
#include "runtime/plan.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

/* The host: real name and type of each path; what is not here is missing. */
static const struct {
	const char *path, *real;
	mode_t type;
} host_table[] = {
	{ "/dev", "/dev", S_IFDIR },
	{ "/proc", "/proc", S_IFDIR },
	{ "/sys", "/sys", S_IFDIR },
	{ "/tmp", "/tmp", S_IFDIR },
	{ "/tmp/job.7", "/tmp/job.7", S_IFDIR },
	{ "/var/tmp", "/var/tmp", S_IFDIR },
	{ "/etc/hosts", "/etc/hosts", S_IFREG },
	{ "/etc/resolv.conf", "/run/resolv.conf", S_IFREG },
	{ "/usr/lib", "/usr/lib", S_IFDIR },
	{ "/home/ann", "/lustre/home/ann", S_IFDIR },
	{ "/lustre/home/ann", "/lustre/home/ann", S_IFDIR },
	{ "/home/ann/work", "/lustre/home/ann/work", S_IFDIR },
	{ "/lustre/home/ann/work", "/lustre/home/ann/work", S_IFDIR },
	{ "/scratch", "/scratch", S_IFDIR },
	{ "/scratch/ann", "/scratch/ann", S_IFDIR },
	{ "/data", "/lustre/data", S_IFDIR },
	{ "/dev/null", "/dev/null", S_IFCHR },
	{ "/run/user/1001", "/run/user/1001", S_IFDIR },
	{ "/file", "/file", S_IFREG },
};

static void look(const struct host_facts *h, const char *path, struct path_fact *ret)
{
	(void)h;
	*ret = (struct path_fact){ .error = ENOENT };
	for (size_t i = 0; i < ARRAY_SIZE(host_table); i++)
		if (!strcmp(host_table[i].path, path))
			*ret = (struct path_fact){ .type = host_table[i].type, .real = xstrdup(host_table[i].real) };
}

static char user[] = "ann", home[] = "/home/ann", shell[] = "/bin/bash", cwd[] = "/tmp/job.7", gecos[] = "";
static char image_name[] = "x.sif", image_path[] = "/x.sif";
static const struct rootfs image = { .kind = ROOTFS_SIF, .fd = -1, .name = image_name, .path = image_path, .arch = "amd64" };

struct fixture {
	struct run_spec spec;
	struct host_facts host;
	struct plan plan;
	struct err e;
};

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	run_spec_init(&f->spec);
	f->host = (struct host_facts){ .uid = 1001, .gid = 1001, .user = user, .gecos = gecos, .home = home,
				       .shell = shell, .cwd = cwd, .look = look };
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	plan_free(&f->plan);
	run_spec_free(&f->spec);
	free(f);
	return 0;
}

static int make(struct fixture *f)
{
	plan_free(&f->plan);
	return plan_make(&f->spec, &image, &f->host, &f->plan, &f->e);
}

static const struct step *at(const struct fixture *f, const char *target)
{
	const struct step *found = NULL;

	for (size_t i = 0; i < f->plan.n; i++) {
		if (strcmp(f->plan.steps[i].target, target))
			continue;
		assert_null(found); /* no target twice */
		found = &f->plan.steps[i];
	}
	return found;
}

static size_t index_of(const struct fixture *f, const char *target)
{
	const struct step *s = at(f, target);

	assert_non_null(s);
	return (size_t)(s - f->plan.steps);
}

static void defaults(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(make(f), 0);
	assert_int_equal(f->plan.root, ROOT_READONLY);
	assert_int_equal(at(f, "/proc")->kind, STEP_BIND);
	assert_int_equal(at(f, "/proc")->flags, STEP_NODEV | STEP_NOEXEC);
	assert_int_equal(at(f, "/dev")->flags, 0);
	assert_int_equal(at(f, "/var/tmp")->flags, STEP_NODEV | STEP_ALIAS);
	assert_int_equal(at(f, "/etc/hosts")->flags, STEP_NODEV | STEP_IS_FILE);
	assert_null(at(f, "/etc/localtime")); /* not on this host */
	assert_int_equal(at(f, "/etc/passwd")->kind, STEP_PASSWD);
	assert_string_equal(f->plan.home, "/home/ann");
	assert_null(at(f, "/tmp/job.7")); /* visible through /tmp */
	assert_string_equal(f->plan.cwd.v[0], "/tmp/job.7");
}

static void linked_places_have_both_names(void **state)
{
	struct fixture *f = *state;
	char logical[] = "/home/ann/work", physical[] = "/lustre/home/ann/work";

	f->host.cwd = physical;
	f->host.cwd_logical = logical;
	assert_int_equal(make(f), 0);
	assert_string_equal(at(f, "/home/ann")->real, "/lustre/home/ann");
	assert_string_equal(at(f, "/lustre/home/ann")->real, "/lustre/home/ann");
	assert_null(at(f, "/home/ann/work"));
	assert_null(at(f, "/lustre/home/ann/work"));
	assert_string_equal(f->plan.cwd.v[0], logical);
	assert_string_equal(f->plan.cwd.v[1], physical);
}

static void the_image_keeps_its_directories(void **state)
{
	struct fixture *f = *state;
	char system[] = "/usr/lib";

	f->host.cwd = system;
	f->host.tmpdir = system;
	assert_int_equal(make(f), 0);
	assert_null(at(f, "/usr/lib"));
	assert_string_equal(f->plan.cwd.v[0], "/usr/lib");
	assert_false(f->plan.tmpdir_bound);
}

static void places_of_variables(void **state)
{
	struct fixture *f = *state;
	char tmpdir[] = "/scratch/ann", runtime[] = "/run/user/1001";

	f->host.tmpdir = tmpdir;
	f->host.xdg_runtime_dir = runtime;
	assert_int_equal(make(f), 0);
	assert_non_null(at(f, "/scratch/ann"));
	assert_non_null(at(f, "/run/user/1001"));
	assert_true(f->plan.tmpdir_bound && f->plan.xdg_runtime_bound);
	f->spec.dialect = DIALECT_APPTAINER;
	assert_int_equal(make(f), 0);
	assert_null(at(f, "/scratch/ann"));
	assert_false(f->plan.tmpdir_bound || f->plan.xdg_runtime_bound);
	strv_add(&f->spec.bind_words, "/scratch");
	assert_int_equal(make(f), 0);
	assert_true(f->plan.tmpdir_bound);
	f->spec.dialect = DIALECT_SIF;
	f->spec.contain = true;
	assert_int_equal(make(f), 0);
	assert_null(at(f, "/run/user/1001"));
}

static void wishes_lie_on_top(void **state)
{
	struct fixture *f = *state;

	strv_add(&f->spec.bind_words, "/scratch/ann:/mnt/deep,/scratch:/mnt,/file:/etc/hosts,/dev/null:/x");
	assert_int_equal(make(f), 0);
	assert_true(index_of(f, "/mnt") < index_of(f, "/mnt/deep"));
	assert_true(index_of(f, "/etc/passwd") < index_of(f, "/mnt"));
	assert_string_equal(at(f, "/etc/hosts")->source, "/file");
	assert_true(at(f, "/mnt")->flags & STEP_NODEV);
	assert_false(at(f, "/x")->flags & STEP_NODEV);
	assert_string_equal(f->plan.bind_list, "/mnt/deep,/mnt,/etc/hosts,/x");
}

static void the_first_of_two_binds_counts(void **state)
{
	struct fixture *f = *state;

	strv_add(&f->spec.bind_words, "/scratch:/mnt");
	strv_add(&f->spec.bind_words, "/tmp:/mnt/");
	assert_int_equal(make(f), 0);
	assert_string_equal(at(f, "/mnt")->source, "/scratch");
}

static void a_linked_source_has_both_names(void **state)
{
	struct fixture *f = *state;

	strv_add(&f->spec.bind_words, "/data");
	assert_int_equal(make(f), 0);
	assert_non_null(at(f, "/data"));
	assert_non_null(at(f, "/lustre/data"));
	assert_false(at(f, "/lustre/data")->flags & STEP_WISH);
}

static void contained(void **state)
{
	struct fixture *f = *state;

	f->spec.contain = true;
	assert_int_equal(make(f), 0);
	assert_int_equal(at(f, "/dev")->kind, STEP_DEVICES);
	assert_int_equal(at(f, "/tmp")->kind, STEP_DIR);
	assert_int_equal(at(f, "/tmp")->mode, 01777);
	assert_int_equal(at(f, "/home/ann")->kind, STEP_DIR);
	assert_string_equal(f->plan.cwd.v[0], "/home/ann");
	f->spec.workdir = xstrdup("/scratch");
	assert_int_equal(make(f), 0);
	assert_string_equal(at(f, "/var/tmp")->source, "/scratch/var_tmp");
	assert_string_equal(at(f, "/home/ann")->source, "/scratch/home");
}

static void namespaces(void **state)
{
	struct fixture *f = *state;

	f->spec.pid = f->spec.net = f->spec.ipc = true;
	assert_int_equal(make(f), 0);
	assert_int_equal(at(f, "/proc")->kind, STEP_PROC);
	assert_int_equal(at(f, "/sys")->kind, STEP_SYSFS);
	assert_int_equal(at(f, "/dev/mqueue")->kind, STEP_MQUEUE);
}

static void left_out(void **state)
{
	struct fixture *f = *state;

	f->spec.mount_proc = f->spec.mount_home = false;
	strv_add(&f->spec.no_mount, "bind-paths");
	strv_add(&f->spec.no_mount, "/etc/resolv.conf");
	assert_int_equal(make(f), 0);
	assert_null(at(f, "/proc"));
	assert_null(at(f, "/home/ann"));
	assert_null(at(f, "/etc/hosts"));
	assert_null(at(f, "/etc/resolv.conf"));
	assert_string_equal(f->plan.home, "/home/ann");
}

static void configured(void **state)
{
	struct fixture *f = *state;

	strv_add(&f->spec.bind_paths, "-/nowhere");
	strv_add(&f->spec.bind_paths, "/scratch:/s:ro");
	assert_int_equal(make(f), 0);
	assert_true(at(f, "/s")->flags & STEP_READONLY);
	strv_add(&f->spec.bind_paths, "/nowhere");
	assert_int_equal(make(f), -1);
	assert_non_null(strstr(f->e.msg, "/nowhere"));
}

static void homes(void **state)
{
	struct fixture *f = *state;

	f->spec.home = xstrdup("/scratch/ann:/h");
	assert_int_equal(make(f), 0);
	assert_string_equal(f->plan.home, "/h");
	assert_string_equal(at(f, "/h")->source, "/scratch/ann");
	assert_null(at(f, "/home/ann"));
	f->spec.no_home = true;
	assert_int_equal(make(f), 0);
	assert_null(at(f, "/h"));
	assert_string_equal(f->plan.home, "/h");
}

static void refused(void **state)
{
	static const struct {
		const char *bind, *mount, *home, *cwd, *says;
	} rows[] = {
		{ .bind = "/nowhere", .says = "does not exist" },
		{ .bind = "/tmp:/", .says = "hide the whole image" },
		{ .mount = "type=x", .says = "not supported" },
		{ .home = "relative", .says = "not absolute" },
		{ .home = "/nowhere", .says = "/nowhere" },
		{ .home = "/file", .says = "not a directory" },
		{ .cwd = "relative", .says = "not absolute" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		run_spec_free(&f->spec);
		run_spec_init(&f->spec);
		if (rows[i].bind)
			strv_add(&f->spec.bind_words, rows[i].bind);
		if (rows[i].mount)
			strv_add(&f->spec.mount_words, rows[i].mount);
		f->spec.home = xstrdup_or_null(rows[i].home);
		f->spec.cwd = xstrdup_or_null(rows[i].cwd);
		assert_int_equal(make(f), -1);
		if (!strstr(f->e.msg, rows[i].says))
			fail_msg("row %zu says '%s'", i, f->e.msg);
	}
	run_spec_free(&f->spec);
	run_spec_init(&f->spec);
	f->spec.writable = true; /* a SIF */
	assert_int_equal(make(f), -1);
	assert_non_null(strstr(f->e.msg, "writable"));
}

static void printed(void **state)
{
	struct fixture *f = *state;
	OWN_STR struct str text = { 0 };

	strv_add(&f->spec.bind_words, "/scratch:/mnt:ro");
	assert_int_equal(make(f), 0);
	plan_print(&f->plan, &image, &text);
	assert_non_null(strstr(text.s, "image      /x.sif (SIF"));
	assert_non_null(strstr(text.s, "bind       /scratch -> /mnt ro (--bind)\n"));
	assert_non_null(strstr(text.s, "start in   /tmp/job.7\n"));
}

static void paths(void **state)
{
	static const struct {
		const char *in, *clean;
		unsigned depth;
	} rows[] = {
		{ "", "/", 0 },		    { "/", "/", 0 },	      { "//a/./b/", "/a/b", 2 },
		{ "/a/../b", "/b", 1 },    { "/../..", "/", 0 },      { "a/b", "/a/b", 2 },
		{ "/a/..b/c.", "/a/..b/c.", 3 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		OWN_FREE char *got = path_clean(rows[i].in);

		assert_string_equal(got, rows[i].clean);
		assert_int_equal(path_depth(got), rows[i].depth);
	}
	assert_string_equal(path_below("/a/b", "/a"), "/b");
	assert_string_equal(path_below("/a", "/a"), "");
	assert_string_equal(path_below("/a", "/"), "/a");
	assert_string_equal(path_below("/", "/"), "");
	assert_null(path_below("/scratch2", "/scratch"));
	assert_null(path_below("/a", "/a/b"));
}

static void foreign_programs(void **state)
{
	static const char arm64[] = "enabled\ninterpreter /usr/bin/qemu-aarch64\nflags: OCF\noffset 0\n"
				    "magic 7f454c460201010000000000000000000200b700\n"
				    "mask ffffffffffffff00fffffffffffffffffeffffff\n";
	static const char unfixed[] = "enabled\ninterpreter /usr/bin/qemu-aarch64\nflags: OC\noffset 0\n"
				      "magic 7f454c460201010000000000000000000200b700\n";

	(void)state;
	assert_true(binfmt_entry_runs(arm64, "arm64"));
	assert_false(binfmt_entry_runs(arm64, "amd64"));
	assert_false(binfmt_entry_runs(unfixed, "arm64"));
	assert_false(binfmt_entry_runs("disabled\n", "arm64"));
	assert_false(binfmt_entry_runs("", "arm64"));
	assert_true(binfmt_runs("386", "amd64"));
	assert_null(elf_arch("#!/bin/sh", 9));
	assert_string_equal(elf_arch("\177ELF\2\1\1\0\0\0\0\0\0\0\0\0\2\0\x3e\0", 20), "amd64");
	assert_string_equal(elf_arch("\177ELF\2\2\1\0\0\0\0\0\0\0\0\0\0\2\0\x16", 20), "s390x");
}

int main(void)
{
#define WITH_HOST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
	const struct CMUnitTest tests[] = {
		WITH_HOST(defaults),
		WITH_HOST(linked_places_have_both_names),
		WITH_HOST(the_image_keeps_its_directories),
		WITH_HOST(places_of_variables),
		WITH_HOST(wishes_lie_on_top),
		WITH_HOST(the_first_of_two_binds_counts),
		WITH_HOST(a_linked_source_has_both_names),
		WITH_HOST(contained),
		WITH_HOST(namespaces),
		WITH_HOST(left_out),
		WITH_HOST(configured),
		WITH_HOST(homes),
		WITH_HOST(refused),
		WITH_HOST(printed),
		cmocka_unit_test(paths),
		cmocka_unit_test(foreign_programs),
	};

	return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
