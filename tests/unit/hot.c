/* Unit tests of the hot list: what is written is read again, and a list that
 * lies is refused before anything is done with it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/le.h"
#include "image/squash/hot.h"
#include "image/squash/squash.h"

#include <string.h>

#define FS_BYTES 1000000u
#define UNCOMPRESSED (1u << 24)

static const struct squash_super super = { .block_size = 4096, .bytes_used = FS_BYTES };

static struct squash_hot_block blocks[] = { { 5000, 100 }, { 200, 4096 | UNCOMPRESSED }, { 5100, 1 } };
static const struct squash_hot sample = { .start = 200, .size = 4901, .n = 3, .blocks = blocks };

static int parse(const struct str *s, struct squash_hot *ret)
{
	struct err e = {};

	return squash_hot_parse(s->s, s->len, &super, ret, &e);
}

static void test_round_trip(void **state)
{
	OWN_SQUASH_HOT struct squash_hot got = {};
	OWN_STR struct str s = {};

	(void)state;
	squash_hot_format(&sample, FS_BYTES, &s);
	assert_int_equal(s.len, 40 + 3 * 12);
	assert_int_equal(parse(&s, &got), 1);
	assert_int_equal(got.n, 3);
	assert_true(got.start == 200 && got.size == 4901);
	for (size_t i = 0; i < 3; i++) {
		assert_true(got.blocks[i].pos == blocks[i].pos);
		assert_int_equal(got.blocks[i].word, blocks[i].word);
	}
}

/* Another version, another file system: not ours to judge. */
static void test_ignored(void **state)
{
	struct squash_hot got = {};
	OWN_STR struct str version = {}, other = {};

	(void)state;
	squash_hot_format(&sample, FS_BYTES, &version);
	put_le32(version.s + 8, 2);
	put_le32(version.s + 12, 0xffffffff);
	assert_int_equal(parse(&version, &got), 0);
	squash_hot_format(&sample, FS_BYTES + 1, &other);
	assert_int_equal(parse(&other, &got), 0);
	assert_null(got.blocks);
}

/* One field at a time: at = its offset, 4 or 8 bytes. */
static void lie(size_t at, size_t len, uint64_t value, int want)
{
	struct squash_hot got = {};
	OWN_STR struct str s = {};

	squash_hot_format(&sample, FS_BYTES, &s);
	if (len == 8)
		put_le64(s.s + at, value);
	else
		put_le32(s.s + at, (uint32_t)value);
	if (parse(&s, &got) != want)
		fail_msg("field at %zu = %llu: not %d", at, (unsigned long long)value, want);
	squash_hot_free(&got);
}

static void test_lies(void **state)
{
	(void)state;
	lie(0, 4, 0, -1);	      /* magic */
	lie(12, 4, 2, -1);	      /* more bytes than entries */
	lie(12, 4, 4, -1);	      /* fewer */
	lie(12, 4, 0xffffffff, -1);
	lie(24, 8, FS_BYTES + 1, -1); /* the range */
	lie(24, 8, UINT64_MAX, -1);
	lie(32, 8, UINT64_MAX, -1);
	lie(32, 8, FS_BYTES - 200, 1);
	lie(32, 8, FS_BYTES - 199, -1);
	lie(32, 8, 4900, -1);	      /* the last block ends behind it */
	lie(40, 8, 199, -1);	      /* a block before it */
	lie(40, 8, 5002, -1);
	lie(40, 8, UINT64_MAX, -1);
	lie(48, 4, 0, -1);	      /* empty */
	lie(48, 4, UNCOMPRESSED, -1);
	lie(48, 4, 4097, -1);	      /* larger than a block */
	lie(48, 4, 0xffffffff, -1);
}

/* A list that names one block over and over would cost CPU time without end. */
static void test_repeats(void **state)
{
	struct squash_hot_block same[] = { { 200, 4000 }, { 200, 4000 } };
	const struct squash_hot twice = { .start = 200, .size = 4901, .n = 2, .blocks = same };
	struct squash_hot got = {};
	OWN_STR struct str s = {};

	(void)state;
	squash_hot_format(&twice, FS_BYTES, &s);
	assert_int_equal(parse(&s, &got), -1);
}

static void test_cut_short(void **state)
{
	OWN_STR struct str s = {};

	(void)state;
	squash_hot_format(&sample, FS_BYTES, &s);
	for (size_t len = 0; len < s.len; len++) {
		struct squash_hot got = {};
		struct err e = {};

		assert_int_equal(squash_hot_parse(s.s, len, &super, &got, &e), -1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip), cmocka_unit_test(test_ignored),   cmocka_unit_test(test_lies),
		cmocka_unit_test(test_repeats),	   cmocka_unit_test(test_cut_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
