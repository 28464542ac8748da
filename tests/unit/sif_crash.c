/* A change of a SIF file survives a crash at any point. The calls that reach
 * the disk are wrapped (ld --wrap): the power fails during the n-th of them,
 * for every n, and of what was written since the last fsync any sectors of 512
 * bytes are on the disk, and others not; or the call fails with an error. What
 * is left must be read as the old set of objects or the new one, each with its
 * bytes. The order of writes and fsyncs is looked at, too. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/fd.h"
#include "base/str.h"
#include "image/sif/write.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>

#define SECTOR 512
#define SECTORS 128
#define TRIES 40 /* choices of sectors for each call */

static unsigned calls, fatal; /* the fatal-th call is the last; 0 = none */
static bool powered = true;   /* false: nothing reaches the disk any more */
static bool reports;	      /* the fatal call fails with an error, life goes on */
static struct str order;      /* D data, T table, H header, F fsync, Z zeroes, C cut */
static uint8_t synced[SECTORS * SECTOR]; /* the file at the last fsync */
static uint64_t seed;

ssize_t __real_pwrite(int fd, const void *buf, size_t n, off_t off);
int __real_fsync(int fd);
int __real_ftruncate(int fd, off_t len);
int __real_fallocate(int fd, int mode, off_t off, off_t len);
ssize_t __wrap_pwrite(int fd, const void *buf, size_t n, off_t off);
int __wrap_fsync(int fd);
int __wrap_ftruncate(int fd, off_t len);
int __wrap_fallocate(int fd, int mode, off_t off, off_t len);

/* The power fails: sectors that were written since the last fsync are old or
 * new, as a coin says. (The files of this test are shorter than SECTORS.) */
static void cut_power(int fd)
{
	uint8_t now[SECTORS * SECTOR] = {};
	ssize_t len = pread(fd, now, sizeof(now), 0);

	powered = false;
	for (ssize_t at = 0; at < len; at += SECTOR) {
		seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
		if (seed >> 63)
			assert_true(__real_pwrite(fd, synced + at, len - at < SECTOR ? (size_t)(len - at) : SECTOR, at) > 0);
	}
}

/* The call that is counted: 1 = it fails with an error. */
static int count(int fd)
{
	if (++calls != fatal)
		return 0;
	if (!reports)
		cut_power(fd);
	errno = EIO;
	return reports;
}

ssize_t __wrap_pwrite(int fd, const void *buf, size_t n, off_t off)
{
	str_addc(&order, off == 0 ? 'H' : off == SIF_DESCR_OFFSET ? 'T' : 'D');
	if (powered && __real_pwrite(fd, buf, n, off) != (ssize_t)n)
		return -1;
	return count(fd) ? -1 : (ssize_t)n;
}

int __wrap_fsync(int fd)
{
	str_addc(&order, 'F');
	if (count(fd))
		return -1;
	if (powered)
		assert_true(pread(fd, synced, sizeof(synced), 0) > 0);
	return 0;
}

int __wrap_ftruncate(int fd, off_t len)
{
	str_addc(&order, 'C');
	if (powered && __real_ftruncate(fd, len))
		return -1;
	return count(fd) ? -1 : 0;
}

int __wrap_fallocate(int fd, int mode, off_t off, off_t len)
{
	str_addc(&order, 'Z');
	if (count(fd))
		return -1;
	return powered ? __real_fallocate(fd, mode, off, len) : 0;
}

/* Everything written so far is on the disk. */
static void settle(int fd)
{
	calls = fatal = 0;
	powered = true;
	reports = false;
	str_clear(&order);
	memset(synced, 0, sizeof(synced));
	if (fd >= 0)
		assert_true(pread(fd, synced, sizeof(synced), 0) > 0);
}

/* Three objects: 1 "first", 2 primary "second", 3 a system partition "third". */
static int make_image(void)
{
	static const char *const texts[] = { "first", "second", "third" };
	const struct sif_options opt = { .deterministic = true };
	int fd = memfd_create("image", MFD_CLOEXEC);
	struct sif_writer *w;
	struct err e;

	settle(-1);
	assert_int_equal(sif_writer_new(fd, "a.sif", &opt, &w, &e), 0);
	for (unsigned i = 0; i < 3; i++) {
		struct sif_input in = { .type = SIF_DATA_GENERIC, .group = 1 };

		if (i)
			assert_int_equal(sif_input_partition(&in, SIF_FS_SQUASH, i == 1 ? SIF_PART_PRIMARY : SIF_PART_SYSTEM,
							     i == 1 ? "amd64" : "arm64", &e), 0);
		assert_int_equal(sif_writer_add(w, &in, texts[i], strlen(texts[i]), &e), 0);
	}
	assert_int_equal(sif_writer_finish(w, &e), 0);
	sif_writer_free(w);
	settle(fd);
	return fd;
}

static int add(int fd, struct err *e)
{
	const struct sif_input in = { .type = SIF_DATA_GENERIC_JSON, .group = 1 };
	OWN_FD int data = memfd_create("data", MFD_CLOEXEC);

	assert_int_equal(write(data, "fourth", 6), 6);
	lseek(data, 0, SEEK_SET);
	return sif_add(fd, "a.sif", &in, data, NULL, e);
}

static int delete_primary(int fd, struct err *e)
{
	return sif_delete(fd, "a.sif", 2, true, false, NULL, e);
}

static int delete_last(int fd, struct err *e)
{
	return sif_delete(fd, "a.sif", 3, false, true, NULL, e);
}

static int set_primary(int fd, struct err *e)
{
	return sif_set_primary(fd, "a.sif", 3, NULL, e);
}

/* The objects as text: "1:first 2*:second ". */
static void describe(int fd, struct str *out)
{
	OWN_SIF_IMAGE struct sif_image img = {};
	struct err e = {};

	str_clear(out);
	if (sif_read(fd, "a.sif", &img, &e))
		fail_msg("unreadable after a crash: %s", e.msg);
	for (uint32_t i = 0; i < img.n; i++) {
		const struct sif_object *o = &img.objects[i];
		char text[16] = {};

		assert_true(o->size < (int64_t)sizeof(text));
		assert_int_equal(fd_pread_full(fd, text, (size_t)o->size, (uint64_t)o->offset, "a.sif", &e), 0);
		str_addf(out, "%u%s:%s ", o->id, o == sif_primary(&img) ? "*" : "", text);
	}
}

static const struct {
	const char *name;
	int (*change)(int fd, struct err *e);
	const char *order, *before, *after, *between;
} cases[] = {
	{ "add", add, "DTFTFHF", "1:first 2*:second 3:third ", "1:first 2*:second 3:third 4:fourth ", NULL },
	{ "delete --zero", delete_primary, "TFTHFZF", "1:first 2*:second 3:third ", "1:first 3:third ", NULL },
	{ "delete --compact", delete_last, "TFTHFCF", "1:first 2*:second 3:third ", "1:first 2*:second ", NULL },
	{ "set-primary", set_primary, "TFTFHF", "1:first 2*:second 3:third ", "1:first 2:second 3*:third ",
	  .between = "1:first 2:second 3:third " },
};

static void writes_are_in_order(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		OWN_FD int fd = make_image();
		OWN_STR struct str got = {};
		struct err e = {};

		if (cases[i].change(fd, &e))
			fail_msg("%s: %s", cases[i].name, e.msg);
		assert_string_equal(str_text(&order), cases[i].order);
		describe(fd, &got);
		assert_string_equal(str_text(&got), cases[i].after);
	}
}

static void try_crash(size_t i, unsigned n, bool report)
{
	OWN_FD int fd = make_image();
	OWN_STR struct str got = {};
	const char *between = cases[i].between;
	struct err e = {};
	int rc;

	fatal = n;
	reports = report;
	rc = cases[i].change(fd, &e);
	settle(-1);
	describe(fd, &got);
	if (strcmp(str_text(&got), cases[i].before) != 0 && strcmp(str_text(&got), cases[i].after) != 0 &&
	    (!between || strcmp(str_text(&got), between) != 0))
		fail_msg("%s, call %u: neither old nor new: %s", cases[i].name, n, str_text(&got));
	if (report && rc == 0)
		fail_msg("%s, call %u: the failure was not told", cases[i].name, n);
}

static void any_crash_leaves_old_or_new(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		for (unsigned n = 1; n <= strlen(cases[i].order); n++)
			for (unsigned t = 0; t < TRIES; t++)
				try_crash(i, n, false);
}

/* fallocate is only a way to be quick: without it zeros are written. */
static void any_error_is_told(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		for (unsigned n = 1; n <= strlen(cases[i].order); n++)
			if (cases[i].order[n - 1] != 'Z')
				try_crash(i, n, true);
}

static void zeros_are_written_without_fallocate(void **state)
{
	OWN_FD int fd = make_image();
	char text[6];
	struct err e = {};

	(void)state;
	fatal = (unsigned)strlen("TFTHFZ");
	reports = true;
	if (delete_primary(fd, &e))
		fail_msg("%s", e.msg);
	assert_string_equal(str_text(&order), "TFTHFZDF");
	/* "second" stood at 32768 */
	assert_int_equal(pread(fd, text, sizeof(text), 32768), sizeof(text));
	assert_memory_equal(text, "\0\0\0\0\0", sizeof(text));
	settle(-1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_are_in_order),
		cmocka_unit_test(any_crash_leaves_old_or_new),
		cmocka_unit_test(any_error_is_told),
		cmocka_unit_test(zeros_are_written_without_fallocate),
	};
	int rc = cmocka_run_group_tests(tests, NULL, NULL);

	str_free(&order);
	return rc;
}
