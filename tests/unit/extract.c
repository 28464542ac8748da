/* Unit tests of image/squash/extract: what is written, and what happens when
 * the image, the disk or our rights fail half-way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/fd.h"
#include "base/mem.h"
#include "image/squash/extract.h"

#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/xattr.h>

struct fixture {
	char dir[32];
	int image_fd, dir_fd;
	struct source *src, flaky;
	struct squash *fs;
	struct squash_inode root;
};

static struct source *sound;
static bool broken;

static int flaky_read(struct source *s, void *buf, size_t len, uint64_t off, struct err *e)
{
	(void)s;
	return broken ? err_sys(e, EIO, "cannot read the test image") : source_read(sound, buf, len, off, e);
}

static const struct source_ops flaky_ops = { .read = flaky_read };

static void set_up(struct fixture *f, const char *name)
{
	const char *top = getenv("top_srcdir");
	OWN_FREE char *path = xasprintf("%s/tests/fuzz/corpus/squash/%s", top ? top : ".", name);
	struct stat st;
	struct err e;

	broken = false;
	snprintf(f->dir, sizeof(f->dir), "/tmp/sif-unit.XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	f->dir_fd = open(f->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	f->image_fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(f->dir_fd >= 0 && f->image_fd >= 0 && fstat(f->image_fd, &st) == 0);
	assert_int_equal(source_range_new(f->image_fd, 0, (uint64_t)st.st_size, name, &f->src, &e), 0);
	sound = f->src;
	f->flaky = (struct source){ .ops = &flaky_ops, .size = f->src->size };
	assert_int_equal(squash_open(&f->flaky, NULL, &f->fs, &e), 0);
	assert_int_equal(squash_lookup(f->fs, "/", true, &f->root, &e), 1);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void tear_down(struct fixture *f)
{
	squash_free(f->fs);
	source_free(f->src);
	close(f->image_fd);
	close(f->dir_fd);
	assert_int_equal(nftw(f->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

static struct stat look(struct fixture *f, const char *name)
{
	struct stat st;

	if (fstatat(f->dir_fd, name, &st, AT_SYMLINK_NOFOLLOW))
		fail_msg("'%s' is not there", name);
	return st;
}

static void a_tree_is_written(void **state)
{
	struct squash_extract_options opt = { .threads = 3 };
	struct squash_extract_stats stats;
	struct fixture f;
	struct stat st;
	struct err e;

	(void)state;
	set_up(&f, "raw");
	assert_int_equal(squash_extract(f.fs, &f.root, f.dir_fd, NULL, &opt, &stats, &e), 0);
	assert_int_equal(stats.devices, 2);
	assert_int_equal(stats.files, 3);
	st = look(&f, "f");
	assert_int_equal(st.st_size, 6);
	assert_int_equal(st.st_nlink, 2);
	assert_int_equal(st.st_mtime, 0);
	assert_int_equal(look(&f, "d/g").st_ino, st.st_ino);
	assert_true(S_ISFIFO(look(&f, "p").st_mode));
	assert_true(S_ISLNK(look(&f, "l").st_mode));
	st = look(&f, "d/hole");
	assert_int_equal(st.st_size, 20004);
	assert_true(st.st_blocks * 512 < 20004);
	assert_int_equal(faccessat(f.dir_fd, "c", F_OK, AT_SYMLINK_NOFOLLOW), -1);
	/* Again: what is there stays, and the message does not blame the image. */
	assert_int_equal(squash_extract(f.fs, &f.root, f.dir_fd, NULL, &opt, &stats, &e), -1);
	assert_int_equal(e.sys, EEXIST);
	tear_down(&f);
}

static void one_object_gets_its_name(void **state)
{
	struct squash_extract_stats stats;
	struct squash_inode inode;
	struct fixture f;
	struct err e;

	(void)state;
	set_up(&f, "zstd");
	assert_int_equal(squash_lookup(f.fs, "l", false, &inode, &e), 1);
	assert_int_equal(squash_extract(f.fs, &inode, f.dir_fd, "link", NULL, &stats, &e), 0);
	assert_true(S_ISLNK(look(&f, "link").st_mode));
	assert_int_equal(squash_lookup(f.fs, "f", false, &inode, &e), 1);
	assert_int_equal(squash_extract(f.fs, &inode, f.dir_fd, "file", NULL, &stats, &e), 0);
	assert_int_equal(look(&f, "file").st_size, 6);
	assert_int_equal(squash_extract(f.fs, &inode, f.dir_fd, "link", NULL, &stats, &e), -1);
	assert_int_equal(squash_extract(f.fs, &inode, f.dir_fd, NULL, NULL, &stats, &e), -1);
	assert_int_equal(e.sys, ENOTDIR);
	assert_int_equal(squash_lookup(f.fs, "d", false, &inode, &e), 1);
	assert_int_equal(squash_extract(f.fs, &inode, f.dir_fd, "d", NULL, &stats, &e), 0);
	assert_int_equal(look(&f, "d/blocks").st_size, 9000);
	tear_down(&f);
}

static void attributes_are_kept_where_they_can_be(void **state)
{
	struct squash_extract_stats stats;
	struct squash_inode inode;
	struct fixture f;
	char value[8];
	struct err e;
	int fd;

	(void)state;
	set_up(&f, "gzip");
	fd = openat(f.dir_fd, "file", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(squash_lookup(f.fs, "f", false, &inode, &e), 1);
	assert_int_equal(squash_extract_file(f.fs, &inode, fd, NULL, &stats, &e), 0);
	/* tmpfs had no user.* for long: then it is counted */
	if (stats.xattrs == 0) {
		assert_int_equal(fgetxattr(fd, "user.a", value, sizeof(value)), 3);
		assert_memory_equal(value, "one", 3);
	}
	close(fd);
	tear_down(&f);
}

/* Owners are root's to give; the image's files belong to root. */
static void owners_need_rights(void **state)
{
	struct squash_extract_options opt = { .threads = 2, .owners = true };
	struct squash_extract_stats stats;
	struct fixture f;
	struct err e;
	int r;

	(void)state;
	set_up(&f, "raw");
	r = squash_extract(f.fs, &f.root, f.dir_fd, NULL, &opt, &stats, &e);
	if (geteuid() == 0) {
		assert_int_equal(r, 0);
		assert_int_equal(look(&f, "f").st_uid, 0);
	} else {
		assert_int_equal(r, -1);
		assert_int_equal(e.sys, EPERM);
	}
	tear_down(&f);
}

static void a_failing_source_ends_it(void **state)
{
	struct squash_extract_options opt = { .threads = 2 };
	struct squash_extract_stats stats;
	struct squash_inode inode;
	struct fixture f;
	struct err e;

	(void)state;
	set_up(&f, "zstd-many");
	assert_int_equal(squash_lookup(f.fs, "many", false, &inode, &e), 1);
	broken = true; /* metadata is there already, bytes are not */
	assert_int_equal(squash_extract(f.fs, &f.root, f.dir_fd, NULL, &opt, &stats, &e), -1);
	assert_int_equal(e.sys, EIO);
	assert_non_null(strstr(e.msg, "'many'"));
	tear_down(&f);
}

static void a_full_disk_ends_it(void **state)
{
	struct squash_extract_options opt = { .threads = 2 };
	struct squash_extract_stats stats;
	struct rlimit old, small = { .rlim_cur = 8192 };
	struct fixture f;
	struct err e;

	(void)state;
	set_up(&f, "zstd-many");
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small.rlim_max = old.rlim_max;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_int_equal(squash_extract(f.fs, &f.root, f.dir_fd, NULL, &opt, &stats, &e), -1);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(e.sys, EFBIG);
	tear_down(&f);
}

/* More files than the queue holds. */
static void the_queue_is_not_the_limit(void **state)
{
	struct squash_extract_options opt = { .threads = 100 };
	struct squash_extract_stats stats;
	struct fixture f;
	struct err e;

	(void)state;
	set_up(&f, "zstd-index");
	assert_int_equal(squash_extract(f.fs, &f.root, f.dir_fd, NULL, &opt, &stats, &e), 0);
	assert_int_equal(stats.files, 150);
	tear_down(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_tree_is_written),
		cmocka_unit_test(one_object_gets_its_name),
		cmocka_unit_test(attributes_are_kept_where_they_can_be),
		cmocka_unit_test(owners_need_rights),
		cmocka_unit_test(a_failing_source_ends_it),
		cmocka_unit_test(a_full_disk_ends_it),
		cmocka_unit_test(the_queue_is_not_the_limit),
	};

	return cmocka_run_group_tests_name("extract", tests, NULL, NULL);
}
