/* Unit tests of writing and changing SIF files: refusals, and a property test:
 * whatever sequence of changes is made, reading gives what a model says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/fd.h"
#include "base/le.h"
#include "base/str.h"
#include "image/sif/write.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

static int new_file(void)
{
	int fd = memfd_create("image", MFD_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static void good(int rc, const struct err *e)
{
	if (rc)
		fail_msg("%s", e->msg);
}

static void refused(int rc, const struct err *e, const char *word)
{
	if (!rc || !strstr(e->msg, word))
		fail_msg("'%s' is not in: %s", word, rc ? e->msg : "(accepted)");
}

static void create(int fd, const struct sif_options *opt)
{
	struct sif_writer *w;
	struct err e;

	good(sif_writer_new(fd, "a.sif", opt, &w, &e), &e);
	good(sif_writer_finish(w, &e), &e);
	sif_writer_free(w);
}

static int data_file(const void *data, size_t len)
{
	int fd = new_file();

	assert_int_equal(write(fd, data, len), (ssize_t)len);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

static void objects_are_streamed_to_their_place(void **state)
{
	const struct sif_options opt = { .deterministic = true };
	struct sif_input in = { .group = SIF_GROUP_DEFAULT };
	OWN_SIF_IMAGE struct sif_image img = {};
	OWN_FD int fd = new_file();
	struct sif_writer *w;
	uint64_t offset, again;
	struct err e;
	char back[5];

	(void)state;
	good(sif_input_partition(&in, SIF_FS_SQUASH, SIF_PART_PRIMARY, "riscv64", &e), &e);
	good(sif_writer_new(fd, "a.sif", &opt, &w, &e), &e);
	good(sif_writer_begin(w, &in, &offset, &e), &e);
	assert_int_equal(offset, 32768);
	refused(sif_writer_begin(w, &in, &again, &e), &e, "open already");
	refused(sif_writer_finish(w, &e), &e, "still open");
	good(fd_pwrite_full(fd, "hsqs!", 5, offset, "a.sif", &e), &e);
	good(sif_writer_end(w, 5, &e), &e);
	refused(sif_writer_end(w, 5, &e), &e, "no object is open");
	/* nothing of the header is there before the end */
	assert_int_equal(pread(fd, back, 5, SIF_H_MAGIC), 5);
	assert_memory_equal(back, "\0\0\0\0", 5);
	good(sif_writer_finish(w, &e), &e);
	sif_writer_free(w);
	good(sif_read(fd, "a.sif", &img, &e), &e);
	assert_string_equal(img.launch, SIF_LAUNCH);
	assert_string_equal(img.arch, "12");
	assert_int_equal(img.n, 1);
	assert_int_equal(img.data_size, 32768 + 5 - 32176);
	assert_int_equal(img.objects[0].size_padded, 5 + 32768 - 32176);
}

/* A packer writes the partition first, and lists it behind its metadata. */
static void offsets_can_be_chosen(void **state)
{
	static const uint8_t uuid[16] = "0123456789abcde";
	const struct sif_options opt = { .deterministic = true };
	struct sif_input in = { .type = SIF_DATA_GENERIC, .at = 40000 };
	OWN_SIF_IMAGE struct sif_image img = {};
	OWN_FD int fd = new_file();
	struct sif_writer *w;
	uint64_t offset;
	size_t len;
	struct err e;

	(void)state;
	good(sif_writer_new(fd, "a.sif", &opt, &w, &e), &e);
	good(sif_writer_add(w, &in, "behind", 6, &e), &e);
	in.at = 39000;
	good(sif_writer_add(w, &in, "before", 6, &e), &e);
	in.at = 0;
	good(sif_writer_add(w, &in, "last", 4, &e), &e);
	in.at = 4096;
	refused(sif_writer_begin(w, &in, &offset, &e), &e, "offset 4096");
	in.at = 50000;
	good(sif_writer_begin(w, &in, &offset, &e), &e);
	refused(sif_writer_end(w, INT64_MAX, &e), &e, "does not fit");
	sif_writer_set_uuid(w, uuid);
	assert_int_equal(le64((const uint8_t *)sif_writer_table(w, &len) + SIF_D_OFFSET), 40000);
	assert_int_equal(len, 48 * SIF_DESCR_LEN);
	good(sif_writer_finish(w, &e), &e);
	sif_writer_free(w);
	good(sif_read(fd, "a.sif", &img, &e), &e);
	assert_int_equal(img.n, 3);
	assert_int_equal(img.objects[0].offset, 40000);
	assert_int_equal(img.objects[1].offset, 39000);
	assert_int_equal(img.objects[2].offset, 40006);
	assert_int_equal(img.data_size, 40010 - 32176);
	assert_memory_equal(img.uuid, uuid, 16);
}

static void unreadable_data_change_nothing(void **state)
{
	const struct sif_options opt = { .deterministic = true };
	struct sif_input in = { .type = SIF_DATA_GENERIC };
	OWN_SIF_IMAGE struct sif_image img = {};
	OWN_FD int fd = new_file(), folder = fd_open("/", O_RDONLY | O_DIRECTORY, &(struct err){});
	struct err e;

	(void)state;
	create(fd, &opt);
	refused(sif_add(fd, "a.sif", &in, folder, NULL, &e), &e, "cannot read the object's data");
	good(sif_read(fd, "a.sif", &img, &e), &e);
	assert_int_equal(img.n, 0);
	assert_int_equal(img.file_size, 32176);
	refused(sif_read(folder, "/", &img, &e), &e, "not a regular file");
	refused(sif_add(folder, "/", &in, fd, NULL, &e), &e, "not a regular file");
}

static void defaults_are_now_and_random(void **state)
{
	const struct sif_options opt = {};
	OWN_SIF_IMAGE struct sif_image a = {}, b = {};
	OWN_FD int fa = new_file(), fb = new_file();
	struct err e;

	(void)state;
	create(fa, &opt);
	create(fb, &opt);
	good(sif_read(fa, "a.sif", &a, &e), &e);
	good(sif_read(fb, "b.sif", &b, &e), &e);
	assert_memory_not_equal(a.uuid, b.uuid, 16);
	assert_int_equal(a.uuid[6] >> 4, 4);
	assert_int_equal(a.uuid[8] >> 6, 2);
	assert_in_range(a.created, time(NULL) - 60, time(NULL));
	assert_int_equal(a.created, a.modified);
}

static void bad_wishes_are_refused(void **state)
{
	const struct sif_options small = { .capacity = 1 }, large = { .capacity = SIF_DESCR_LIMIT + 1 },
				 launch = { .launch = "12345678901234567890123456789012" };
	struct sif_input in = { .type = SIF_DATA_GENERIC };
	OWN_FD int fd = new_file(), data = data_file("x", 1);
	char name[SIF_NAME_LEN + 2] = {};
	struct sif_writer *w;
	struct err e;

	(void)state;
	memset(name, 'n', SIF_NAME_LEN + 1);
	refused(sif_writer_new(fd, "a.sif", &large, &w, &e), &e, "more than 65536");
	refused(sif_writer_new(fd, "a.sif", &launch, &w, &e), &e, "launch script");
	refused(sif_input_partition(&in, SIF_FS_RAW, SIF_PART_DATA, "vax", &e), &e, "'vax'");
	create(fd, &small);
	in.name = name;
	refused(sif_add(fd, "a.sif", &in, data, NULL, &e), &e, "longer than 128");
	in.name = NULL;
	in.alignment = 3;
	refused(sif_add(fd, "a.sif", &in, data, NULL, &e), &e, "power of two");
	in.alignment = 0;
	in.group = SIF_GROUP_MASK;
	refused(sif_add(fd, "a.sif", &in, data, NULL, &e), &e, "group");
	in.group = 0;
	in.link = 0xffffffff;
	refused(sif_add(fd, "a.sif", &in, data, NULL, &e), &e, "link");
	in.link = 0;
	refused(sif_add(fd, "a.sif", &in, fd, NULL, &e), &e, "to itself");
	good(sif_add(fd, "a.sif", &in, data, NULL, &e), &e);
	refused(sif_add(fd, "a.sif", &in, data, NULL, &e), &e, "no free descriptor");
	refused(sif_delete(fd, "a.sif", 2, false, false, NULL, &e), &e, "object 2 not found");
	refused(sif_set_primary(fd, "a.sif", 1, NULL, &e), &e, "not a system partition");
}

/* A header that lies about where data begin must not send them there. */
static void data_offset_is_not_trusted(void **state)
{
	static const int64_t offsets[] = { -1, INT64_MIN, INT64_MAX, 1LL << 40, 0, 4096 };
	const struct sif_options opt = {};
	struct sif_input in = { .type = SIF_DATA_GENERIC };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(offsets); i++) {
		OWN_FD int fd = new_file(), data = data_file("x", 1);
		uint8_t raw[8];
		struct err e;

		create(fd, &opt);
		put_le64(raw, (uint64_t)offsets[i]);
		assert_int_equal(pwrite(fd, raw, 8, SIF_H_DATA_OFFSET), 8);
		refused(sif_add(fd, "a.sif", &in, data, NULL, &e), &e, "data offset");
	}
}

/* The property test. */
#define SLOTS 12
#define ROUNDS 60
#define SEQUENCES 40

struct model_object {
	bool used;
	struct sif_input in;
	char name[SIF_NAME_LEN + 1];
	uint8_t data[6000];
	size_t len;
};

static struct model_object model[SLOTS];
static uint64_t seed;

static uint32_t any(uint32_t below)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(seed >> 33) % below;
}

static int32_t part_type(const struct model_object *m)
{
	return m->in.type == SIF_DATA_PARTITION ? (int32_t)le32(m->in.extra + SIF_X_PART_TYPE) : 0;
}

static struct model_object *find_primary(void)
{
	for (unsigned i = 0; i < SLOTS; i++)
		if (model[i].used && part_type(&model[i]) == SIF_PART_PRIMARY)
			return &model[i];
	return NULL;
}

static void invent(struct model_object *m)
{
	static const char *const archs[] = { "amd64", "arm64", "riscv64", "386" };
	struct err e;

	*m = (struct model_object){};
	m->in.type = SIF_DATA_DEFFILE + (int32_t)any(11);
	for (unsigned i = 0; i < 64; i++)
		m->in.extra[i] = (uint8_t)any(256);
	if (m->in.type == SIF_DATA_PARTITION)
		good(sif_input_partition(&m->in, 1 + (int32_t)any(6), 1 + (int32_t)any(4), archs[any(4)], &e), &e);
	m->in.group = any(4);
	m->in.link = any(5);
	m->in.link_is_group = m->in.link && any(2);
	m->in.alignment = any(2) ? 0 : 1u << any(13);
	m->in.has_time = true;
	m->in.time = (int64_t)any(1000000) - 500000;
	for (unsigned i = 0, n = any(3) ? any(20) : SIF_NAME_LEN; i < n; i++)
		m->name[i] = (char)('a' + any(26));
	m->in.name = m->name;
	m->len = any(5) ? any(sizeof(m->data)) : 0;
	for (size_t i = 0; i < m->len; i++)
		m->data[i] = (uint8_t)any(256);
}

static void add_one(int fd)
{
	struct model_object m;
	unsigned slot = 0;
	bool second;
	struct err e;
	int rc;

	invent(&m);
	while (slot < SLOTS && model[slot].used)
		slot++;
	second = part_type(&m) == SIF_PART_PRIMARY && find_primary();
	{
		OWN_FD int data = data_file(m.data, m.len);

		rc = sif_add(fd, "a.sif", &m.in, data, NULL, &e);
	}
	if (slot == SLOTS || second) {
		refused(rc, &e, second ? "primary" : "no free");
		return;
	}
	good(rc, &e);
	m.used = true;
	model[slot] = m;
	model[slot].in.name = model[slot].name;
}

static void set_primary(int fd, unsigned slot)
{
	struct model_object *m = &model[slot], *old = find_primary();
	struct err e;
	int rc = sif_set_primary(fd, "a.sif", slot + 1, NULL, &e);

	if (!m->used || (part_type(m) != SIF_PART_SYSTEM && m != old)) {
		refused(rc, &e, m->used ? "not a system" : "not found");
		return;
	}
	good(rc, &e);
	if (m == old)
		return;
	if (old)
		put_le32(old->in.extra + SIF_X_PART_TYPE, SIF_PART_SYSTEM);
	put_le32(m->in.extra + SIF_X_PART_TYPE, SIF_PART_PRIMARY);
}

static void step(int fd)
{
	unsigned slot = any(SLOTS);
	struct err e;
	int rc;

	switch (any(5)) {
	case 0:
		rc = sif_delete(fd, "a.sif", slot + 1, any(2), any(2), NULL, &e);
		if (model[slot].used)
			good(rc, &e);
		else
			refused(rc, &e, "not found");
		model[slot].used = false;
		break;
	case 1:
		set_primary(fd, slot);
		break;
	default:
		add_one(fd);
	}
}

static void compare_object(int fd, const struct sif_object *o, const struct model_object *m)
{
	uint8_t data[sizeof(m->data)];
	struct err e;

	assert_int_equal(o->type, m->in.type);
	assert_int_equal(o->id, o->slot + 1);
	assert_int_equal(o->group, m->in.group);
	assert_int_equal(o->link, m->in.link);
	assert_int_equal(o->link_is_group, m->in.link_is_group);
	assert_int_equal(o->size, m->len);
	assert_int_equal(o->created, m->in.time);
	assert_string_equal(o->name, m->name);
	assert_memory_equal(o->extra, m->in.extra, SIF_EXTRA_LEN);
	assert_int_equal(o->offset % (m->in.alignment ? m->in.alignment : m->in.type == SIF_DATA_PARTITION ? 4096 : 1),
			 0);
	good(fd_pread_full(fd, data, m->len, (uint64_t)o->offset, "a.sif", &e), &e);
	assert_memory_equal(data, m->data, m->len);
}

static void compare(int fd)
{
	OWN_SIF_IMAGE struct sif_image img = {};
	const struct model_object *primary = find_primary();
	uint32_t n = 0;
	struct err e;

	good(sif_read(fd, "a.sif", &img, &e), &e);
	for (unsigned i = 0; i < SLOTS; i++) {
		if (!model[i].used)
			continue;
		assert_true(n < img.n);
		assert_int_equal(img.objects[n].slot, i);
		compare_object(fd, &img.objects[n], &model[i]);
		n++;
	}
	assert_int_equal(n, img.n);
	assert_int_equal(img.descr_free, SLOTS - n);
	assert_memory_equal(img.arch, primary ? (const char *)primary->in.extra + SIF_X_PART_ARCH : "00", 2);
}

static void any_sequence_reads_back(void **state)
{
	const struct sif_options opt = { .capacity = SLOTS };

	(void)state;
	for (unsigned s = 0; s < SEQUENCES; s++) {
		OWN_FD int fd = new_file();

		seed = s + 1;
		memset(model, 0, sizeof(model));
		create(fd, &opt);
		for (unsigned r = 0; r < ROUNDS; r++) {
			step(fd);
			compare(fd);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(objects_are_streamed_to_their_place),
		cmocka_unit_test(offsets_can_be_chosen),
		cmocka_unit_test(unreadable_data_change_nothing),
		cmocka_unit_test(defaults_are_now_and_random),
		cmocka_unit_test(bad_wishes_are_refused),
		cmocka_unit_test(data_offset_is_not_trusted),
		cmocka_unit_test(any_sequence_reads_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
