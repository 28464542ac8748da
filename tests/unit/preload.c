/* Unit tests of what is unpacked before it is asked for: readers get it, nobody
 * waits for it, and it takes no more memory than the cache has. The image is
 * tests/fuzz/corpus/squash/zstd-many: one file of 300 packed blocks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/fd.h"
#include "base/mem.h"
#include "image/squash/hot.h"
#include "image/squash/internal.h"

#include <time.h>

#define BLOCK 4096u
#define BLOCKS 300u

struct memory {
	struct source source;
	char *data;
	_Atomic unsigned reads, advised;
};

struct image {
	struct memory m;
	struct squash *fs;
	struct squash_inode file;
	struct squash_hot_block blocks[BLOCKS];
};

static int memory_read(struct source *s, void *buf, size_t len, uint64_t off, struct err *e)
{
	struct memory *m = (struct memory *)s;

	(void)e;
	atomic_fetch_add(&m->reads, 1);
	memcpy(buf, m->data + off, len);
	return 0;
}

static void memory_advise(struct source *s, uint64_t off, uint64_t len)
{
	(void)off;
	(void)len;
	atomic_fetch_add(&((struct memory *)s)->advised, 1);
}

static const struct source_ops memory_ops = { .read = memory_read, .advise = memory_advise };

/* cache: blocks that it may hold. */
static void open_image(struct image *i, size_t cache)
{
	const struct squash_options opt = { .block_cache_bytes = cache * BLOCK };
	const char *top = getenv("top_srcdir");
	OWN_FREE char *path = xasprintf("%s/tests/fuzz/corpus/squash/zstd-many", top ? top : ".");
	struct sq_blocks list;
	struct err e;
	size_t len;

	*i = (struct image){ .m.source.ops = &memory_ops };
	if (fd_read_file(path, 1 << 20, &i->m.data, &len, &e))
		fail_msg("%s", e.msg);
	i->m.source.size = len;
	assert_int_equal(squash_open(&i->m.source, &opt, &i->fs, &e), 0);
	assert_int_equal(squash_lookup(i->fs, "many", false, &i->file, &e), 1);
	assert_int_equal(sq_blocks_seek(i->fs, &i->file, 0, BLOCKS, &list, &e), 0);
	for (unsigned k = 0; k < BLOCKS; k++)
		assert_int_equal(sq_blocks_next(&list, &i->blocks[k].pos, &i->blocks[k].word, &e), 0);
}

static void close_image(struct image *i)
{
	squash_free(i->fs);
	free(i->m.data);
}

static void check_block(struct image *i, unsigned k, uint32_t from, uint32_t n)
{
	uint8_t buf[BLOCK];
	struct err e;

	assert_int_equal(squash_read(i->fs, &i->file, buf, n, (uint64_t)k * BLOCK + from, &e), n);
	for (uint32_t b = 0; b < n; b++)
		assert_int_equal(buf[b], '!' + k % 90);
}

static void readers_get_what_was_unpacked(void **state)
{
	struct image i;
	unsigned reads;

	(void)state;
	open_image(&i, 1024);
	for (unsigned k = 0; k < BLOCKS; k++)
		assert_int_equal(squash_preload(i.fs, &i.blocks[k]), SQUASH_PRELOAD_DONE);
	reads = i.m.reads;
	for (unsigned k = 0; k < BLOCKS; k++) {
		check_block(&i, k, 0, BLOCK);
		check_block(&i, k, 7, 100);
	}
	assert_int_equal(i.m.reads, reads);
	close_image(&i);
}

/* What a reader had unpacked into its own buffer is not unpacked again. */
static void what_was_read_is_left_out(void **state)
{
	struct image i;
	unsigned reads;

	(void)state;
	open_image(&i, 1024);
	check_block(&i, 3, 0, BLOCK);
	reads = i.m.reads;
	assert_int_equal(squash_preload(i.fs, &i.blocks[3]), SQUASH_PRELOAD_DONE);
	assert_int_equal(i.m.reads, reads);
	assert_int_equal(squash_preload(i.fs, &i.blocks[4]), SQUASH_PRELOAD_DONE);
	assert_int_equal(i.m.reads, reads + 1);
	close_image(&i);
}

static unsigned preload_until_full(struct image *i, unsigned first)
{
	for (unsigned k = first; k < BLOCKS; k++)
		if (squash_preload(i->fs, &i->blocks[k]) == SQUASH_PRELOAD_FULL)
			return k;
	return BLOCKS;
}

/* A full cache of unread blocks takes no more; each block that is read to its
 * end makes room, and then what was unpacked first is still there. */
static void memory_is_bounded(void **state)
{
	struct squash_stats stats;
	struct image i;
	unsigned full, reads;

	(void)state;
	open_image(&i, 64);
	full = preload_until_full(&i, 0);
	assert_in_range(full, 4, 64);
	assert_int_equal(preload_until_full(&i, full), full);
	reads = i.m.reads;
	for (unsigned k = 0; k < full; k++)
		check_block(&i, k, 0, BLOCK);
	assert_int_equal(i.m.reads, reads);
	assert_true(preload_until_full(&i, full) > full);
	squash_stats(i.fs, &stats);
	assert_true(stats.cache_bytes <= 64 * (BLOCK + 256));
	close_image(&i);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* A thread that has no CPU holds a block for ever: readers of it, of a part and
 * of the whole, get their bytes, and preloading ends. */
static void nobody_waits_for_an_idle_thread(void **state)
{
	struct sq_block *stuck[2];
	double start = now();
	struct image i;

	(void)state;
	open_image(&i, 1024);
	for (unsigned k = 0; k < 2; k++)
		assert_int_equal(sq_cache_claim(i.fs, i.blocks[k].pos, i.blocks[k].word, &stuck[k]), SQ_CLAIM_YES);
	check_block(&i, 0, 5, 100);
	check_block(&i, 1, 0, BLOCK);
	assert_true(now() - start < 5);
	assert_int_equal(squash_preload(i.fs, &i.blocks[9]), SQUASH_PRELOAD_END);
	for (unsigned k = 0; k < 2; k++)
		sq_cache_settle(i.fs, stuck[k], -1, &(struct err){ .kind = ERR_FORMAT });
	check_block(&i, 0, 5, 100);
	close_image(&i);
}

struct job {
	struct image *i;
	struct sq_block *b;
};

static void *settle_soon(void *arg)
{
	struct job *job = arg;

	nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	memset(job->b->data, '!', BLOCK);
	sq_cache_settle(job->i->fs, job->b, BLOCK, NULL);
	return NULL;
}

/* One that is at work is waited for: the block is unpacked once. */
static void a_busy_thread_is_waited_for(void **state)
{
	struct image i;
	struct job job = { .i = &i };
	pthread_t thread;
	unsigned reads;

	(void)state;
	open_image(&i, 1024);
	assert_int_equal(sq_cache_claim(i.fs, i.blocks[0].pos, i.blocks[0].word, &job.b), SQ_CLAIM_YES);
	reads = i.m.reads;
	pthread_create(&thread, NULL, settle_soon, &job);
	check_block(&i, 0, 5, 100);
	pthread_join(thread, NULL);
	/* 1 when the sleeper overslept on a busy machine */
	assert_in_range(i.m.reads, reads, reads + 1);
	check_block(&i, 0, 0, BLOCK);
	close_image(&i);
}

/* A list that lies about a block: nothing is there, nothing is harmed. */
static void wrong_places_are_harmless(void **state)
{
	struct image i;

	(void)state;
	open_image(&i, 1024);
	for (unsigned k = 0; k < 50; k++) {
		const struct squash_hot_block wrong = { i.blocks[k].pos + 1, i.blocks[k].word };
		const struct squash_hot_block beyond = { i.m.source.size - 1 + k, 4096 };

		assert_int_equal(squash_preload(i.fs, &wrong), SQUASH_PRELOAD_DONE);
		assert_int_equal(squash_preload(i.fs, &beyond), SQUASH_PRELOAD_DONE);
	}
	for (unsigned k = 0; k < BLOCKS; k++)
		check_block(&i, k, 0, k % 2 ? BLOCK : 17);
	close_image(&i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(readers_get_what_was_unpacked), cmocka_unit_test(what_was_read_is_left_out),
		cmocka_unit_test(memory_is_bounded),		 cmocka_unit_test(nobody_waits_for_an_idle_thread),
		cmocka_unit_test(a_busy_thread_is_waited_for),	 cmocka_unit_test(wrong_places_are_harmless),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
