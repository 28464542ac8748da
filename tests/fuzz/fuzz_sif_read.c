/* Fuzz target: any bytes as a SIF file. What the reader accepts keeps the
 * promises of read.h, and survives every change as a file that is accepted. */
#include "image/sif/write.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>
#include <sys/mman.h>

static int open_bytes(const void *data, size_t size)
{
	int fd = memfd_create("input", MFD_CLOEXEC);

	promise(fd >= 0);
	promise(write(fd, data, size) == (ssize_t)size);
	promise(lseek(fd, 0, SEEK_SET) == 0);
	return fd;
}

static void check_object(const struct sif_image *img, const struct sif_object *o)
{
	promise(o->id && o->id < SIF_GROUP_MASK);
	promise(sif_by_id(img, o->id) == o);
	promise(o->offset >= 0 && o->size >= 0);
	promise(strlen(o->name) <= SIF_NAME_LEN);
	promise(sif_type_name(o->type) && sif_fs_name(sif_part_fs(o)) && sif_part_name(sif_part_type(o)));
	promise(sif_part_arch(img, o));
	if (!o->size)
		return;
	promise((uint64_t)o->offset + (uint64_t)o->size <= img->file_size);
	for (uint32_t i = 0; i < img->n; i++) {
		const struct sif_object *p = &img->objects[i];

		promise(p == o || !p->size || p->offset + p->size <= o->offset || o->offset + o->size <= p->offset);
	}
}

static void check_image(const struct sif_image *img)
{
	unsigned primaries = 0;

	promise(strlen(img->launch) <= SIF_LAUNCH_LEN);
	promise(img->n <= SIF_DESCR_LIMIT && img->n <= img->descr_total);
	for (uint32_t i = 0; i < img->n; i++) {
		const struct sif_object *o = &img->objects[i];

		check_object(img, o);
		primaries += o->type == SIF_DATA_PARTITION && sif_part_type(o) == SIF_PART_PRIMARY;
	}
	promise(primaries == (sif_primary(img) != NULL));
}

/* The number of objects after a change that succeeded. */
static void expect_objects(int fd, uint32_t n)
{
	OWN_SIF_IMAGE struct sif_image img = {};
	struct err e = {};

	promise(sif_read(fd, "changed", &img, &e) == 0);
	check_image(&img);
	promise(img.n == n);
}

static void try_changes(const struct sif_image *img, const uint8_t *data, size_t size)
{
	static const struct sif_change c = { .has_time = true, .time = 1 };
	OWN_FD int fd = open_bytes(data, size);
	OWN_FD int object = open_bytes("data", 4);
	struct sif_input in = { .type = SIF_DATA_GENERIC, .group = 1, .name = "new", .alignment = 16 };
	uint32_t n = img->n;
	struct err e = {};

	if (sif_add(fd, "a", &in, object, &c, &e) == 0)
		expect_objects(fd, ++n);
	for (uint32_t i = 0; i < img->n; i++) {
		uint32_t id = img->objects[i].id;

		if (sif_set_primary(fd, "a", id, &c, &e) == 0)
			expect_objects(fd, n);
		promise(sif_delete(fd, "a", id, i & 1, false, &c, &e) == 0);
		expect_objects(fd, --n);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	OWN_SIF_IMAGE struct sif_image img = {};
	OWN_FD int fd = open_bytes(data, size);
	struct err e = {};

	if (sif_read(fd, "input", &img, &e)) {
		promise(e.kind == ERR_FORMAT && e.msg[0] && !img.objects);
		return 0;
	}
	promise(sif_is_magic(data, size));
	check_image(&img);
	if (img.n <= 16)
		try_changes(&img, data, size);
	return 0;
}
