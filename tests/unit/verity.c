/* Unit tests of image/verity: the tree's form, the source that checks, and what
 * hostile objects can do to it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/fd.h"
#include "base/mem.h"
#include "image/sif/write.h"
#include "image/verity/add.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

static int new_file(void)
{
	int fd = memfd_create("verity", MFD_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

/* size bytes that differ from block to block. */
static uint8_t *make_data(size_t size)
{
	uint8_t *data = xmalloc(size);

	for (size_t i = 0; i < size; i++)
		data[i] = (uint8_t)(i * 7 + i / 4096 * 13 + i / 251);
	return data;
}

struct tree {
	struct verity_layout l;
	uint8_t root[DIGEST_SHA256];
	uint8_t *data;
	int data_fd, tree_fd;
};

static void make_tree(struct tree *t, size_t size)
{
	OWN_FREE uint8_t *digests = NULL;
	struct err e = {};

	t->data = make_data(size);
	t->data_fd = new_file();
	t->tree_fd = new_file();
	assert_int_equal(verity_layout(size, &t->l, &e), 0);
	digests = xcalloc(t->l.data_blocks, DIGEST_SHA256);
	for (size_t i = 0; i < t->l.data_blocks; i++) {
		size_t left = size - i * VERITY_BLOCK;

		verity_digest(t->data + i * VERITY_BLOCK, left < VERITY_BLOCK ? left : VERITY_BLOCK,
			      digests + i * DIGEST_SHA256);
	}
	assert_int_equal(fd_pwrite_full(t->data_fd, t->data, size, 0, "data", &e), 0);
	assert_int_equal(verity_write(t->tree_fd, 0, &t->l, digests, t->root, "tree", &e), 0);
	assert_int_equal(lseek(t->tree_fd, 0, SEEK_END), t->l.size);
}

static void free_tree(struct tree *t)
{
	free(t->data);
	close(t->data_fd);
	close(t->tree_fd);
}

static struct source *open_tree(const struct tree *t)
{
	struct source *data = NULL, *tree = NULL, *checked = NULL;
	struct err e = {};

	assert_int_equal(source_range_new(t->data_fd, 0, t->l.data_size, "data", &data, &e), 0);
	assert_int_equal(source_range_new(t->tree_fd, 0, t->l.size, "tree", &tree, &e), 0);
	assert_int_equal(source_verity_new(data, tree, &t->l, t->root, "image", &checked, &e), 0);
	return checked;
}

/* Levels and places as dm-verity counts them: digests of one level, rounded up
 * to blocks, until one block is left; the last one stands first. */
static void layouts_are_as_the_format_says(void **state)
{
	static const struct {
		uint64_t size, tree;
		unsigned levels;
	} cases[] = {
		{ 1, 1, 0 },		{ 4096, 1, 0 },		      { 4097, 2, 1 },
		{ 128 * 4096, 2, 1 },	{ 128 * 4096 + 1, 4, 2 },     { 128 * 128 * 4096, 130, 2 },
		{ 128 * 128 * 4096 + 1, 133, 3 }, { 20ull << 30, 1 + 1 + 3 + 320 + 40960, 4 },
	};
	struct verity_layout l;
	struct err e = {};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t at = 1;

		assert_int_equal(verity_layout(cases[i].size, &l, &e), 0);
		assert_int_equal(l.levels, cases[i].levels);
		assert_int_equal(l.size, cases[i].tree * VERITY_BLOCK);
		for (unsigned n = l.levels; n-- > 0;) {
			assert_int_equal(l.first[n], at);
			at += l.blocks[n];
		}
		assert_int_equal(at * VERITY_BLOCK, l.size);
	}
	assert_int_equal(verity_layout(0, &l, &e), -1);
	assert_int_equal(verity_layout(UINT64_MAX, &l, &e), -1);
	assert_int_equal(e.kind, ERR_FORMAT);
	assert_int_equal(verity_layout(INT64_MAX / 2, &l, &e), 0);
	assert_true(l.levels <= VERITY_LEVELS);
}

static void what_was_written_is_read(void **state)
{
	static const size_t sizes[] = { 1, 4095, 4096, 4097, 300000, 128 * 4096, 128 * 4096 + 5, 1200000 };
	struct err e = {};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		size_t size = sizes[i];
		OWN_FREE uint8_t *buf = xmalloc(size);
		struct source *s;
		struct tree t;

		make_tree(&t, size);
		s = open_tree(&t);
		assert_int_equal(s->size, size);
		assert_int_equal(source_read(s, buf, size, 0, &e), 0);
		assert_memory_equal(buf, t.data, size);
		for (size_t off = 0; off < size; off += 1 + size / 97) {
			size_t len = (off * 31 % 9001) % (size - off) + 1;

			assert_int_equal(source_read(s, buf, len, off, &e), 0);
			assert_memory_equal(buf, t.data + off, len);
		}
		assert_int_equal(source_read(s, buf, 1, size, &e), -1);
		assert_int_equal(e.kind, ERR_FORMAT);
		source_free(s);
		free_tree(&t);
	}
}

static void flip(int fd, uint64_t at)
{
	uint8_t byte;
	struct err e;

	assert_int_equal(fd_pread_full(fd, &byte, 1, at, "file", &e), 0);
	byte ^= 0x10;
	assert_int_equal(fd_pwrite_full(fd, &byte, 1, at, "file", &e), 0);
}

/* Every block is read: those that give bytes give the right ones. Returns how
 * many do not. */
static unsigned read_all_blocks(const struct tree *t)
{
	struct source *s = open_tree(t);
	unsigned bad = 0;

	for (uint64_t at = 0; at < t->l.data_size; at += VERITY_BLOCK) {
		size_t n = t->l.data_size - at < VERITY_BLOCK ? (size_t)(t->l.data_size - at) : VERITY_BLOCK;
		uint8_t buf[VERITY_BLOCK];
		struct err e = {};

		if (source_read(s, buf, n, at, &e)) {
			assert_int_equal(e.kind, ERR_VERIFY);
			assert_int_equal(e.sys, EIO);
			assert_non_null(strstr(e.msg, "'image' is damaged: block"));
			bad++;
		} else {
			assert_memory_equal(buf, t->data + at, n);
		}
	}
	source_free(s);
	return bad;
}

static void a_flipped_byte_of_the_data_is_one_damaged_block(void **state)
{
	struct tree t;

	(void)state;
	make_tree(&t, 140 * VERITY_BLOCK + 100);
	assert_int_equal(read_all_blocks(&t), 0);
	for (uint64_t at = 0; at < t.l.data_size; at += 1777) {
		flip(t.data_fd, at);
		assert_int_equal(read_all_blocks(&t), 1);
		flip(t.data_fd, at);
	}
	free_tree(&t);
}

static void a_flipped_byte_of_the_tree_is_never_wrong_bytes(void **state)
{
	struct tree t;

	(void)state;
	make_tree(&t, 140 * VERITY_BLOCK + 100);
	for (uint64_t at = 0; at < t.l.size; at += 509) {
		unsigned bad;

		flip(t.tree_fd, at);
		bad = read_all_blocks(&t);
		if (at < VERITY_BLOCK) /* the superblock says nothing that is not known */
			assert_int_equal(bad, 0);
		else if (at < 2 * VERITY_BLOCK) /* the top */
			assert_int_equal(bad, 141);
		else
			assert_true(bad == 128 || bad == 13);
		flip(t.tree_fd, at);
	}
	t.root[5] ^= 1;
	assert_int_equal(read_all_blocks(&t), 141);
	free_tree(&t);
}

/* A file that changes under the source: checked again with each read. */
static void a_later_change_is_seen(void **state)
{
	uint8_t buf[VERITY_BLOCK];
	struct source *s;
	struct tree t;
	struct err e = {};

	(void)state;
	make_tree(&t, 3 * VERITY_BLOCK);
	s = open_tree(&t);
	assert_int_equal(source_read(s, buf, sizeof(buf), VERITY_BLOCK, &e), 0);
	flip(t.data_fd, VERITY_BLOCK + 17);
	assert_int_equal(source_read(s, buf, sizeof(buf), VERITY_BLOCK, &e), -1);
	assert_int_equal(e.kind, ERR_VERIFY);
	/* a read over three blocks names the one in the middle */
	assert_int_equal(source_read(s, buf, 10, 2 * VERITY_BLOCK - 5, &e), -1);
	assert_non_null(strstr(e.msg, "block 1 "));
	flip(t.data_fd, VERITY_BLOCK + 17);
	assert_int_equal(source_read(s, buf, sizeof(buf), VERITY_BLOCK, &e), 0);
	assert_int_equal(ftruncate(t.data_fd, VERITY_BLOCK + 1), 0);
	assert_int_equal(source_read(s, buf, sizeof(buf), VERITY_BLOCK, &e), -1);
	source_free(s);
	free_tree(&t);
}

static void sizes_must_belong_together(void **state)
{
	struct source *data = NULL, *tree = NULL, *checked = NULL;
	struct tree t;
	struct err e = {};

	(void)state;
	make_tree(&t, 3 * VERITY_BLOCK);
	for (int less = 0; less < 2; less++) {
		assert_int_equal(source_range_new(t.data_fd, 0, t.l.data_size - (uint64_t)less, "data", &data, &e), 0);
		assert_int_equal(source_range_new(t.tree_fd, 0, t.l.size - (uint64_t)!less, "tree", &tree, &e), 0);
		assert_int_equal(source_verity_new(data, tree, &t.l, t.root, "image", &checked, &e), -1);
		assert_int_equal(e.kind, ERR_FORMAT);
	}
	free_tree(&t);
}

static void the_root_is_checked(void **state)
{
	struct source *tree = NULL;
	struct tree t;
	struct err e = {};

	(void)state;
	make_tree(&t, 300 * VERITY_BLOCK);
	assert_int_equal(source_range_new(t.tree_fd, 0, t.l.size, "tree", &tree, &e), 0);
	assert_int_equal(verity_check_root(tree, &t.l, t.root, &e), 0);
	t.root[31] ^= 1;
	assert_int_equal(verity_check_root(tree, &t.l, t.root, &e), -1);
	assert_int_equal(e.kind, ERR_VERIFY);
	source_free(tree);
	free_tree(&t);
}

static void the_json_has_one_form(void **state)
{
	struct verity_info info = { .partition = 3, .tree = 4294967295u, .size = 1234567890123, .tree_size = 8192,
				    .has_digest = true };
	struct verity_info back;
	struct err e = {};

	(void)state;
	for (int round = 0; round < 2; round++) {
		OWN_STR struct str text = {};

		info.has_digest = round;
		memset(info.root, 0xab, sizeof(info.root));
		memset(info.digest, round ? 0x5c : 0, sizeof(info.digest));
		verity_info_text(&info, &text);
		assert_int_equal(verity_info_parse(text.s, text.len, &back, &e), 0);
		assert_memory_equal(&back, &info, sizeof(info));
		for (size_t i = 0; i < text.len; i++) {
			OWN_STR struct str bad = {};

			/* cut, doubled, exchanged */
			assert_int_equal(verity_info_parse(text.s, i, &back, &e), -1);
			assert_int_equal(e.kind, ERR_FORMAT);
			str_addn(&bad, text.s, i);
			str_addc(&bad, ' ');
			str_addn(&bad, text.s + i, text.len - i);
			assert_int_equal(verity_info_parse(bad.s, bad.len, &back, &e), -1);
			bad.s[i] = '\0';
			assert_int_equal(verity_info_parse(bad.s, bad.len, &back, &e), -1);
		}
	}
}

static void the_json_has_no_other_numbers(void **state)
{
	static const char *const bad[] = {
		"\"relativeId\":01,", "\"relativeId\":4294967296,", "\"relativeId\":-1,", "\"relativeId\":1.0,",
		"\"relativeId\":99999999999999999999999,", "\"relativeId\":,",
	};
	struct verity_info back;
	struct err e = {};

	(void)state;
	for (size_t i = 0; i <= ARRAY_SIZE(bad); i++) {
		OWN_FREE char *text = xasprintf("{\"version\":1,\"algorithm\":\"sha256\",\"blockSize\":4096,\"salt\":\"\","
						"\"root\":\"%064d\",\"partition\":{%s\"size\":4096},"
						"\"tree\":{\"relativeId\":1,\"size\":4096}}",
						0, i < ARRAY_SIZE(bad) ? bad[i] : "\"relativeId\":1,");

		assert_int_equal(verity_info_parse(text, strlen(text), &back, &e), i < ARRAY_SIZE(bad) ? -1 : 0);
	}
}

/* An image of a definition and a partition; group 0 = no group. */
static int make_image(size_t size, uint32_t group)
{
	OWN_FREE uint8_t *data = make_data(size);
	struct sif_options opt = { .deterministic = true };
	struct sif_input def = { .type = SIF_DATA_DEFFILE, .group = 1 }, part = { .group = group };
	struct sif_writer *w;
	struct err e = {};
	int fd = new_file();

	assert_int_equal(sif_input_partition(&part, SIF_FS_SQUASH, SIF_PART_PRIMARY, "amd64", &e), 0);
	assert_int_equal(sif_writer_new(fd, "image", &opt, &w, &e), 0);
	assert_int_equal(sif_writer_add(w, &def, "bootstrap: scratch\n", 19, &e), 0);
	assert_int_equal(sif_writer_add(w, &part, data, size, &e), 0);
	assert_int_equal(sif_writer_finish(w, &e), 0);
	sif_writer_free(w);
	return fd;
}

static void add_signature(int fd)
{
	struct sif_input in = { .type = SIF_DATA_SIGNATURE, .link = 1, .link_is_group = true };
	OWN_FD int nothing = new_file();
	struct err e = {};

	assert_int_equal(sif_add(fd, "image", &in, nothing, NULL, &e), 0);
}

static void add_verity(int fd, struct verity_added *added)
{
	OWN_SIF_IMAGE struct sif_image img = {};
	struct err e = {};

	assert_int_equal(sif_read(fd, "image", &img, &e), 0);
	if (verity_add(fd, "image", &img, sif_primary(&img), NULL, NULL, added, &e))
		fail_msg("%s", e.msg);
}

static void check_added(int fd, uint32_t want_group, bool own)
{
	OWN_SIF_IMAGE struct sif_image img = {};
	struct source *tree = NULL;
	struct verity v;
	struct err e = {};

	assert_int_equal(sif_read(fd, "image", &img, &e), 0);
	if (verity_load(fd, &img, sif_primary(&img), verity_next(&img, sif_primary(&img), NULL), &v, &e))
		fail_msg("%s", e.msg);
	assert_int_equal(v.json->group, want_group);
	assert_int_equal(v.tree->group, want_group);
	assert_int_equal(v.tree->offset % VERITY_BLOCK, 0);
	assert_int_equal(v.info.has_digest, own);
	assert_int_equal(source_range_new(fd, (uint64_t)v.tree->offset, (uint64_t)v.tree->size, "tree", &tree, &e), 0);
	assert_int_equal(verity_check_root(tree, &v.layout, v.info.root, &e), 0);
	source_free(tree);
}

static void a_tree_is_added_to_the_right_group(void **state)
{
	struct verity_added added;
	int fd;

	(void)state;
	fd = make_image(200 * VERITY_BLOCK + 10, 1);
	add_verity(fd, &added);
	assert_false(added.own_group);
	check_added(fd, 1, false);
	close(fd);

	fd = make_image(5000, 1);
	add_signature(fd);
	add_verity(fd, &added);
	assert_true(added.own_group);
	assert_int_equal(added.group, 2);
	check_added(fd, 2, true);
	close(fd);

	fd = make_image(5000, 0);
	add_verity(fd, &added);
	assert_true(added.own_group);
	check_added(fd, 2, true);
	close(fd);
}

/* Descriptors are hostile, too: what they claim must fit what the JSON says. */
static void descriptors_that_do_not_fit_are_refused(void **state)
{
	static const struct {
		unsigned object, field;
		int64_t value;
		unsigned width;
	} lies[] = {
		{ 1, SIF_D_SIZE, 199 * 4096, 8 },  { 2, SIF_D_SIZE, 4096, 8 },
		{ 2, SIF_D_GROUP, (int64_t)0xf0000002, 4 }, { 2, SIF_D_LINK, 1, 4 },	       { 2, SIF_D_TYPE, SIF_DATA_GENERIC_JSON, 4 },
		{ 3, SIF_D_GROUP, (int64_t)0xf0000002, 4 }, { 3, SIF_D_GROUP, (int64_t)0xf0000000, 4 }, { 3, SIF_D_SIZE, 5, 8 },
		{ 1, SIF_D_ID, 9, 4 },		   { 2, SIF_D_ID, 9, 4 },
	};
	struct verity_added added;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lies); i++) {
		OWN_SIF_IMAGE struct sif_image img = {};
		int fd = make_image(200 * VERITY_BLOCK, 1);
		const struct sif_object *json;
		struct verity v;
		struct err e = {};

		add_verity(fd, &added);
		assert_int_equal(fd_pwrite_full(fd, &lies[i].value, lies[i].width,
						SIF_DESCR_OFFSET + lies[i].object * SIF_DESCR_LEN + lies[i].field, "image",
						&e), 0);
		if (sif_read(fd, "image", &img, &e) == 0) {
			json = verity_next(&img, sif_primary(&img), NULL);
			/* a partition of another number has no tree */
			if (json || lies[i].field != SIF_D_ID) {
				assert_non_null(json);
				assert_int_equal(verity_load(fd, &img, sif_primary(&img), json, &v, &e), -1);
				assert_int_equal(e.kind, ERR_FORMAT);
			}
		}
		close(fd);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(layouts_are_as_the_format_says),
		cmocka_unit_test(what_was_written_is_read),
		cmocka_unit_test(a_flipped_byte_of_the_data_is_one_damaged_block),
		cmocka_unit_test(a_flipped_byte_of_the_tree_is_never_wrong_bytes),
		cmocka_unit_test(a_later_change_is_seen),
		cmocka_unit_test(sizes_must_belong_together),
		cmocka_unit_test(the_root_is_checked),
		cmocka_unit_test(the_json_has_one_form),
		cmocka_unit_test(the_json_has_no_other_numbers),
		cmocka_unit_test(a_tree_is_added_to_the_right_group),
		cmocka_unit_test(descriptors_that_do_not_fit_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
