/* Unit tests of image/pack: labels and JSON, compressor words, chosen offsets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "image/pack/compress.h"
#include "image/pack/labels.h"
#include "image/pack/native.h"
#include "image/pack/packer.h"
#include "image/sif/write.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

static void strings_as_go_writes_them(void **state)
{
	static const struct {
		const char *in, *want;
	} cases[] = {
		{ "", "\"\"" },
		{ "a\"\\\n\r\t\x01\x1f\x7f", "\"a\\\"\\\\\\n\\r\\t\\u0001\\u001f\x7f\"" },
		{ "<a&b>", "\"\\u003ca\\u0026b\\u003e\"" },
		{ "\xc3\xa9\xe4\xb8\xad\xf0\x9f\x98\x80", "\"\xc3\xa9\xe4\xb8\xad\xf0\x9f\x98\x80\"" },
		{ "\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xaa", "\"\\u2028\\u2029\xe2\x80\xaa\"" },
		{ "\xff\xc0\x80\xe0\x80\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd\"" },
		{ "\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\"" },		/* a surrogate */
		{ "\xf4\x90\x80\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\"" }, /* beyond U+10FFFF */
		{ "\xe4\xb8", "\"\\ufffd\\ufffd\"" },			/* cut short */
		{ "\xef\xbf\xbf\xf4\x8f\xbf\xbf", "\"\xef\xbf\xbf\xf4\x8f\xbf\xbf\"" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		OWN_STR struct str out = {};

		json_go_string(&out, cases[i].in);
		assert_string_equal(str_text(&out), cases[i].want);
	}
}

static void labels_are_sorted_and_unique(void **state)
{
	OWN_LABELS struct labels l = {};
	OWN_STR struct str out = {};
	OWN_STRV struct strv words = {};
	struct err e;

	(void)state;
	assert_int_equal(labels_parse(&l, "{\"b\":\"1\",\"n\":3,\"a\":\"2\"}", 23, "x", &e), 0);
	strv_add(&words, "c=x=y");
	strv_add(&words, "a=");
	assert_int_equal(labels_add_words(&l, &words, &e), 0);
	labels_json(&l, &out);
	assert_string_equal(str_text(&out), "{\"a\":\"\",\"b\":\"1\",\"c\":\"x=y\"}");
	str_clear(&out);
	labels_file(&l, &out);
	assert_string_equal(str_text(&out), "{\n\t\"a\": \"\",\n\t\"b\": \"1\",\n\t\"c\": \"x=y\"\n}\n");
	assert_int_equal(labels_parse(&l, "[1]", 3, "x", &e), -1);
	assert_int_equal(labels_parse(&l, "{", 1, "x", &e), -1);
	strv_add(&words, "=v");
	assert_int_equal(labels_add_words(&l, &words, &e), -1);
	assert_int_equal(e.kind, ERR_USAGE);
}

static void dates_are_utc(void **state)
{
	OWN_LABELS struct labels l = {};

	(void)state;
	labels_add_build(&l, 951782399, "amd64", "0");
	assert_string_equal(labels_get(&l, "org.label-schema.build-date"), "Monday_28_February_2000_23:59:59_UTC");
	assert_string_equal(labels_get(&l, "org.opencontainers.image.created"), "2000-02-28T23:59:59Z");
}

static void compressors_by_word(void **state)
{
	static const struct {
		const char *word;
		int ok, id;
		unsigned level;
	} cases[] = {
		{ "zstd", 1, SQFS_COMP_ZSTD, 3 }, { "zstd:22", 1, SQFS_COMP_ZSTD, 22 }, { "gzip:1", 1, SQFS_COMP_GZIP, 1 },
		{ "xz", 1, SQFS_COMP_XZ, 6 },	  { "lz4", 1, SQFS_COMP_LZ4, 0 },	{ "none", 1, SQFS_COMP_GZIP, 0 },
		{ "zstd:0", 0, 0, 0 },		  { "zstd:", 0, 0, 0 },			{ "lz4:1", 0, 0, 0 },
		{ "ZSTD", 0, 0, 0 },		  { "", 0, 0, 0 },			{ "gzip:10", 0, 0, 0 },
	};
	struct compress c;
	struct err e;
	uint32_t size;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(compress_parse(cases[i].word, &c, &e) == 0, cases[i].ok);
		if (cases[i].ok) {
			assert_int_equal(c.id, cases[i].id);
			assert_int_equal(c.level, cases[i].level);
		}
	}
	assert_int_equal(compress_block_size("1M", &size, &e), 0);
	assert_int_equal(size, 1 << 20);
	assert_int_equal(compress_block_size("2M", &size, &e), -1);
	assert_int_equal(compress_block_size("5000", &size, &e), -1);
}

/* A block that does not become smaller is stored. */
static void no_block_grows(void **state)
{
	static const char *const words[] = { "zstd", "gzip", "xz", "lz4", "none" };
	uint8_t in[4096], out[8192];
	struct compress c;
	struct err e;

	(void)state;
	for (size_t i = 0; i < sizeof(in); i++)
		in[i] = (uint8_t)(i * i * 31 >> 3 ^ i * 7);
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		sqfs_compressor_t *z = NULL;

		assert_int_equal(compress_parse(words[i], &c, &e), 0);
		assert_int_equal(compress_new(&c, 4096, false, &z, &e), 0);
		for (sqfs_u32 len = 1; len < 200; len++) {
			sqfs_s32 n = z->do_block(z, in, len, out, sizeof(out));

			assert_true(n >= 0 && n < (sqfs_s32)len);
		}
		sqfs_destroy(z);
	}
}

static void patterns_exclude(void **state)
{
	static const struct {
		const char *pattern, *path;
		int out;
	} cases[] = {
		{ "*.pyc", "usr/lib/x.pyc", 1 },     { "*.pyc", "x.pyc/y", 1 },	    { "*.pyc", "x.pyc2", 0 },
		{ "cache", "var/cache/apt/x", 1 },   { "/var/cache", "var/cache/x", 1 }, { "var/cache", "./var/cache", 1 },
		{ "/var/cache", "x/var/cache", 0 },  { "var/*/x", "var/a/x", 1 },    { "var/*/x", "var/a/b/x", 0 },
		{ "/etc", "etc/passwd", 1 },	     { "/etc", "usr/etc", 0 },	    { "var/cache/*", "var/cache", 0 },
		{ "var/cache/*", "/var/cache/a/b", 1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		OWN_STRV struct strv list = {};
		struct pack_options opt = { .exclude = &list };
		struct packer p = { .opt = &opt };

		strv_add(&list, cases[i].pattern);
		if (packer_excluded(&p, cases[i].path) != cases[i].out)
			fail_msg("'%s' on '%s'", cases[i].pattern, cases[i].path);
	}
}

/* An object at a chosen offset: the table keeps its order, the header its size. */
static void offsets_are_chosen(void **state)
{
	int fd = memfd_create("sif", MFD_CLOEXEC);
	struct sif_options so = { .deterministic = true };
	struct sif_input json = { .type = SIF_DATA_GENERIC_JSON, .group = 1, .at = 32768 + 8192 };
	struct sif_input part = { .group = 1, .at = 32768 };
	struct sif_writer *w;
	struct sif_image img;
	uint64_t offset;
	struct err e;

	(void)state;
	assert_int_equal(sif_input_partition(&part, SIF_FS_SQUASH, SIF_PART_PRIMARY, "amd64", &e), 0);
	assert_int_equal(sif_writer_new(fd, "x", &so, &w, &e), 0);
	assert_int_equal(sif_writer_add(w, &json, "{}", 2, &e), 0);
	assert_int_equal(sif_writer_begin(w, &part, &offset, &e), 0);
	assert_int_equal(offset, 32768);
	assert_int_equal(sif_writer_end(w, 8192, &e), 0);
	assert_int_equal(sif_writer_finish(w, &e), 0);
	sif_writer_free(w);
	assert_int_equal(sif_read(fd, "x", &img, &e), 0);
	assert_int_equal(img.n, 2);
	assert_int_equal(img.objects[0].offset, 32768 + 8192);
	assert_int_equal(img.objects[1].offset, 32768);
	assert_int_equal(img.data_size, 32768 + 8192 + 2 - img.data_offset);
	sif_image_free(&img);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strings_as_go_writes_them), cmocka_unit_test(labels_are_sorted_and_unique),
		cmocka_unit_test(dates_are_utc),	     cmocka_unit_test(compressors_by_word),
		cmocka_unit_test(no_block_grows),	     cmocka_unit_test(patterns_exclude),
		cmocka_unit_test(offsets_are_chosen),
	};

	return cmocka_run_group_tests_name("pack_words", tests, NULL, NULL);
}
