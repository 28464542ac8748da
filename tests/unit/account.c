/* Unit tests of runtime/account: files first, and no name service can hang us. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/mem.h"
#include "runtime/account.h"

#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#define DEADLINE_MS 300

static char passwd_file[] = "/tmp/sif-unit.account.XXXXXX", group_file[] = "/tmp/sif-unit.account.XXXXXX";
static const gid_t gids[] = { 1001, 2000, 3000 };

static void write_file(char *name, const char *text)
{
	int fd = mkstemp(name);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static int setup(void **state)
{
	(void)state;
	write_file(passwd_file, "root:x:0:0:root:/root:/bin/sh\nbroken line\n"
				"ann:x:1001:1001:Ann:/home/ann:/bin/bash\nsecond:x:1001:1:::\n");
	write_file(group_file, "ann:x:1001:\nlab:x:2000:ann,bob\n");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	return unlink(passwd_file) | unlink(group_file);
}

static struct passwd *no_user(uid_t uid)
{
	(void)uid;
	return NULL;
}

static struct group *no_group(gid_t gid)
{
	(void)gid;
	return NULL;
}

static struct passwd *hanging_user(uid_t uid)
{
	(void)uid;
	pause();
	return NULL;
}

static struct group *hanging_group(gid_t gid)
{
	(void)gid;
	pause();
	return NULL;
}

static struct passwd *abort_user(uid_t uid)
{
	(void)uid;
	abort();
}

static struct passwd *remote_user(uid_t uid)
{
	static char name[] = "eve", dir[] = "/net/eve", shell[] = "/bin/zsh";
	static struct passwd pw = { .pw_name = name, .pw_dir = dir, .pw_shell = shell };

	pw.pw_uid = uid;
	return &pw;
}

static struct group *remote_group(gid_t gid)
{
	static char name[] = "remote";
	static struct group gr = { .gr_name = name };

	return gid == 3000 ? &gr : NULL;
}

/* Ask so, and see that nobody is left and how long it took. */
static double find(struct passwd *(*user)(uid_t), struct group *(*group)(gid_t), uid_t uid, size_t n, struct account *ret)
{
	const struct account_source from = { .passwd = passwd_file, .group = group_file, .get_user = user,
					     .get_group = group, .deadline_ms = DEADLINE_MS };
	struct timespec a, b;

	clock_gettime(CLOCK_MONOTONIC, &a);
	account_find(&from, uid, gids, n, ret);
	clock_gettime(CLOCK_MONOTONIC, &b);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
	return (double)(b.tv_sec - a.tv_sec) * 1e3 + (double)(b.tv_nsec - a.tv_nsec) / 1e6;
}

static void files_are_enough(void **state)
{
	OWN_ACCOUNT struct account a = {};

	(void)state;
	/* a service that would hang is not asked */
	assert_true(find(hanging_user, hanging_group, 1001, 2, &a) < DEADLINE_MS);
	assert_false(a.late);
	assert_string_equal(a.user, "ann");
	assert_string_equal(a.gecos, "Ann");
	assert_string_equal(a.home, "/home/ann");
	assert_string_equal(a.shell, "/bin/bash");
	assert_string_equal(a.group_names[0], "ann");
	assert_string_equal(a.group_names[1], "lab");
}

static void the_service_has_the_rest(void **state)
{
	OWN_ACCOUNT struct account a = {}, b = {};

	(void)state;
	find(remote_user, remote_group, 5000, 3, &a);
	assert_string_equal(a.user, "eve");
	assert_string_equal(a.gecos, "");
	assert_string_equal(a.home, "/net/eve");
	assert_string_equal(a.group_names[0], "ann");
	assert_string_equal(a.group_names[2], "remote");
	/* what the files have is not asked for */
	find(abort_user, remote_group, 1001, 3, &b);
	assert_string_equal(b.user, "ann");
	assert_string_equal(b.group_names[2], "remote");
}

static void nobody_knows(void **state)
{
	OWN_ACCOUNT struct account a = {};

	(void)state;
	find(no_user, no_group, 5000, 3, &a);
	assert_null(a.user);
	assert_null(a.home);
	assert_null(a.group_names[2]);
	assert_false(a.late);
}

static void a_hanging_service_costs_the_deadline(void **state)
{
	OWN_ACCOUNT struct account a = {}, b = {};
	double ms;

	(void)state;
	ms = find(hanging_user, remote_group, 5000, 3, &a);
	assert_true(ms >= DEADLINE_MS - 1 && ms < DEADLINE_MS + 2000);
	assert_true(a.late);
	assert_null(a.user);
	assert_string_equal(a.group_names[1], "lab");
	/* what it answered before it hung counts */
	ms = find(remote_user, hanging_group, 5000, 3, &b);
	assert_true(ms < DEADLINE_MS + 2000);
	assert_true(b.late);
	assert_string_equal(b.user, "eve");
	assert_null(b.group_names[2]);
}

static void a_crash_there_is_no_crash_here(void **state)
{
	OWN_ACCOUNT struct account a = {};

	(void)state;
	find(abort_user, no_group, 5000, 3, &a);
	assert_null(a.user);
	assert_string_equal(a.group_names[1], "lab");
}

/* A module of the name service that prints, into what it takes for its output:
 * the head of a record with no text. */
static struct passwd *printing_user(uid_t uid)
{
	const unsigned head[2] = { 0xffffffff, 0 };
	struct stat st;

	for (int fd = 3; fd < 64; fd++)
		if (fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode) && write(fd, head, sizeof(head)) > 0)
			break;
	return remote_user(uid);
}

static void strange_records_end_the_answer(void **state)
{
	OWN_ACCOUNT struct account a = {};

	(void)state;
	find(printing_user, remote_group, 5000, 3, &a);
	assert_null(a.user);
	assert_null(a.group_names[2]);
	assert_string_equal(a.group_names[1], "lab");
}

static void home_of_the_file(void **state)
{
	const struct account_source from = { .passwd = passwd_file, .get_user = abort_user };
	OWN_FREE char *ann = account_local_home(&from, 1001), *none = account_local_home(&from, 5000);

	(void)state;
	assert_string_equal(ann, "/home/ann");
	assert_null(none);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_are_enough),
		cmocka_unit_test(the_service_has_the_rest),
		cmocka_unit_test(nobody_knows),
		cmocka_unit_test(a_hanging_service_costs_the_deadline),
		cmocka_unit_test(a_crash_there_is_no_crash_here),
		cmocka_unit_test(strange_records_end_the_answer),
		cmocka_unit_test(home_of_the_file),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
