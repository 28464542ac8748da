#include "image/sif/read.h"

#include "base/fd.h"
#include "base/le.h"
#include "image/sif/check.h"
#include "image/sif/raw.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

bool sif_is_magic(const void *data, size_t len)
{
	return len >= SIF_H_VERSION && memcmp((const char *)data + SIF_H_MAGIC, SIF_MAGIC, sizeof(SIF_MAGIC)) == 0;
}

static int64_t i64(const uint8_t *p)
{
	return (int64_t)le64(p);
}

static int parse_words(const uint8_t *h, struct sif_image *img, struct err *e)
{
	const uint8_t *v = h + SIF_H_VERSION, *a = h + SIF_H_ARCH;

	if (!sif_is_magic(h, SIF_HEADER_LEN))
		return err_set(e, ERR_FORMAT, "not a SIF image (there is no SIF_MAGIC at offset %d)", SIF_H_MAGIC);
	if (memcmp(v, SIF_VERSION, sizeof(SIF_VERSION)) != 0)
		return err_set(e, ERR_FORMAT,
			       "SIF version 0x%02x%02x%02x is not supported, only " SIF_VERSION " (0x303100) is", v[0],
			       v[1], v[2]);
	if (!sif_arch_is_code(a))
		return err_set(e, ERR_FORMAT, "the header's architecture 0x%02x%02x%02x is not a code of two digits",
			       a[0], a[1], a[2]);
	memcpy(img->launch, h + SIF_H_LAUNCH, SIF_LAUNCH_LEN);
	memcpy(img->arch, a, SIF_ARCH_LEN);
	memcpy(img->uuid, h + SIF_H_UUID, sizeof(img->uuid));
	return 0;
}

static int parse_header(const uint8_t *h, struct sif_image *img, struct err *e)
{
	if (parse_words(h, img, e))
		return -1;
	img->created = i64(h + SIF_H_CREATED);
	img->modified = i64(h + SIF_H_MODIFIED);
	img->descr_free = i64(h + SIF_H_FREE);
	img->descr_total = i64(h + SIF_H_TOTAL);
	img->descr_offset = i64(h + SIF_H_TABLE_OFFSET);
	img->descr_size = i64(h + SIF_H_TABLE_SIZE);
	img->data_offset = i64(h + SIF_H_DATA_OFFSET);
	img->data_size = i64(h + SIF_H_DATA_SIZE);
	return check_table(img, e);
}

/* Returns the group as stored, mask included. */
static uint32_t parse_object(const uint8_t *d, uint32_t slot, struct sif_object *o)
{
	uint32_t group = le32(d + SIF_D_GROUP), link = le32(d + SIF_D_LINK);

	o->slot = slot;
	o->type = (int32_t)le32(d + SIF_D_TYPE);
	o->id = le32(d + SIF_D_ID);
	o->group = group & ~SIF_GROUP_MASK;
	o->link_is_group = (link & SIF_GROUP_MASK) == SIF_GROUP_MASK;
	o->link = o->link_is_group ? link & ~SIF_GROUP_MASK : link;
	o->offset = i64(d + SIF_D_OFFSET);
	o->size = i64(d + SIF_D_SIZE);
	o->size_padded = i64(d + SIF_D_PADDED);
	o->created = i64(d + SIF_D_CREATED);
	o->modified = i64(d + SIF_D_MODIFIED);
	o->uid = i64(d + SIF_D_UID);
	o->gid = i64(d + SIF_D_GID);
	memcpy(o->name, d + SIF_D_NAME, SIF_NAME_LEN);
	o->name[SIF_NAME_LEN] = '\0';
	memcpy(o->extra, d + SIF_D_EXTRA, SIF_EXTRA_LEN);
	return group;
}

/* Any byte but 0 says that a slot is in use. */
static uint32_t count_used(const uint8_t *table, uint32_t total)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < total; i++)
		n += table[(size_t)i * SIF_DESCR_LEN + SIF_D_USED] != 0;
	return n;
}

static int parse_table(const uint8_t *table, struct sif_image *img, struct err *e)
{
	uint32_t total = (uint32_t)img->descr_total, n = count_used(table, total);

	if (!n)
		return 0;
	img->objects = calloc(n, sizeof(*img->objects));
	if (!img->objects)
		return err_sys(e, ENOMEM, "cannot read %" PRIu32 " descriptors", n);
	for (uint32_t slot = 0; slot < total; slot++) {
		const uint8_t *d = table + (size_t)slot * SIF_DESCR_LEN;
		struct sif_object *o = &img->objects[img->n];
		uint32_t raw_group;

		if (!d[SIF_D_USED])
			continue;
		raw_group = parse_object(d, slot, o);
		if (check_object(img, o, raw_group, e))
			return -1;
		img->n++;
	}
	return check_objects(img, e);
}

static int read_header(int fd, struct raw *r, struct sif_image *img, struct err *e)
{
	struct stat st;

	if (fstat(fd, &st))
		return err_sys(e, errno, "cannot read the file");
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_FORMAT, "not a regular file");
	img->file_size = (uint64_t)st.st_size;
	if (img->file_size < SIF_HEADER_LEN)
		return err_set(e, ERR_FORMAT, "not a SIF image (%" PRIu64 " bytes are less than a header)",
			       img->file_size);
	if (fd_pread_full(fd, r->header, sizeof(r->header), 0, "header", e))
		return -1;
	return parse_header(r->header, img, e);
}

static int read_table(int fd, struct raw *r, struct sif_image *img, struct err *e)
{
	if (!img->descr_size)
		return 0;
	r->total = (uint32_t)img->descr_total;
	r->table = malloc((size_t)img->descr_size);
	if (!r->table)
		return err_sys(e, ENOMEM, "cannot read %" PRId64 " descriptors", img->descr_total);
	if (fd_pread_full(fd, r->table, (size_t)img->descr_size, (uint64_t)img->descr_offset, "descriptor table", e))
		return -1;
	return parse_table(r->table, img, e);
}

int raw_read(int fd, struct raw *ret, struct sif_image *img, struct err *e)
{
	*ret = (struct raw){};
	*img = (struct sif_image){};
	if (read_header(fd, ret, img, e) == 0 && read_table(fd, ret, img, e) == 0)
		return 0;
	raw_free(ret);
	sif_image_free(img);
	return -1;
}

int sif_read(int fd, const char *name, struct sif_image *ret, struct err *e)
{
	OWN_RAW struct raw r;

	if (raw_read(fd, &r, ret, e))
		return err_ctx(e, "'%s'", name);
	return 0;
}

void sif_image_free(struct sif_image *img)
{
	free(img->objects);
	*img = (struct sif_image){};
}

int32_t sif_part_fs(const struct sif_object *o)
{
	return (int32_t)le32(o->extra + SIF_X_PART_FS);
}

int32_t sif_part_type(const struct sif_object *o)
{
	return (int32_t)le32(o->extra + SIF_X_PART_TYPE);
}

const char *sif_part_arch(const struct sif_image *img, const struct sif_object *o)
{
	const char *code = (const char *)o->extra + SIF_X_PART_ARCH;

	/* An old set-primary wrote Go's name, cut to three letters, where the code
	 * belongs, and "00" when called again; the header's code is right then. */
	if (!sif_arch_is_code(code) || memcmp(code, "00", SIF_ARCH_LEN) == 0)
		code = img->arch;
	return sif_arch_name(code);
}

const struct sif_object *sif_primary(const struct sif_image *img)
{
	for (uint32_t i = 0; i < img->n; i++)
		if (img->objects[i].type == SIF_DATA_PARTITION && sif_part_type(&img->objects[i]) == SIF_PART_PRIMARY)
			return &img->objects[i];
	return NULL;
}

const struct sif_object *sif_by_id(const struct sif_image *img, uint32_t id)
{
	for (uint32_t i = 0; i < img->n; i++)
		if (img->objects[i].id == id)
			return &img->objects[i];
	return NULL;
}

const struct sif_object *sif_by_type(const struct sif_image *img, int32_t type, const char *name)
{
	for (uint32_t i = 0; i < img->n; i++) {
		const struct sif_object *o = &img->objects[i];

		if (o->type == type && (!name || strcmp(o->name, name) == 0))
			return o;
	}
	return NULL;
}
