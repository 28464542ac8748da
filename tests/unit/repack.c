/* Unit tests of image/pack/repack over the small images of
 * tests/fuzz/corpus/squash, wrapped into SIF files in memory: the new image has
 * the same tree, its contents in the order of the record, and a list that names
 * their places. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/fd.h"
#include "base/mem.h"
#include "image/pack/repack.h"
#include "image/sif/write.h"
#include "image/squash/layout.h"
#include "image/squash/walk.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define FILE_MAX_BYTES (2u << 20)

static const char *const images[] = { "gzip", "xz",	   "lz4",	"zstd",	      "raw",	    "raw-fragments",
				      "raw-plain", "raw-holes", "zstd-many", "raw-index", "zstd-index", "raw-empty" };

static char *corpus(const char *name)
{
	const char *top = getenv("top_srcdir");

	return xasprintf("%s/tests/fuzz/corpus/squash/%s", top ? top : ".", name);
}

static int memory(void)
{
	int fd = memfd_create("image", MFD_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static void add(struct sif_writer *w, struct sif_input in, const void *data, size_t len)
{
	struct err e;

	if (sif_writer_add(w, &in, data, len, &e))
		fail_msg("%s", e.msg);
}

/* Objects: 1 JSON, 2 the partition, 3 its group's signature, 4 something of
 * another group, 5 that group's signature, 6 a list of before. */
static int make_sif(const char *name, bool deterministic)
{
	const struct sif_options opt = { .has_time = true, .time = 1000, .has_uuid = !deterministic, .uuid = { 1 },
					 .deterministic = deterministic };
	struct sif_input part = { .group = 1 };
	OWN_FREE char *path = corpus(name), *data = NULL;
	struct sif_writer *w = NULL;
	int fd = memory();
	struct err e;
	size_t len;

	if (fd_read_file(path, 1 << 20, &data, &len, &e) || sif_writer_new(fd, name, &opt, &w, &e) ||
	    sif_input_partition(&part, SIF_FS_SQUASH, SIF_PART_PRIMARY, "amd64", &e))
		fail_msg("%s", e.msg);
	add(w, (struct sif_input){ .type = SIF_DATA_GENERIC_JSON, .group = 1, .name = "json" }, "{}", 2);
	add(w, part, data, len);
	add(w, (struct sif_input){ .type = SIF_DATA_SIGNATURE, .link = 1, .link_is_group = true }, "one", 3);
	add(w, (struct sif_input){ .type = SIF_DATA_GENERIC, .group = 2, .name = "other" }, "bytes", 5);
	add(w, (struct sif_input){ .type = SIF_DATA_SIGNATURE, .link = 2, .link_is_group = true }, "two", 3);
	add(w, (struct sif_input){ .type = SIF_DATA_GENERIC, .group = 1, .link = 2, .name = SQUASH_HOT_NAME }, "old", 3);
	assert_int_equal(sif_writer_finish(w, &e), 0);
	sif_writer_free(w);
	return fd;
}

/* A SIF and the file system in it. */
struct opened {
	struct sif_image sif;
	struct source *source;
	struct squash *fs;
};

static int open_sif(int fd, struct opened *o, struct err *e)
{
	const struct sif_object *part;

	*o = (struct opened){};
	if (sif_read(fd, "image", &o->sif, e))
		return -1;
	part = sif_primary(&o->sif);
	if (source_range_new(fd, (uint64_t)part->offset, (uint64_t)part->size, "image", &o->source, e))
		return -1;
	return squash_open(o->source, NULL, &o->fs, e);
}

static void close_sif(struct opened *o)
{
	squash_free(o->fs);
	source_free(o->source);
	sif_image_free(&o->sif);
}

static int repack(int in_fd, const struct squash_touch *t, size_t n, int *ret, struct repack_stats *stats,
		  struct err *e)
{
	const struct repack_options opt = { .in_fd = in_fd, .in_name = "in", .out_fd = memory(), .out_name = "out",
					    .touched = t, .n = n };

	*ret = opt.out_fd;
	return repack_image(&opt, stats, e);
}

static int add_attr(void *ctx, const char *name, const void *value, size_t len)
{
	struct str *s = ctx;

	str_addf(s, "%s=%zu:", name, len);
	str_addn(s, value, len);
	return 0;
}

/* Everything that an inode says but its number, as one text. */
static void describe(struct squash *fs, const struct squash_inode *i, struct str *out)
{
	OWN_FREE char *buf = NULL, *target = NULL;
	struct err e;
	ssize_t n;

	str_addf(out, "%o %u:%u %u %u %x %llu ", i->mode, i->uid, i->gid, i->mtime, i->nlink, i->rdev,
		 S_ISDIR(i->mode) ? 0 : (unsigned long long)i->size);
	if (S_ISREG(i->mode)) {
		buf = xmalloc(FILE_MAX_BYTES);
		n = squash_read(fs, i, buf, FILE_MAX_BYTES, 0, &e);
		if (n < 0)
			fail_msg("%s", e.msg);
		str_addn(out, buf, (size_t)n);
	}
	if (S_ISLNK(i->mode)) {
		assert_int_equal(squash_readlink(fs, i, &target, &e), 0);
		str_add(out, target);
	}
	assert_int_equal(squash_xattrs(fs, i, add_attr, out, &e), 0);
}

struct compare {
	struct squash *one, *two;
	unsigned n;
	struct squash_touch touched[64]; /* the first blocks of all files */
	size_t n_touched;
};

static int compare_entry(void *ctx, const struct squash_visit *v, struct err *e)
{
	struct compare *c = ctx;
	OWN_STR struct str one = {}, two = {};
	struct squash_inode other;

	if (v->what == SQUASH_WALK_LEAVE)
		return 0;
	if (squash_lookup(c->two, v->path, false, &other, e) != 1)
		fail_msg("'%s' is missing", v->path);
	describe(c->one, v->inode, &one);
	describe(c->two, &other, &two);
	if (one.len != two.len || memcmp(one.s, two.s, one.len) != 0)
		fail_msg("'%s' differs", v->path);
	c->n++;
	return 0;
}

static unsigned count_both_ways(struct squash *one, struct squash *two)
{
	struct compare c = { .one = one, .two = two }, back = { .one = two, .two = one };
	struct squash_inode root;
	struct err e;

	assert_int_equal(squash_inode_read(one, squash_root_ref(one), &root, &e), 0);
	assert_int_equal(squash_walk(one, &root, compare_entry, &c, &e), 0);
	assert_int_equal(squash_inode_read(two, squash_root_ref(two), &root, &e), 0);
	assert_int_equal(squash_walk(two, &root, compare_entry, &back, &e), 0);
	assert_int_equal(c.n, back.n);
	return c.n;
}

static int collect_file(void *ctx, const struct squash_visit *v, struct err *e)
{
	struct compare *c = ctx;

	(void)e;
	if (v->what == SQUASH_WALK_ENTRY && S_ISREG(v->inode->mode) && c->n_touched < ARRAY_SIZE(c->touched))
		c->touched[c->n_touched++] = (struct squash_touch){ .ref = v->inode->ref };
	return 0;
}

/* The first block of each file, last file first: the record of a test. */
static size_t collect(struct squash *fs, struct squash_touch **ret)
{
	struct compare c = { .one = fs };
	struct squash_inode root;
	struct err e;

	assert_int_equal(squash_inode_read(fs, squash_root_ref(fs), &root, &e), 0);
	assert_int_equal(squash_walk(fs, &root, collect_file, &c, &e), 0);
	*ret = xcalloc(c.n_touched + 1, sizeof(**ret));
	for (size_t i = 0; i < c.n_touched; i++)
		(*ret)[i] = c.touched[c.n_touched - 1 - i];
	return c.n_touched;
}

static void take_list(int fd, const struct opened *o, struct squash_hot *ret)
{
	const struct sif_object *list = sif_by_type(&o->sif, SIF_DATA_GENERIC, SQUASH_HOT_NAME);
	OWN_FREE char *data = NULL;
	struct err e;

	assert_non_null(list);
	assert_int_equal(list->link, sif_primary(&o->sif)->id);
	assert_int_equal(list->group, sif_primary(&o->sif)->group);
	data = xmalloc((size_t)list->size);
	assert_int_equal(fd_pread_full(fd, data, (size_t)list->size, (uint64_t)list->offset, "list", &e), 0);
	assert_int_equal(squash_hot_parse(data, (size_t)list->size, squash_super(o->fs), ret, &e), 1);
}

static void the_tree_stays(void **state)
{
	(void)state;
	for (size_t k = 0; k < ARRAY_SIZE(images); k++) {
		OWN_SQUASH_HOT struct squash_hot hot = {};
		OWN_FREE struct squash_touch *touched = NULL;
		struct repack_stats stats;
		OWN_FD int in_fd = make_sif(images[k], false), out_fd = -1;
		struct opened in, out;
		struct err e;
		size_t n;

		assert_int_equal(open_sif(in_fd, &in, &e), 0);
		n = collect(in.fs, &touched);
		if (repack(in_fd, touched, n, &out_fd, &stats, &e) || open_sif(out_fd, &out, &e))
			fail_msg("%s: %s", images[k], e.msg);
		assert_int_equal(squash_super(out.fs)->compressor, squash_super(in.fs)->compressor);
		assert_int_equal(squash_super(out.fs)->block_size, squash_super(in.fs)->block_size);
		assert_int_equal(squash_super(out.fs)->mtime, squash_super(in.fs)->mtime);
		assert_true(count_both_ways(in.fs, out.fs) > 0);
		take_list(out_fd, &out, &hot);
		assert_int_equal(hot.n, stats.blocks);
		assert_int_equal(hot.size, stats.hot_bytes);
		close_sif(&in);
		close_sif(&out);
	}
}

static struct squash_inode find(struct squash *fs, const char *path)
{
	struct squash_inode i;
	struct err e;

	assert_int_equal(squash_lookup(fs, path, false, &i, &e), 1);
	return i;
}

/* One file of 300 blocks and a tail, of which four blocks were read. */
static void the_list_has_the_order_of_the_record(void **state)
{
	static const uint64_t blocks[] = { 200, 300, 7, 100, 200 };
	struct squash_touch touched[ARRAY_SIZE(blocks) + 1] = { { .ref = 0x7fffffff } }; /* of no file */
	OWN_SQUASH_HOT struct squash_hot hot = {};
	OWN_FD int in_fd = make_sif("zstd-many", false), out_fd = -1;
	OWN_FREE uint32_t *words = NULL;
	struct squash_inode file;
	struct repack_stats stats;
	struct opened in, out;
	struct err e;
	uint64_t at;

	(void)state;
	assert_int_equal(open_sif(in_fd, &in, &e), 0);
	for (size_t i = 0; i < ARRAY_SIZE(blocks); i++)
		touched[i + 1] = (struct squash_touch){ .ref = find(in.fs, "many").ref, .block = blocks[i] };
	assert_int_equal(repack(in_fd, touched, ARRAY_SIZE(touched), &out_fd, &stats, &e), 0);
	assert_int_equal(open_sif(out_fd, &out, &e), 0);
	take_list(out_fd, &out, &hot);
	assert_int_equal(stats.files, 1);
	assert_int_equal(hot.n, 4);
	file = find(out.fs, "many");
	words = xcalloc(squash_block_count(out.fs, &file), sizeof(*words));
	assert_int_equal(squash_block_words(out.fs, &file, words, &e), 0);
	at = file.start;
	for (uint64_t b = 0; b < 300; b++) {
		for (size_t i = 0; i < 4; i++)
			if (blocks[i] == b) {
				assert_true(hot.blocks[i].pos == at);
				assert_int_equal(hot.blocks[i].word, words[b]);
			}
		at += squash_stored_bytes(words[b]);
	}
	close_sif(&in);
	close_sif(&out);
}

/* Of two files that are read in the other order than they stood, blocks and
 * tails change places; with nothing read, the list is empty. */
static void touched_files_come_first_and_in_order(void **state)
{
	OWN_FD int in_fd = make_sif("raw-plain", false), out_fd = -1, none_fd = -1;
	struct squash_touch touched[2];
	OWN_SQUASH_HOT struct squash_hot hot = {}, none = {};
	struct squash_inode f, blocks;
	struct repack_stats stats;
	struct opened in, out, idle;
	struct err e;

	(void)state;
	assert_int_equal(open_sif(in_fd, &in, &e), 0);
	f = find(in.fs, "f");
	blocks = find(in.fs, "d/blocks");
	touched[f.start < blocks.start] = (struct squash_touch){ .ref = f.ref };
	touched[f.start > blocks.start] = (struct squash_touch){ .ref = blocks.ref };
	assert_int_equal(repack(in_fd, touched, 2, &out_fd, &stats, &e), 0);
	assert_int_equal(open_sif(out_fd, &out, &e), 0);
	take_list(out_fd, &out, &hot);
	assert_int_equal((find(out.fs, "f").start < find(out.fs, "d/blocks").start), !(f.start < blocks.start));
	assert_int_equal(hot.n, 2);
	assert_true(hot.blocks[0].pos == hot.start && hot.blocks[1].pos > hot.start);
	assert_true(find(out.fs, "d/hole").start >= hot.start + hot.size || find(out.fs, "d/hole").start == 0);
	assert_int_equal(repack(in_fd, NULL, 0, &none_fd, &stats, &e), 0);
	assert_int_equal(open_sif(none_fd, &idle, &e), 0);
	take_list(none_fd, &idle, &none);
	assert_int_equal(none.n, 0);
	close_sif(&in);
	close_sif(&out);
	close_sif(&idle);
}

static void other_objects_stay_and_dead_signatures_go(void **state)
{
	OWN_FD int in_fd = make_sif("zstd", false), out_fd = -1, again_fd = -1;
	const struct sif_object *o;
	struct repack_stats stats;
	struct opened in, out;
	char bytes[5];
	struct err e;

	(void)state;
	assert_int_equal(open_sif(in_fd, &in, &e), 0);
	assert_int_equal(repack(in_fd, NULL, 0, &out_fd, &stats, &e), 0);
	assert_int_equal(open_sif(out_fd, &out, &e), 0);
	assert_int_equal(stats.left_out, 1);
	assert_int_equal(out.sif.n, 5); /* json, partition, other, its signature, the new list */
	for (uint32_t id = 1; id <= 5; id++) {
		o = sif_by_id(&out.sif, id);
		if (id == 3) { /* the slot of the signature that went */
			assert_string_equal(o->name, SQUASH_HOT_NAME);
			continue;
		}
		assert_non_null(o);
		assert_string_equal(o->name, sif_by_id(&in.sif, id)->name);
		assert_int_equal(o->type, sif_by_id(&in.sif, id)->type);
		assert_int_equal(o->created, 1000);
		assert_int_equal(o->link, sif_by_id(&in.sif, id)->link);
	}
	o = sif_by_id(&out.sif, 4);
	assert_int_equal(fd_pread_full(out_fd, bytes, 5, (uint64_t)o->offset, "other", &e), 0);
	assert_memory_equal(bytes, "bytes", 5);
	assert_int_equal(sif_primary(&out.sif)->offset % 4096, 0);
	assert_memory_not_equal(in.sif.uuid, out.sif.uuid, 16);
	/* what was optimized may be optimized again */
	assert_int_equal(repack(out_fd, NULL, 0, &again_fd, &stats, &e), 0);
	assert_int_equal(stats.left_out, 0);
	close_sif(&in);
	close_sif(&out);
}

static void equal_input_gives_equal_bytes(void **state)
{
	static const uint8_t zero[16];
	OWN_FREE struct squash_touch *touched = NULL;
	OWN_FREE char *one = NULL, *two = NULL;
	OWN_FD int in_fd = make_sif("raw-fragments", true), a_fd = -1, b_fd = -1;
	struct repack_stats stats;
	struct stat a, b;
	struct opened in;
	struct err e;
	size_t n;

	(void)state;
	assert_int_equal(open_sif(in_fd, &in, &e), 0);
	n = collect(in.fs, &touched);
	assert_int_equal(repack(in_fd, touched, n, &a_fd, &stats, &e), 0);
	assert_int_equal(repack(in_fd, touched, n, &b_fd, &stats, &e), 0);
	assert_int_equal(fstat(a_fd, &a) || fstat(b_fd, &b), 0);
	assert_true(a.st_size == b.st_size && (uint64_t)a.st_size == stats.bytes);
	one = xmalloc((size_t)a.st_size);
	two = xmalloc((size_t)b.st_size);
	assert_int_equal(fd_pread_full(a_fd, one, (size_t)a.st_size, 0, "a", &e), 0);
	assert_int_equal(fd_pread_full(b_fd, two, (size_t)b.st_size, 0, "b", &e), 0);
	assert_memory_equal(one, two, (size_t)a.st_size);
	assert_memory_equal(one + SIF_H_UUID, zero, sizeof(zero));
	close_sif(&in);
}

/* Damaged images, from the fuzzer: refused or written, nothing else happens. */
static void damage_is_survived(void **state)
{
	OWN_FREE char *path = corpus("");
	DIR *dir = opendir(path);
	unsigned n = 0;

	(void)state;
	assert_non_null(dir);
	for (struct dirent *d; (d = readdir(dir));) {
		struct squash_touch touched[32];
		OWN_FD int in_fd = -1, out_fd = -1;
		struct repack_stats stats;
		struct err e;

		if (strncmp(d->d_name, "found-", 6) != 0)
			continue;
		for (size_t i = 0; i < ARRAY_SIZE(touched); i++)
			touched[i] = (struct squash_touch){ .ref = i * 32, .block = i % 3 };
		in_fd = make_sif(d->d_name, false);
		if (repack(in_fd, touched, ARRAY_SIZE(touched), &out_fd, &stats, &e))
			assert_true(e.kind == ERR_FORMAT || e.kind == ERR_ENVIRONMENT);
		n++;
	}
	closedir(dir);
	assert_true(n > 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_tree_stays),
		cmocka_unit_test(the_list_has_the_order_of_the_record),
		cmocka_unit_test(touched_files_come_first_and_in_order),
		cmocka_unit_test(other_objects_stay_and_dead_signatures_go),
		cmocka_unit_test(equal_input_gives_equal_bytes),
		cmocka_unit_test(damage_is_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
