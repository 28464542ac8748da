/* Unit tests of image/source/retry.h and reopen.h: storage that fails for a
 * while, under several readers at once. A source injects the failures; what it
 * gives is otherwise the file below it.
 *
 * Who waits for whom is proven by order, not by time: a reader that is held up
 * would hang the test, and the alarm ends it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/fd.h"
#include "base/mem.h"
#include "image/source/reopen.h"
#include "image/source/retry.h"
#include "image/squash/squash.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>

#define READERS 6
#define SIZE 100000u

/* What a reader of the bytes [from, to) meets. */
struct flaky {
	struct source source;
	struct source *inner;
	uint64_t from, to;
	_Atomic int sys;	  /* this error, 0 = none */
	_Atomic int times;	  /* so many times; -1 = until told otherwise */
	_Atomic bool held;	  /* or no answer at all for the time being */
	_Atomic unsigned reads, failed, holding;
};

static void wait_for(_Atomic unsigned *count, unsigned n)
{
	while (atomic_load(count) < n)
		usleep(500);
}

static int flaky_read(struct source *s, void *buf, size_t len, uint64_t off, struct err *e)
{
	struct flaky *f = (struct flaky *)s;

	atomic_fetch_add(&f->reads, 1);
	if (off + len > f->from && off < f->to) {
		if (f->held) {
			atomic_fetch_add(&f->holding, 1);
			while (f->held)
				usleep(500);
		}
		if (f->sys && (f->times < 0 || atomic_fetch_sub(&f->times, 1) > 0)) {
			atomic_fetch_add(&f->failed, 1);
			return err_sys(e, f->sys, "cannot read 'image'");
		}
	}
	return source_read(f->inner, buf, len, off, e);
}

static const struct source_ops flaky_ops = { .read = flaky_read };

/* What was said, and how many readers waited. */
struct heard {
	_Atomic unsigned said[RETRY_FINAL + 1];
	_Atomic unsigned waiting;
	_Atomic int cause; /* errno of the last one */
	_Atomic bool leave;
};

static void hear(void *ctx, enum retry_event what, const struct err *cause)
{
	struct heard *h = ctx;

	assert_true((cause == NULL) == (what == RETRY_RESUMES));
	if (cause)
		h->cause = cause->sys;
	atomic_fetch_add(&h->said[what], 1);
}

static bool hear_wait(void *ctx, unsigned pauses)
{
	struct heard *h = ctx;

	if (pauses == 0)
		atomic_fetch_add(&h->waiting, 1);
	return !h->leave;
}

static void check_heard(const struct heard *h, unsigned fails, unsigned resumes, unsigned gives_up, unsigned final)
{
	assert_int_equal(h->said[RETRY_FAILS], fails);
	assert_int_equal(h->said[RETRY_RESUMES], resumes);
	assert_int_equal(h->said[RETRY_GIVES_UP], gives_up);
	assert_int_equal(h->said[RETRY_FINAL], final);
}

/* A file, and the three sources above it. */
struct rig {
	int fd;
	struct source *range, *top;
	struct flaky flaky;
	struct heard heard;
	struct reopen *reopen;
	char folder[32], *path;
};

static uint8_t byte_at(uint64_t off)
{
	return (uint8_t)(off * 7 + off / 251);
}

static void write_file(const char *path, int twist)
{
	OWN_FD int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	OWN_FREE uint8_t *data = xmalloc(SIZE);
	struct err e;

	for (uint64_t i = 0; i < SIZE; i++)
		data[i] = byte_at(i);
	data[60000] = (uint8_t)(data[60000] + twist);
	assert_true(fd >= 0);
	assert_int_equal(fd_write_full(fd, data, SIZE, path, &e), 0);
}

static void put_up(struct rig *g, unsigned limit_ms)
{
	struct retry_options opt = { .limit_ms = limit_ms, .reopen = reopen_again, .report = hear,
				     .wait = hear_wait };
	OWN_FREE char *link = NULL;
	struct err e;

	*g = (struct rig){ .folder = "/tmp/sif-unit.XXXXXX" };
	assert_non_null(mkdtemp(g->folder));
	g->path = xasprintf("%s/image", g->folder);
	write_file(g->path, 0);
	/* The user's name is a link: what is opened again is the file. */
	link = xasprintf("%s/link", g->folder);
	assert_int_equal(symlink("image", link), 0);
	g->fd = open(link, O_RDONLY | O_CLOEXEC);
	assert_true(g->fd >= 0);
	assert_int_equal(source_range_new(g->fd, 0, SIZE, "image", &g->range, &e), 0);
	assert_int_equal(reopen_new(g->fd, 60000, "image", &g->reopen, &e), 0);
	g->flaky = (struct flaky){ .source = { .ops = &flaky_ops, .size = SIZE }, .inner = g->range,
				   .to = SIZE, .times = -1 };
	opt.ctx = &g->heard;
	opt.reopen_ctx = g->reopen;
	assert_int_equal(source_retry_new(&g->flaky.source, &opt, &g->top, &e), 0);
}

static void take_down(struct rig *g)
{
	OWN_FREE char *link = xasprintf("%s/link", g->folder);

	source_free(g->top);
	source_free(g->range);
	reopen_free(g->reopen);
	close(g->fd);
	unlink(link);
	unlink(g->path);
	rmdir(g->folder);
	free(g->path);
}

static int read_at(struct rig *g, uint64_t off, struct err *e)
{
	uint8_t buf[1000];

	*e = (struct err){};
	if (source_read(g->top, buf, sizeof(buf), off, e))
		return -1;
	for (uint64_t i = 0; i < sizeof(buf); i++)
		if (buf[i] != byte_at(off + i))
			return -2;
	return 0;
}

struct reader {
	pthread_t thread;
	struct rig *rig;
	uint64_t off;
	int result;
	struct err e;
};

static void *read_in_thread(void *arg)
{
	struct reader *r = arg;

	r->result = read_at(r->rig, r->off, &r->e);
	return NULL;
}

static void start(struct reader *r, struct rig *g, uint64_t off)
{
	*r = (struct reader){ .rig = g, .off = off };
	assert_int_equal(pthread_create(&r->thread, NULL, read_in_thread, r), 0);
}

static int result(struct reader *r)
{
	pthread_join(r->thread, NULL);
	return r->result;
}

static const int passing[] = { EIO, ESTALE, ETIMEDOUT, ENOTCONN, ESHUTDOWN };

static void what_passes_is_waited_for(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(passing); i++) {
		struct reader readers[READERS];
		struct rig g;

		put_up(&g, 0);
		g.flaky.sys = passing[i];
		for (unsigned k = 0; k < READERS; k++)
			start(&readers[k], &g, k * 9000u);
		wait_for(&g.heard.waiting, READERS);
		wait_for(&g.flaky.failed, 3 * READERS);
		check_heard(&g.heard, 1, 0, 0, 0);
		assert_int_equal(g.heard.cause, passing[i]);
		g.flaky.sys = 0;
		for (unsigned k = 0; k < READERS; k++)
			assert_int_equal(result(&readers[k]), 0);
		check_heard(&g.heard, 1, 1, 0, 0);
		take_down(&g);
	}
}

static void what_does_not_pass_is_final(void **state)
{
	static const int final[] = { EACCES, ENOMEM, EINVAL, ENXIO };
	struct err e;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(final); i++) {
		struct rig g;

		put_up(&g, 0);
		g.flaky.sys = final[i];
		assert_int_equal(read_at(&g, 0, &e), -1);
		assert_int_equal(e.sys, final[i]);
		assert_int_equal(read_at(&g, 0, &e), -1);
		assert_int_equal(g.flaky.reads, 2);
		check_heard(&g.heard, 0, 0, 0, 1);
		take_down(&g);
	}
	/* EIO that turns into something final ends the waiting. */
	struct reader r;
	struct rig g;

	put_up(&g, 0);
	g.flaky.sys = EIO;
	start(&r, &g, 0);
	wait_for(&g.flaky.failed, 2);
	g.flaky.sys = EACCES;
	assert_int_equal(result(&r), -1);
	assert_int_equal(r.e.sys, EACCES);
	check_heard(&g.heard, 1, 0, 0, 1);
	take_down(&g);
	assert_false(retry_may_pass(&(struct err){ .kind = ERR_FORMAT, .sys = EIO }));
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void the_limit_is_one_for_all(void **state)
{
	struct reader readers[READERS];
	double begun = seconds();
	unsigned reads;
	struct rig g;
	struct err e;

	(void)state;
	put_up(&g, 300);
	g.flaky.sys = ETIMEDOUT;
	for (unsigned k = 0; k < READERS; k++)
		start(&readers[k], &g, k * 9000u);
	for (unsigned k = 0; k < READERS; k++) {
		assert_int_equal(result(&readers[k]), -1);
		assert_int_equal(readers[k].e.sys, ETIMEDOUT);
		assert_non_null(strstr(readers[k].e.msg, "'image'"));
	}
	assert_true(seconds() - begun >= 0.3);
	check_heard(&g.heard, 1, 0, 1, 0);
	/* From here on one try each; a hundred waits would take half a minute. */
	reads = g.flaky.reads;
	begun = seconds();
	for (unsigned k = 0; k < 100; k++)
		assert_int_equal(read_at(&g, 0, &e), -1);
	assert_int_equal(g.flaky.reads, reads + 100);
	assert_true(seconds() - begun < 15);
	check_heard(&g.heard, 1, 0, 1, 0);
	g.flaky.sys = 0;
	assert_int_equal(read_at(&g, 0, &e), 0);
	check_heard(&g.heard, 1, 1, 1, 0);
	/* And all begins anew. */
	g.flaky.times = 2;
	g.flaky.sys = EIO;
	assert_int_equal(read_at(&g, 0, &e), 0);
	check_heard(&g.heard, 2, 2, 1, 0);
	take_down(&g);
}

static void a_reader_may_leave(void **state)
{
	struct reader r;
	struct rig g;
	struct err e;

	(void)state;
	put_up(&g, 0);
	g.flaky.sys = ENOTCONN;
	start(&r, &g, 0);
	wait_for(&g.flaky.failed, 3);
	g.heard.leave = true;
	assert_int_equal(result(&r), -1);
	assert_int_equal(r.e.sys, ENOTCONN);
	check_heard(&g.heard, 1, 0, 0, 0);
	g.heard.leave = false;
	g.flaky.sys = 0;
	assert_int_equal(read_at(&g, 0, &e), 0);
	check_heard(&g.heard, 1, 1, 0, 0);
	take_down(&g);
}

/* One place fails, or gives no answer; the rest of the image is read. */
static void nobody_waits_for_another(void **state)
{
	struct reader bad[READERS];
	struct rig g;
	struct err e;

	(void)state;
	for (int hold = 0; hold < 2; hold++) {
		put_up(&g, 0);
		g.flaky.from = 50000;
		g.flaky.to = 51000;
		if (hold)
			g.flaky.held = true;
		else
			g.flaky.sys = EIO;
		for (unsigned k = 0; k < READERS; k++)
			start(&bad[k], &g, 50000);
		wait_for(hold ? &g.flaky.holding : &g.heard.waiting, READERS);
		for (unsigned k = 0; k < 50; k++)
			assert_int_equal(read_at(&g, k * 1000, &e), 0);
		/* These successes do not mean that the storage works again. */
		check_heard(&g.heard, !hold, 0, 0, 0);
		g.flaky.sys = 0;
		g.flaky.held = false;
		for (unsigned k = 0; k < READERS; k++)
			assert_int_equal(result(&bad[k]), 0);
		check_heard(&g.heard, !hold, !hold, 0, 0);
		take_down(&g);
	}
}

static void a_file_that_shrinks_is_not_waited_for(void **state)
{
	struct rig g;
	struct err e;

	(void)state;
	put_up(&g, 0);
	assert_int_equal(truncate(g.path, 50500), 0);
	for (int k = 0; k < 3; k++) {
		assert_int_equal(read_at(&g, 50000, &e), -1);
		assert_int_equal(e.kind, ERR_SYSTEM);
		assert_string_equal(e.msg, "'image' is truncated or was changed while in use");
		assert_int_equal(read_at(&g, 0, &e), 0);
	}
	check_heard(&g.heard, 0, 0, 0, 1);
	take_down(&g);
}

/* What happens to the name while the descriptor is stale. */
enum fate { COPIED_BACK, UNTOUCHED, REPLACED, GREW, A_LINK, A_FIFO, REMOVED };

static void befall(const struct rig *g, enum fate fate)
{
	OWN_FREE char *other = xasprintf("%s/other", g->folder);

	switch (fate) {
	case UNTOUCHED:
		return;
	case COPIED_BACK:
	case REPLACED:
	case GREW:
		write_file(other, fate == REPLACED);
		assert_int_equal(rename(other, g->path), 0);
		if (fate == GREW)
			assert_int_equal(truncate(g->path, SIZE + 1), 0);
		return;
	case A_LINK:
		assert_int_equal(rename(g->path, other), 0);
		assert_int_equal(symlink("other", g->path), 0);
		return;
	case A_FIFO:
		unlink(g->path);
		assert_int_equal(mkfifo(g->path, 0600), 0);
		return;
	case REMOVED:
		unlink(g->path);
	}
}

static void only_the_same_image_is_opened_again(void **state)
{
	(void)state;
	for (enum fate fate = COPIED_BACK; fate <= REMOVED; fate++) {
		bool same = fate == COPIED_BACK || fate == UNTOUCHED;
		struct stat before, after, named;
		OWN_FREE char *other = NULL;
		struct rig g;
		struct err e;

		put_up(&g, 5000);
		assert_int_equal(fstat(g.fd, &before), 0);
		befall(&g, fate);
		g.flaky.times = 1;
		g.flaky.sys = ESTALE;
		assert_int_equal(read_at(&g, 3000, &e), same ? 0 : -1);
		check_heard(&g.heard, 1, same, 0, !same);
		assert_int_equal(g.flaky.reads, same ? 2 : 1);
		assert_int_equal(fstat(g.fd, &after), 0);
		assert_int_equal(before.st_ino == after.st_ino, fate != COPIED_BACK);
		assert_true(fcntl(g.fd, F_GETFD) & FD_CLOEXEC);
		if (fate == COPIED_BACK) {
			assert_int_equal(stat(g.path, &named), 0);
			assert_int_equal(after.st_ino, named.st_ino);
		}
		if (fate == REPLACED)
			assert_non_null(strstr(e.msg, "'image' was replaced by another image"));
		if (fate == REMOVED)
			assert_int_equal(e.sys, ENOENT);
		other = xasprintf("%s/other", g.folder);
		unlink(other);
		take_down(&g);
	}
}

/* Six readers find the descriptor stale while one opens the image again. */
static void many_readers_open_it_once_at_a_time(void **state)
{
	struct reader readers[READERS];
	struct rig g;

	(void)state;
	put_up(&g, 0);
	befall(&g, COPIED_BACK);
	g.flaky.sys = ESTALE;
	for (unsigned k = 0; k < READERS; k++)
		start(&readers[k], &g, k * 9000u);
	wait_for(&g.heard.waiting, READERS);
	wait_for(&g.flaky.failed, 4 * READERS);
	g.flaky.sys = 0;
	for (unsigned k = 0; k < READERS; k++)
		assert_int_equal(result(&readers[k]), 0);
	check_heard(&g.heard, 1, 1, 0, 0);
	take_down(&g);
}

static void an_image_without_a_name(void **state)
{
	int fd = memfd_create("image", MFD_CLOEXEC);
	struct reopen *ro;
	struct err e = {};

	(void)state;
	assert_int_equal(reopen_new(fd, 4096, "image", &ro, &e), 0);
	assert_int_equal(reopen_again(ro, &e), -1);
	assert_false(retry_may_pass(&e));
	reopen_free(ro);
	reopen_free(NULL);
	close(fd);
	assert_int_equal(reopen_new(fd, 0, "image", &ro, &e), -1);
	assert_int_equal(e.sys, EBADF);
}

/* The SquashFS reader above: the file "many" of 300 blocks of 4 KiB. */
#define BLOCK 4096u

struct tree {
	struct flaky flaky;
	struct heard heard;
	struct source *range, *top;
	struct squash *fs;
	struct squash_inode many;
	int fd;
};

static void open_tree(struct tree *t)
{
	struct retry_options opt = { .report = hear, .wait = hear_wait, .ctx = &t->heard };
	const char *top = getenv("top_srcdir");
	OWN_FREE char *path = xasprintf("%s/tests/fuzz/corpus/squash/zstd-many", top ? top : ".");
	struct stat st;
	struct err e;

	*t = (struct tree){ .fd = open(path, O_RDONLY | O_CLOEXEC) };
	assert_int_equal(fstat(t->fd, &st), 0);
	assert_int_equal(source_range_new(t->fd, 0, (uint64_t)st.st_size, "image", &t->range, &e), 0);
	t->flaky = (struct flaky){ .source = { .ops = &flaky_ops, .size = t->range->size }, .inner = t->range,
				   .times = -1 };
	assert_int_equal(source_retry_new(&t->flaky.source, &opt, &t->top, &e), 0);
	assert_int_equal(squash_open(t->top, NULL, &t->fs, &e), 0);
	assert_int_equal(squash_lookup(t->fs, "many", true, &t->many, &e), 1);
}

static void close_tree(struct tree *t)
{
	squash_free(t->fs);
	source_free(t->top);
	source_free(t->range);
	close(t->fd);
}

/* A few bytes of a block: they go through the block cache. */
static void read_block(struct tree *t, unsigned block)
{
	uint8_t buf[10];
	struct err e;

	assert_int_equal(squash_read(t->fs, &t->many, buf, sizeof(buf), (uint64_t)block * BLOCK + 5, &e),
			 sizeof(buf));
	assert_int_equal(buf[0], '!' + block % 90);
}

static void *read_first_block(void *arg)
{
	read_block(arg, 0);
	return NULL;
}

static void the_reader_above_goes_on(void **state)
{
	pthread_t waiters[READERS];
	struct squash_inode root;
	struct squash_dirent ent;
	struct tree t;
	struct err e;

	(void)state;
	open_tree(&t);
	read_block(&t, 7);
	t.flaky.from = t.many.start; /* the first block and nothing else */
	t.flaky.to = t.many.start + 1;
	t.flaky.sys = EIO;
	for (unsigned k = 0; k < READERS; k++)
		assert_int_equal(pthread_create(&waiters[k], NULL, read_first_block, &t), 0);
	/* Those who want the same block wait for the first who does. */
	wait_for(&t.flaky.failed, 3);
	assert_int_equal(t.heard.waiting, 1);
	for (unsigned block = 1; block < 300; block++)
		read_block(&t, block);
	/* Now nothing can be read any more: what is in memory still can. */
	t.flaky.from = 0;
	t.flaky.to = UINT64_MAX;
	read_block(&t, 7);
	assert_int_equal(squash_inode_read(t.fs, squash_root_ref(t.fs), &root, &e), 0);
	assert_int_equal(squash_dir_find(t.fs, &root, "many", 4, &ent, &e), 1);
	squash_trim(t.fs);
	t.flaky.sys = 0;
	for (unsigned k = 0; k < READERS; k++)
		pthread_join(waiters[k], NULL);
	check_heard(&t.heard, 1, 1, 0, 0);
	close_tree(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_passes_is_waited_for),
		cmocka_unit_test(what_does_not_pass_is_final),
		cmocka_unit_test(the_limit_is_one_for_all),
		cmocka_unit_test(a_reader_may_leave),
		cmocka_unit_test(nobody_waits_for_another),
		cmocka_unit_test(a_file_that_shrinks_is_not_waited_for),
		cmocka_unit_test(only_the_same_image_is_opened_again),
		cmocka_unit_test(many_readers_open_it_once_at_a_time),
		cmocka_unit_test(an_image_without_a_name),
		cmocka_unit_test(the_reader_above_goes_on),
	};

	alarm(120);
	return cmocka_run_group_tests_name("retry", tests, NULL, NULL);
}
