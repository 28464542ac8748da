/* Unit tests of image/squash over images in memory (tests/fuzz/corpus/squash,
 * made by tests/fuzz/mkseeds_squash.sh). The source counts what is read, can be
 * slow, and can fail. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/fd.h"
#include "base/le.h"
#include "base/mem.h"
#include "image/squash/internal.h"
#include "image/squash/walk.h"

#include <fcntl.h>
#include <limits.h>
#include <malloc.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define BLOCK 4096u
#define MANY_BLOCKS 300u
#define MANY_SIZE (MANY_BLOCKS * BLOCK + 4)

struct memory {
	struct source source;
	char *data;
	_Atomic unsigned reads, advised;
	_Atomic bool fail, slow;
};

static int memory_read(struct source *s, void *buf, size_t len, uint64_t off, struct err *e)
{
	struct memory *m = (struct memory *)s;

	atomic_fetch_add(&m->reads, 1);
	if (m->slow)
		usleep(20000);
	if (m->fail)
		return err_sys(e, EIO, "cannot read the test image");
	memcpy(buf, m->data + off, len);
	return 0;
}

static void memory_advise(struct source *s, uint64_t off, uint64_t len)
{
	assert_true(off + len <= s->size);
	atomic_fetch_add(&((struct memory *)s)->advised, 1);
}

static const struct source_ops memory_ops = { .read = memory_read, .advise = memory_advise };

static void load(struct memory *m, const char *name)
{
	const char *top = getenv("top_srcdir");
	OWN_FREE char *path = xasprintf("%s/tests/fuzz/corpus/squash/%s", top ? top : ".", name);
	struct err e;
	size_t len;

	*m = (struct memory){ .source = { .ops = &memory_ops } };
	if (fd_read_file(path, 1 << 20, &m->data, &len, &e))
		fail_msg("%s", e.msg);
	m->source.size = len;
}

struct image {
	struct memory m;
	struct squash *fs;
};

static void open_image(struct image *i, const char *name, size_t cache, size_t metadata)
{
	struct squash_options opt = { .block_cache_bytes = cache, .metadata_bytes = metadata };
	struct err e;

	load(&i->m, name);
	if (squash_open(&i->m.source, &opt, &i->fs, &e))
		fail_msg("%s: %s", name, e.msg);
}

static void close_image(struct image *i)
{
	squash_free(i->fs);
	free(i->m.data);
}

static struct squash_inode find(struct image *i, const char *path)
{
	struct squash_inode inode;
	struct err e;

	if (squash_lookup(i->fs, path, false, &inode, &e) != 1)
		fail_msg("'%s' was not found", path);
	return inode;
}

static void superblock_is_checked(void **state)
{
	static const struct {
		unsigned offset, len;
		uint64_t value;
		const char *says;
	} bad[] = {
		{ 0, 4, 1, "magic" },	  { 28, 2, 3, "3.0" },	    { 12, 4, 4097, "block size" },
		{ 22, 2, 13, "block size" }, { 20, 2, 0, "compressor" },   { 20, 2, 7, "compressor" },
		{ 40, 8, 95, "size" },	  { 64, 8, 95, "inode" },   { 72, 8, 96, "directory" },
		{ 32, 8, 0x2000, "root" }, { 26, 2, 0, "id table" }, { 48, 8, UINT64_MAX, "id table" },
		{ 56, 8, 1, "xattr" },
	};
	struct squash_super s;
	struct memory m;
	struct err e;

	(void)state;
	load(&m, "raw");
	assert_int_equal(squash_super_parse(m.data, 96, &s, &e), 0);
	assert_int_equal(s.block_size, BLOCK);
	assert_int_equal(squash_super_parse(m.data, 95, &s, &e), -1);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		char copy[96];

		memcpy(copy, m.data, 96);
		for (unsigned k = 0; k < bad[i].len; k++)
			copy[bad[i].offset + k] = (char)(bad[i].value >> (8 * k));
		assert_int_equal(squash_super_parse(copy, 96, &s, &e), -1);
		assert_int_equal(e.kind, ERR_FORMAT);
		assert_non_null(strstr(e.msg, bad[i].says));
	}
	assert_string_equal(squash_compressor_name(SQUASH_ZSTD), "zstd");
	assert_string_equal(squash_compressor_name(0), "unknown");
	assert_string_equal(squash_compressor_name(70000), "unknown");
	free(m.data);
}

static void every_codec_reads_and_refuses(void **state)
{
	static const char *const names[] = { "gzip", "xz", "lz4", "zstd", "raw" };
	uint8_t buf[16384];
	struct err e;

	(void)state;
	for (size_t n = 0; n < ARRAY_SIZE(names); n++) {
		struct squash_inode f;
		struct image i;

		open_image(&i, names[n], 0, 0);
		f = find(&i, "/f");
		assert_int_equal(squash_read(i.fs, &f, buf, sizeof(buf), 0, &e), 6);
		assert_memory_equal(buf, "hello\n", 6);
		f = find(&i, "/d/blocks");
		assert_int_equal(squash_read(i.fs, &f, buf, sizeof(buf), 0, &e), 9000);
		for (int k = 0; k < 9000; k++)
			assert_int_equal(buf[k], 'x');
		squash_trim(i.fs);
		squash_trim(i.fs);
		if (strcmp(names[n], "raw") == 0) {
			close_image(&i);
			continue;
		}
		/* The first packed block becomes nonsense. */
		memset(i.m.data + f.start, 0xff, 8);
		assert_int_equal(squash_read(i.fs, &f, buf, sizeof(buf), 0, &e), -1);
		assert_int_equal(e.kind, ERR_FORMAT);
		assert_non_null(strstr(e.msg, names[n]));
		close_image(&i);
	}
}

static void what_is_not_supported_says_so(void **state)
{
	struct squash *fs;
	struct memory m;
	struct err e;

	(void)state;
	load(&m, "gzip");
	m.data[20] = SQUASH_LZMA;
	assert_int_equal(squash_open(&m.source, NULL, &fs, &e), -1);
	assert_non_null(strstr(e.msg, "'lzma'"));
	assert_true(e.hint[0]);
	m.source.size = 50;
	assert_int_equal(squash_open(&m.source, NULL, &fs, &e), -1);
	free(m.data);
	load(&m, "gzip");
	m.fail = true;
	assert_int_equal(squash_open(&m.source, NULL, &fs, &e), -1);
	assert_int_equal(e.sys, EIO);
	free(m.data);
}

static void paths_stay_in_the_image(void **state)
{
	static const struct {
		const char *path;
		bool follow;
		int found;
		mode_t type;
	} paths[] = {
		{ "", true, 1, S_IFDIR },	{ "/", true, 1, S_IFDIR },     { "..", true, 1, S_IFDIR },
		{ "../../f", true, 1, S_IFREG }, { "f", true, 1, S_IFREG },     { "f/", true, 0, 0 },
		{ "f/x", true, 0, 0 },		{ "nope", true, 0, 0 },	       { "l", false, 1, S_IFLNK },
		{ "l", true, 1, S_IFDIR },	{ "l/", false, 1, S_IFDIR },   { "l/up", true, 1, S_IFREG },
		{ "l/up", false, 1, S_IFLNK },	{ "d/./e/../g", true, 1, S_IFREG }, { "//d//e//", true, 1, S_IFDIR },
		{ "p", true, 1, S_IFIFO },	{ "c", true, 1, S_IFCHR },     { "b", true, 1, S_IFBLK },
	};
	char *too_long = xmalloc(PATH_MAX + 1);
	struct squash_inode inode;
	struct image i;
	struct err e;

	(void)state;
	open_image(&i, "raw", 0, 0);
	for (size_t k = 0; k < ARRAY_SIZE(paths); k++) {
		assert_int_equal(squash_lookup(i.fs, paths[k].path, paths[k].follow, &inode, &e), paths[k].found);
		if (paths[k].found)
			assert_int_equal(inode.mode & S_IFMT, paths[k].type);
	}
	memset(too_long, 'a', PATH_MAX);
	too_long[PATH_MAX] = '\0';
	assert_int_equal(squash_lookup(i.fs, too_long, true, &inode, &e), -1);
	too_long[300] = '\0';
	assert_int_equal(squash_lookup(i.fs, too_long, true, &inode, &e), 0);
	assert_int_equal(find(&i, "c").rdev, 0x103);
	assert_int_equal(find(&i, "f").ref, find(&i, "d/g").ref);
	assert_int_equal(find(&i, "f").nlink, 2);
	free(too_long);
	close_image(&i);
}

/* The link l -> d, made into l -> l, and into one with a NUL. */
static void link_loops_end(void **state)
{
	struct squash_inode inode;
	struct image i;
	struct err e;
	char *target;

	(void)state;
	open_image(&i, "raw", 0, 0);
	inode = find(&i, "l");
	assert_int_equal(inode.size, 1);
	assert_int_equal(squash_readlink(i.fs, &inode, &target, &e), 0);
	assert_string_equal(target, "d");
	free(target);
	squash_free(i.fs);
	/* not packed: the target stands two bytes behind the block's start */
	i.m.data[inode.tail_block + 2 + inode.tail_offset] = 'l';
	assert_int_equal(squash_open(&i.m.source, NULL, &i.fs, &e), 0);
	assert_int_equal(squash_lookup(i.fs, "l", true, &inode, &e), -1);
	assert_int_equal(e.sys, ELOOP);
	assert_int_equal(squash_lookup(i.fs, "l", false, &inode, &e), 1);
	squash_free(i.fs);
	i.m.data[inode.tail_block + 2 + inode.tail_offset] = '\0';
	assert_int_equal(squash_open(&i.m.source, NULL, &i.fs, &e), 0);
	assert_int_equal(squash_readlink(i.fs, &inode, &target, &e), -1);
	assert_int_equal(e.kind, ERR_FORMAT);
	inode = find(&i, "f");
	assert_int_equal(squash_readlink(i.fs, &inode, &target, &e), -1);
	assert_int_equal(e.sys, EINVAL);
	close_image(&i);
}

static void directories_resume_anywhere(void **state)
{
	static const char *const names[] = { "raw-index", "zstd-index" };
	struct err e;

	(void)state;
	for (size_t n = 0; n < ARRAY_SIZE(names); n++) {
		struct squash_dir dir, again;
		struct squash_dirent ent, other, found;
		struct squash_inode root;
		struct image i;
		unsigned count = 0;
		uint64_t cookie = 0;

		open_image(&i, names[n], 0, 0);
		root = find(&i, "/");
		assert_int_equal(squash_dir_open(i.fs, &root, 0, &dir, &e), 0);
		while (squash_dir_next(&dir, &ent, &e) > 0) {
			assert_int_equal(squash_dir_open(i.fs, &root, cookie, &again, &e), 0);
			assert_int_equal(squash_dir_next(&again, &other, &e), 1);
			assert_string_equal(ent.name, other.name);
			assert_int_equal(ent.next, other.next);
			assert_int_equal(squash_dir_find(i.fs, &root, ent.name, ent.name_len, &found, &e), 1);
			assert_int_equal(found.ref, ent.ref);
			assert_int_equal(squash_dir_find(i.fs, &root, ent.name, ent.name_len - 1u, &found, &e), 0);
			cookie = ent.next;
			count++;
		}
		assert_int_equal(count, 150);
		assert_int_equal(squash_dir_find(i.fs, &root, "zzz", 3, &found, &e), 0);
		assert_int_equal(squash_dir_open(i.fs, &root, UINT64_MAX, &dir, &e), -1);
		assert_int_equal(squash_dir_open(i.fs, &root, 0x1ff, &dir, &e), -1);
		close_image(&i);
	}
}

static uint8_t many_byte(uint64_t off)
{
	return off < MANY_BLOCKS * BLOCK ? (uint8_t)('!' + off / BLOCK % 90) : (uint8_t)"tail"[off - MANY_BLOCKS * BLOCK];
}

static void check_range(struct image *i, const struct squash_inode *file, uint64_t off, size_t len)
{
	OWN_FREE uint8_t *buf = xmalloc(len + 1);
	uint64_t want = off < MANY_SIZE ? MANY_SIZE - off : 0;
	ssize_t n;
	struct err e;

	want = want < len ? want : len;
	n = squash_read(i->fs, file, buf, len, off, &e);
	if (n < 0)
		fail_msg("%s", e.msg);
	assert_int_equal(n, want);
	for (ssize_t k = 0; k < n; k++)
		if (buf[k] != many_byte(off + (uint64_t)k))
			fail_msg("byte %llu", (unsigned long long)off + (unsigned long long)k);
}

static void any_piece_of_a_file(void **state)
{
	struct squash_inode file;
	struct image i;
	uint32_t seed = 1;
	struct err e;

	(void)state;
	open_image(&i, "zstd-many", 1, 0);
	file = find(&i, "many");
	assert_int_equal(file.size, MANY_SIZE);
	check_range(&i, &file, 0, MANY_SIZE + 100);
	for (unsigned k = 0; k < 500; k++) {
		seed = seed * 1103515245 + 12345;
		check_range(&i, &file, seed % (MANY_SIZE + 10), 1 + (seed >> 8) % (3 * BLOCK));
	}
	assert_int_equal(squash_read(i.fs, &file, &e, 0, 0, &e), 0);
	assert_int_equal(squash_read(i.fs, &file, &e, 1, UINT64_MAX, &e), 0);
	file = find(&i, "/");
	assert_int_equal(squash_read(i.fs, &file, &e, 1, 0, &e), -1);
	assert_true(i.m.advised > 0 && i.m.advised < 4); /* metadata, one chunk */
	close_image(&i);
}

static void holes_are_zero(void **state)
{
	struct squash_inode file;
	uint8_t buf[10000];
	struct image i;
	struct err e;

	(void)state;
	open_image(&i, "raw-holes", 0, 0);
	file = find(&i, "holes");
	memset(buf, 1, sizeof(buf));
	assert_int_equal(squash_read(i.fs, &file, buf, sizeof(buf), 280000, &e), sizeof(buf));
	for (size_t k = 0; k < sizeof(buf); k++)
		assert_int_equal(buf[k], 0);
	close_image(&i);
}

/* Blocks that the request covers do not go through the cache. */
static void cache_counts(void **state)
{
	OWN_FREE uint8_t *buf = xmalloc(64 * BLOCK);
	struct squash_inode file;
	struct squash_stats s;
	struct image i;
	struct err e;

	(void)state;
	open_image(&i, "zstd-many", 32 * BLOCK, 0);
	file = find(&i, "many");
	assert_int_equal(squash_read(i.fs, &file, buf, 8 * BLOCK, 0, &e), 8 * BLOCK);
	squash_stats(i.fs, &s);
	assert_int_equal(s.cache_misses, 0);
	assert_int_equal(s.cache_bytes, 0);
	for (int k = 0; k < 5; k++)
		assert_int_equal(squash_read(i.fs, &file, buf, 10, 100, &e), 10);
	squash_stats(i.fs, &s);
	assert_int_equal(s.cache_misses, 1);
	assert_int_equal(s.cache_hits, 4);
	for (unsigned k = 0; k < MANY_BLOCKS; k++)
		assert_int_equal(squash_read(i.fs, &file, buf, 10, k * BLOCK + 5, &e), 10);
	squash_stats(i.fs, &s);
	assert_true(s.cache_bytes > 8 * BLOCK && s.cache_bytes <= 32 * BLOCK);
	squash_trim(i.fs); /* all were asked for since the last call: none */
	squash_trim(i.fs);
	squash_stats(i.fs, &s);
	assert_int_equal(s.cache_bytes, 0);
	close_image(&i);
}

struct flight {
	struct image *i;
	struct squash_inode file;
	int rounds;
};

static void *read_block_seven(void *arg)
{
	struct flight *f = arg;
	uint8_t buf[10];
	struct err e;

	if (squash_read(f->i->fs, &f->file, buf, sizeof(buf), 7 * BLOCK + 1, &e) != sizeof(buf))
		return (void *)(intptr_t)e.kind;
	return buf[0] == many_byte(7 * BLOCK) ? NULL : (void *)(intptr_t)-1;
}

static unsigned fly(struct flight *f, intptr_t want)
{
	pthread_t t[4];
	unsigned before = f->i->m.reads;

	for (size_t k = 0; k < ARRAY_SIZE(t); k++)
		assert_int_equal(pthread_create(&t[k], NULL, read_block_seven, f), 0);
	for (size_t k = 0; k < ARRAY_SIZE(t); k++) {
		void *result;

		pthread_join(t[k], &result);
		assert_int_equal((intptr_t)result, want);
	}
	return f->i->m.reads - before;
}

/* Four that want one block at once: one reads it, the others wait for it. */
static void one_flight_for_all(void **state)
{
	struct flight f;
	struct image i;

	(void)state;
	open_image(&i, "zstd-many", 0, 0);
	f = (struct flight){ .i = &i, .file = find(&i, "many") };
	i.m.slow = true;
	i.m.fail = true;
	fly(&f, ERR_SYSTEM);
	i.m.fail = false; /* a failure is not kept */
	assert_int_equal(fly(&f, 0), 1);
	assert_int_equal(fly(&f, 0), 0);
	close_image(&i);
}

static int count_entry(void *ctx, const struct squash_visit *v, struct err *e)
{
	unsigned *n = ctx;

	(void)e;
	*n += v->what == SQUASH_WALK_ENTRY;
	return strcmp(v->name, "e") == 0; /* it is not entered, nor left */
}

/* With no room to keep metadata the answers are the same. */
static void metadata_has_a_limit(void **state)
{
	struct squash_inode root;
	struct squash_stats s;
	struct image i;
	struct err e;
	unsigned n = 0;

	(void)state;
	open_image(&i, "raw-index", 0, 1);
	root = find(&i, "/");
	assert_int_equal(squash_walk(i.fs, &root, count_entry, &n, &e), 0);
	assert_int_equal(n, 151);
	squash_stats(i.fs, &s);
	assert_true(s.metadata_bytes < 2 * 9000);
	close_image(&i);
}

static int copy_xattr(void *ctx, const char *name, const void *value, size_t len)
{
	char *out = ctx;

	snprintf(out, 64, "%s=%.*s", name, (int)len, (const char *)value);
	return 7;
}

static void xattrs_are_given(void **state)
{
	struct squash_inode inode;
	struct image i;
	struct err e;
	char text[64] = "";

	(void)state;
	open_image(&i, "raw", 0, 0);
	assert_true(squash_has_xattrs(i.fs));
	inode = find(&i, "f");
	assert_int_equal(squash_xattrs(i.fs, &inode, copy_xattr, text, &e), 7);
	assert_string_equal(text, "user.a=one");
	inode = find(&i, "d/e");
	assert_int_equal(squash_xattrs(i.fs, &inode, copy_xattr, text, &e), 7);
	assert_string_equal(text, "user.b=one");
	inode = find(&i, "d/blocks");
	assert_int_equal(squash_xattrs(i.fs, &inode, copy_xattr, text, &e), 0);
	close_image(&i);
	open_image(&i, "raw-plain", 0, 0);
	assert_false(squash_has_xattrs(i.fs));
	close_image(&i);
}

static void *read_at_random(void *arg)
{
	struct flight *f = arg;
	uint32_t seed = (uint32_t)(uintptr_t)&seed;
	uint8_t buf[3 * BLOCK];
	struct err e;

	for (int k = 0; k < f->rounds; k++) {
		uint64_t off;
		ssize_t n;

		seed = seed * 1103515245 + 12345;
		off = seed % MANY_SIZE;
		n = squash_read(f->i->fs, &f->file, buf, 1 + (seed >> 8) % sizeof(buf), off, &e);
		for (ssize_t j = 0; j < n; j += 97)
			if (buf[j] != many_byte(off + (uint64_t)j))
				n = -1;
		if (n < 0)
			return f;
		if (k % 100 == 0)
			squash_trim(f->i->fs);
	}
	return NULL;
}

/* More readers than blocks fit, and none of the metadata. */
static void threads_read_the_same_bytes(void **state)
{
	static const size_t counts[] = { 1, 4, 16, 64 };

	(void)state;
	for (size_t n = 0; n < ARRAY_SIZE(counts); n++) {
		struct squash_stats s;
		struct flight f;
		struct image i;
		pthread_t t[64];

		open_image(&i, "zstd-many", 20 * BLOCK, 1);
		f = (struct flight){ .i = &i, .file = find(&i, "many"), .rounds = counts[n] > 16 ? 300 : 2000 };
		for (size_t k = 0; k < counts[n]; k++)
			assert_int_equal(pthread_create(&t[k], NULL, read_at_random, &f), 0);
		for (size_t k = 0; k < counts[n]; k++) {
			void *result;

			pthread_join(t[k], &result);
			assert_null(result);
		}
		squash_stats(i.fs, &s);
		assert_true(s.cache_bytes <= s.cache_limit); /* nobody holds any more */
		close_image(&i);
	}
}

/* A block that was read to its end gives its memory to the next one. */
static void a_reading_in_order_needs_one_block(void **state)
{
	struct squash_inode file;
	struct squash_stats s;
	uint8_t buf[BLOCK / 2];
	struct image i;
	struct err e;

	(void)state;
	open_image(&i, "zstd-many", 64 * BLOCK, 0);
	file = find(&i, "many");
	for (uint64_t off = 0; off < 40 * BLOCK; off += sizeof(buf))
		assert_int_equal(squash_read(i.fs, &file, buf, sizeof(buf), off, &e), sizeof(buf));
	squash_stats(i.fs, &s);
	assert_int_equal(s.cache_misses, 40);
	assert_int_equal(s.cache_hits, 40);
	assert_int_equal(s.cache_bytes, BLOCK);
	close_image(&i);
}

static void limits_change_while_it_is_used(void **state)
{
	struct squash_inode file;
	struct squash_stats s;
	struct image i;
	uint8_t buf[10];
	struct err e;

	(void)state;
	open_image(&i, "zstd-many", 64 * BLOCK, 0);
	file = find(&i, "many");
	for (unsigned k = 0; k < 100; k++)
		assert_int_equal(squash_read(i.fs, &file, buf, sizeof(buf), k * BLOCK, &e), sizeof(buf));
	squash_stats(i.fs, &s);
	assert_int_equal(s.cache_bytes, 64 * BLOCK);
	squash_limit(i.fs, 8 * BLOCK, 1 << 20);
	squash_stats(i.fs, &s);
	assert_int_equal(s.cache_bytes, 8 * BLOCK);
	assert_int_equal(s.metadata_limit, 1 << 20);
	squash_limit(i.fs, 0, 0); /* nothing is kept, everything is read */
	for (unsigned k = 0; k < 100; k++)
		check_range(&i, &file, k * BLOCK + 7, 3 * BLOCK);
	squash_stats(i.fs, &s);
	assert_int_equal(s.cache_bytes, 0);
	squash_limit(i.fs, 16 * BLOCK, 1 << 20);
	check_range(&i, &file, 7, 10);
	squash_stats(i.fs, &s);
	assert_int_equal(s.cache_bytes, BLOCK);
	assert_true(squash_trim(i.fs));
	assert_false(squash_trim(i.fs));
	close_image(&i);
}

/* An image of a gigabyte, most of it a hole, with a fragment table of 2^27
 * entries: its index alone would have 2 MiB. Files are read, or refused, without. */
static void an_index_does_not_exceed_the_limit(void **state)
{
	const struct squash_options opt = { .block_cache_bytes = 4 * BLOCK, .metadata_bytes = 256 * 1024 };
	const uint64_t size = 1ull << 30, table = 1ull << 20;
	struct squash_inode file;
	struct squash_stats s;
	struct mallinfo2 before;
	struct squash *fs;
	struct memory m;
	char *small, buf[100];
	struct err e;

	(void)state;
	load(&m, "zstd-many");
	small = m.data;
	m.data = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	assert_ptr_not_equal(m.data, MAP_FAILED);
	memcpy(m.data, small, m.source.size);
	/* The first index entry stays what it was. */
	memcpy(m.data + table, small + le64(small + 80), 8);
	put_le32(m.data + 16, 1u << 27);
	put_le64(m.data + 40, size);
	put_le64(m.data + 80, table);
	m.source.size = size;
	free(small);
	assert_int_equal(squash_open(&m.source, &opt, &fs, &e), 0);
	assert_int_equal(squash_lookup(fs, "many", false, &file, &e), 1);
	before = mallinfo2();
	assert_int_equal(squash_read(fs, &file, buf, 4, MANY_BLOCKS * BLOCK, &e), 4);
	assert_memory_equal(buf, "tail", 4);
	assert_true(mallinfo2().uordblks - before.uordblks < 512 * 1024);
	squash_stats(fs, &s);
	assert_true(s.metadata_bytes <= s.metadata_limit);
	squash_free(fs);
	munmap(m.data, size);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(superblock_is_checked),
		cmocka_unit_test(every_codec_reads_and_refuses),
		cmocka_unit_test(what_is_not_supported_says_so),
		cmocka_unit_test(paths_stay_in_the_image),
		cmocka_unit_test(link_loops_end),
		cmocka_unit_test(directories_resume_anywhere),
		cmocka_unit_test(any_piece_of_a_file),
		cmocka_unit_test(holes_are_zero),
		cmocka_unit_test(cache_counts),
		cmocka_unit_test(one_flight_for_all),
		cmocka_unit_test(metadata_has_a_limit),
		cmocka_unit_test(xattrs_are_given),
		cmocka_unit_test(threads_read_the_same_bytes),
		cmocka_unit_test(a_reading_in_order_needs_one_block),
		cmocka_unit_test(limits_change_while_it_is_used),
		cmocka_unit_test(an_index_does_not_exceed_the_limit),
	};

	return cmocka_run_group_tests_name("squash", tests, NULL, NULL);
}
