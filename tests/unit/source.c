/* Unit tests of image/source: a range of a file, and nothing outside of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "image/source/source.h"

#include <string.h>
#include <sys/mman.h>

static int make_file(const char *text)
{
	int fd = memfd_create("range", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	return fd;
}

static void a_range_is_all_there_is(void **state)
{
	struct source *s;
	struct err e;
	char buf[8];
	int fd = make_file("0123456789");

	(void)state;
	assert_int_equal(source_range_new(fd, 2, 5, "file", &s, &e), 0);
	assert_int_equal(source_read(s, buf, 5, 0, &e), 0);
	assert_memory_equal(buf, "23456", 5);
	assert_int_equal(source_read(s, buf, 2, 3, &e), 0);
	assert_memory_equal(buf, "56", 2);
	assert_int_equal(source_read(s, buf, 0, 5, &e), 0);
	assert_int_equal(source_read(s, buf, 1, 5, &e), -1);
	assert_int_equal(e.kind, ERR_FORMAT);
	assert_int_equal(source_read(s, buf, 6, 0, &e), -1);
	assert_int_equal(source_read(s, buf, 8, UINT64_MAX - 3, &e), -1);
	source_advise(s, 0, UINT64_MAX);
	source_advise(s, 99, 1);
	source_free(s);
	source_free(NULL);
	close(fd);
}

static void a_short_file_is_truncated(void **state)
{
	static const uint64_t bad[][2] = { { 0, 11 }, { 11, 0 }, { 10, 1 }, { UINT64_MAX, 2 }, { 1, INT64_MAX } };
	struct source *s;
	struct err e;
	char buf[4];
	int fd = make_file("0123456789");

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(source_range_new(fd, bad[i][0], bad[i][1], "file", &s, &e), -1);
		assert_int_equal(e.kind, ERR_FORMAT);
		assert_non_null(strstr(e.msg, "'file' is truncated"));
	}
	/* One that shrinks under us is noticed when it is read. */
	assert_int_equal(source_range_new(fd, 6, 4, "file", &s, &e), 0);
	assert_int_equal(ftruncate(fd, 8), 0);
	assert_int_equal(source_read(s, buf, 4, 0, &e), -1);
	assert_non_null(strstr(e.msg, "'file' is truncated"));
	source_free(s);
	close(fd);
	assert_int_equal(source_range_new(fd, 0, 1, "file", &s, &e), -1);
	assert_int_equal(e.sys, EBADF);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_range_is_all_there_is),
		cmocka_unit_test(a_short_file_is_truncated),
	};

	return cmocka_run_group_tests_name("source", tests, NULL, NULL);
}
