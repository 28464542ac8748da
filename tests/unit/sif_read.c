/* Unit tests of the SIF reader: fields, and one test per promise of read.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/le.h"
#include "base/str.h"
#include "image/sif/read.h"

#include <string.h>
#include <sys/mman.h>

#define TABLE SIF_DESCR_OFFSET
#define DATA 32768
#define FILE_SIZE (DATA + 8192)

static uint8_t image[FILE_SIZE];

static uint8_t *slot(unsigned n)
{
	return image + TABLE + (size_t)n * SIF_DESCR_LEN;
}

static void set_object(unsigned n, int32_t type, uint32_t id, int64_t offset, int64_t size)
{
	uint8_t *d = slot(n);

	put_le32(d + SIF_D_TYPE, (uint32_t)type);
	d[SIF_D_USED] = 1;
	put_le32(d + SIF_D_ID, id);
	put_le32(d + SIF_D_GROUP, SIF_GROUP_MASK | 1);
	put_le64(d + SIF_D_OFFSET, (uint64_t)offset);
	put_le64(d + SIF_D_SIZE, (uint64_t)size);
}

static void set_partition(unsigned n, int32_t fs, int32_t part, const char *arch)
{
	uint8_t *x = slot(n) + SIF_D_EXTRA;

	put_le32(x + SIF_X_PART_FS, (uint32_t)fs);
	put_le32(x + SIF_X_PART_TYPE, (uint32_t)part);
	memcpy(x + SIF_X_PART_ARCH, arch, SIF_ARCH_LEN);
}

/* A definition of 10 bytes and a primary partition of 4096. */
static int build(void **state)
{
	(void)state;
	memset(image, 0, sizeof(image));
	memcpy(image, SIF_LAUNCH, sizeof(SIF_LAUNCH));
	memcpy(image + SIF_H_MAGIC, SIF_MAGIC, sizeof(SIF_MAGIC));
	memcpy(image + SIF_H_VERSION, SIF_VERSION, sizeof(SIF_VERSION));
	memcpy(image + SIF_H_ARCH, "02", SIF_ARCH_LEN);
	put_le64(image + SIF_H_CREATED, 1700000000);
	put_le64(image + SIF_H_FREE, 46);
	put_le64(image + SIF_H_TOTAL, 48);
	put_le64(image + SIF_H_TABLE_OFFSET, TABLE);
	put_le64(image + SIF_H_TABLE_SIZE, 48 * SIF_DESCR_LEN);
	put_le64(image + SIF_H_DATA_OFFSET, DATA);
	put_le64(image + SIF_H_DATA_SIZE, 8192);
	set_object(0, SIF_DATA_DEFFILE, 1, DATA, 10);
	set_object(1, SIF_DATA_PARTITION, 2, DATA + 4096, 4096);
	set_partition(1, SIF_FS_SQUASH, SIF_PART_PRIMARY, "02");
	return 0;
}

static int read_it(size_t len, struct sif_image *img, struct err *e)
{
	OWN_FD int fd = memfd_create("image", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, image, len), (ssize_t)len);
	return sif_read(fd, "a.sif", img, e);
}

static void accepted(struct sif_image *img)
{
	struct err e = {};

	if (read_it(sizeof(image), img, &e))
		fail_msg("refused: %s", e.msg);
}

/* Refused, and the message names the image and has the word. */
static void refused(const char *word)
{
	struct sif_image img;
	struct err e = {};

	assert_int_equal(read_it(sizeof(image), &img, &e), -1);
	assert_int_equal(e.kind, ERR_FORMAT);
	if (!str_starts(e.msg, "'a.sif': ") || !strstr(e.msg, word))
		fail_msg("'%s' is not in: %s", word, e.msg);
	assert_null(img.objects);
}

static void fields_are_read(void **state)
{
	OWN_SIF_IMAGE struct sif_image img;
	const struct sif_object *o;

	(void)state;
	memset(slot(1) + SIF_D_NAME, 'n', SIF_NAME_LEN);
	put_le32(slot(1) + SIF_D_LINK, SIF_GROUP_MASK | 7);
	put_le32(slot(0) + SIF_D_GROUP, SIF_GROUP_NONE);
	put_le32(slot(0) + SIF_D_LINK, 2);
	accepted(&img);
	assert_string_equal(img.launch, SIF_LAUNCH);
	assert_string_equal(img.arch, "02");
	assert_int_equal(img.created, 1700000000);
	assert_int_equal(img.n, 2);
	o = sif_primary(&img);
	assert_ptr_equal(o, sif_by_id(&img, 2));
	assert_ptr_equal(o, sif_by_type(&img, SIF_DATA_PARTITION, NULL));
	assert_int_equal(o->offset, DATA + 4096);
	assert_int_equal(o->size, 4096);
	assert_int_equal(o->group, 1);
	assert_true(o->link_is_group);
	assert_int_equal(o->link, 7);
	assert_int_equal(strlen(o->name), SIF_NAME_LEN);
	assert_int_equal(sif_part_fs(o), SIF_FS_SQUASH);
	assert_string_equal(sif_part_arch(&img, o), "amd64");
	assert_int_equal(img.objects[0].group, 0);
	assert_false(img.objects[0].link_is_group);
	assert_int_equal(img.objects[0].link, 2);
	assert_null(sif_by_id(&img, 3));
	assert_null(sif_by_type(&img, SIF_DATA_DEFFILE, "x"));
}

static void cut_files_are_refused(void **state)
{
	static const size_t lengths[] = { 0, 1, 32, 42, 127, 128, 4095, 4096, 4096 + 585, 32175, DATA, FILE_SIZE - 1 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		struct sif_image img;
		struct err e = {};

		assert_int_equal(read_it(lengths[i], &img, &e), -1);
		assert_int_equal(e.kind, ERR_FORMAT);
	}
}

static void header_words_are_checked(void **state)
{
	(void)state;
	image[SIF_H_MAGIC] = 's';
	refused("SIF_MAGIC");
	build(NULL);
	image[SIF_H_VERSION + 1] = '2';
	refused("version");
	build(NULL);
	image[SIF_H_VERSION + 2] = '1';
	refused("version");
	build(NULL);
	memcpy(image + SIF_H_ARCH, "zz", SIF_ARCH_LEN);
	refused("architecture");
}

static void header_numbers_are_checked(void **state)
{
	static const struct {
		unsigned field;
		int64_t value;
		const char *word;
	} bad[] = {
		{ SIF_H_TOTAL, -1, "count" },
		{ SIF_H_TOTAL, INT64_MIN, "count" },
		{ SIF_H_TOTAL, INT64_MAX, "count" },
		{ SIF_H_TOTAL, SIF_DESCR_LIMIT + 1, "count" },
		{ SIF_H_TOTAL, 47, "table size" },
		{ SIF_H_TABLE_SIZE, -1, "table size" },
		{ SIF_H_TABLE_SIZE, INT64_MAX, "table size" },
		{ SIF_H_TABLE_OFFSET, -1, "inside the header" },
		{ SIF_H_TABLE_OFFSET, INT64_MIN, "inside the header" },
		{ SIF_H_TABLE_OFFSET, 127, "inside the header" },
		{ SIF_H_TABLE_OFFSET, INT64_MAX, "end of the file" },
		{ SIF_H_TABLE_OFFSET, FILE_SIZE, "end of the file" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		build(NULL);
		put_le64(image + bad[i].field, (uint64_t)bad[i].value);
		refused(bad[i].word);
	}
}

/* Real files have these wrong. */
static void bookkeeping_is_not_trusted(void **state)
{
	static const unsigned fields[] = { SIF_H_FREE, SIF_H_DATA_OFFSET, SIF_H_DATA_SIZE };
	static const int64_t values[] = { -1, INT64_MIN, INT64_MAX, 1LL << 40 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(fields) * ARRAY_SIZE(values); i++) {
		OWN_SIF_IMAGE struct sif_image img;

		build(NULL);
		put_le64(image + fields[i / ARRAY_SIZE(values)], (uint64_t)values[i % ARRAY_SIZE(values)]);
		put_le64(slot(0) + SIF_D_PADDED, (uint64_t)values[i % ARRAY_SIZE(values)]);
		accepted(&img);
	}
}

static void places_are_checked(void **state)
{
	static const struct {
		int64_t offset, size;
		const char *word;
	} bad[] = {
		{ -1, 4096, "negative offset" },
		{ INT64_MIN, 4096, "negative offset" },
		{ DATA, -1, "negative size" },
		{ DATA, INT64_MIN, "negative size" },
		{ DATA, INT64_MAX, "end of the file" },
		{ INT64_MAX, 4096, "end of the file" },
		{ INT64_MAX - 4095, 8192, "end of the file" },
		{ DATA + 4096, 4097, "end of the file" },
		{ 0, 10, "header" },
		{ 127, 1, "header" },
		{ TABLE, 1, "table" },
		{ TABLE - 1, 2, "table" },
		{ TABLE + 48 * SIF_DESCR_LEN - 1, 1, "table" },
		{ DATA + 9, 4096, "share" },
		{ DATA, 1, "share" },
		{ INT64_MAX, 0, "end of the file" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		build(NULL);
		put_le64(slot(1) + SIF_D_OFFSET, (uint64_t)bad[i].offset);
		put_le64(slot(1) + SIF_D_SIZE, (uint64_t)bad[i].size);
		refused(bad[i].word);
	}
}

static void empty_objects_share_offsets(void **state)
{
	OWN_SIF_IMAGE struct sif_image img;

	(void)state;
	set_object(2, SIF_DATA_GENERIC, 3, DATA, 0);
	set_object(3, SIF_DATA_GENERIC, 4, DATA + 4, 0);
	accepted(&img);
	assert_int_equal(img.n, 4);
}

static void identities_are_checked(void **state)
{
	(void)state;
	put_le32(slot(1) + SIF_D_ID, 0);
	refused("impossible object id 0");
	build(NULL);
	put_le32(slot(1) + SIF_D_ID, 0xffffffff);
	refused("impossible object id");
	build(NULL);
	put_le32(slot(1) + SIF_D_ID, 1);
	refused("two objects have the id 1");
	build(NULL);
	put_le32(slot(1) + SIF_D_GROUP, 1);
	refused("group");
	build(NULL);
	set_object(2, SIF_DATA_PARTITION, 3, DATA + 100, 4);
	set_partition(2, SIF_FS_RAW, SIF_PART_PRIMARY, "02");
	refused("primary");
}

static void holes_and_unknown_codes_are_fine(void **state)
{
	OWN_SIF_IMAGE struct sif_image img;

	(void)state;
	memset(slot(0), 0, SIF_DESCR_LEN);
	slot(1)[SIF_D_USED] = 2;
	put_le32(slot(1) + SIF_D_LINK, 77);
	set_object(40, 0x7fff, 9, DATA, 10);
	memset(slot(40) + SIF_D_EXTRA, 0xff, SIF_EXTRA_LEN);
	accepted(&img);
	assert_int_equal(img.n, 2);
	assert_int_equal(img.objects[0].slot, 1);
	assert_int_equal(img.objects[1].slot, 40);
	assert_string_equal(sif_type_name(img.objects[1].type), "Unknown");
}

/* Old versions of set-primary damaged the partition's architecture. */
static void architecture_falls_back_to_the_header(void **state)
{
	OWN_SIF_IMAGE struct sif_image a = {}, b = {}, c = {};

	(void)state;
	set_partition(1, SIF_FS_SQUASH, SIF_PART_PRIMARY, "amd");
	memset(slot(1) + SIF_D_EXTRA + SIF_X_PART_ARCH + SIF_ARCH_LEN, 'x', 300);
	accepted(&a);
	assert_string_equal(sif_part_arch(&a, sif_primary(&a)), "amd64");
	set_partition(1, SIF_FS_SQUASH, SIF_PART_PRIMARY, "04");
	accepted(&b);
	assert_string_equal(sif_part_arch(&b, sif_primary(&b)), "arm64");
	set_partition(1, SIF_FS_SQUASH, SIF_PART_PRIMARY, "99");
	accepted(&c);
	assert_string_equal(sif_part_arch(&c, sif_primary(&c)), "unknown");
}

static void words_have_codes(void **state)
{
	char uuid[SIF_UUID_TEXT];

	(void)state;
	assert_string_equal(sif_arch_code("riscv64"), "12");
	assert_string_equal(sif_arch_code("x86_64"), "00");
	assert_string_equal(sif_arch_name("06"), "ppc64le");
	assert_string_equal(sif_arch_name("77"), "unknown");
	assert_string_not_equal(sif_arch_host(), "unknown");
	assert_int_equal(sif_code_find(sif_types, "sbom"), SIF_DATA_SBOM);
	assert_int_equal(sif_code_find(sif_types, "nothing"), 0);
	assert_string_equal(sif_part_name(SIF_PART_PRIMARY), "*System");
	assert_string_equal(sif_code_word(sif_types, SIF_DATA_DEFFILE), "definition");
	sif_uuid_text((const uint8_t *)"0123456789abcdef", uuid);
	assert_string_equal(uuid, "30313233-3435-3637-3839-616263646566");
	assert_string_equal(sif_code_word(sif_fs_types, 99), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(fields_are_read, build),
		cmocka_unit_test_setup(cut_files_are_refused, build),
		cmocka_unit_test_setup(header_words_are_checked, build),
		cmocka_unit_test_setup(header_numbers_are_checked, build),
		cmocka_unit_test_setup(bookkeeping_is_not_trusted, build),
		cmocka_unit_test_setup(places_are_checked, build),
		cmocka_unit_test_setup(empty_objects_share_offsets, build),
		cmocka_unit_test_setup(identities_are_checked, build),
		cmocka_unit_test_setup(holes_and_unknown_codes_are_fine, build),
		cmocka_unit_test_setup(architecture_falls_back_to_the_header, build),
		cmocka_unit_test_setup(words_have_codes, build),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
