#include "image/sif/raw.h"

#include "base/fd.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

void raw_free(struct raw *r)
{
	free(r->table);
	*r = (struct raw){};
}

static bool is_used(const uint8_t *d)
{
	return d[SIF_D_USED] != 0;
}

static bool is_primary(const uint8_t *d)
{
	return is_used(d) && le32(d + SIF_D_TYPE) == SIF_DATA_PARTITION &&
	       le32(d + SIF_D_EXTRA + SIF_X_PART_TYPE) == SIF_PART_PRIMARY;
}

int64_t raw_end(const struct raw *r)
{
	int64_t last = raw_get(r->header, SIF_H_DATA_OFFSET);

	for (uint32_t i = 0; i < r->total; i++) {
		const uint8_t *d = raw_slot(r, i);
		int64_t end;

		/* Only the places of used objects were checked. */
		if (!is_used(d))
			continue;
		end = raw_get(d, SIF_D_OFFSET) + raw_get(d, SIF_D_SIZE);
		if (end > last)
			last = end;
	}
	return last;
}

uint32_t raw_free_slots(const struct raw *r)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < r->total; i++)
		n += !is_used(raw_slot(r, i));
	return n;
}

void raw_set_arch(struct raw *r, const uint8_t *d)
{
	const uint8_t *code = d + SIF_D_EXTRA + SIF_X_PART_ARCH;

	if (sif_arch_is_code(code))
		memcpy(r->header + SIF_H_ARCH, code, SIF_ARCH_LEN);
}

static int find_slot(const struct raw *r, uint32_t *ret, struct err *e)
{
	for (uint32_t i = 0; i < r->total; i++) {
		if (is_used(raw_slot(r, i)))
			continue;
		*ret = i;
		return 0;
	}
	err_set(e, ERR_USAGE, "the image has no free descriptor (all %" PRIu32 " are used)", r->total);
	return err_hint(e, "delete an object, or make a new image with more room");
}

/* Slot number + 1, as everyone writes it, unless a file with other habits has
 * given that number away. */
static uint32_t choose_id(const struct raw *r, uint32_t slot)
{
	uint32_t highest = 0;
	bool taken = false;

	for (uint32_t i = 0; i < r->total; i++) {
		const uint8_t *d = raw_slot(r, i);
		uint32_t id = le32(d + SIF_D_ID);

		if (!is_used(d))
			continue;
		taken |= id == slot + 1;
		if (id > highest)
			highest = id;
	}
	return taken ? highest + 1 : slot + 1;
}

static int check_input(const struct raw *r, const struct sif_input *in, struct err *e)
{
	if (in->name && strlen(in->name) > SIF_NAME_LEN)
		return err_set(e, ERR_USAGE, "the object name '%s' is longer than %d bytes", in->name, SIF_NAME_LEN);
	if (in->alignment & (in->alignment - 1))
		return err_set(e, ERR_USAGE, "the alignment %" PRIu32 " is not a power of two", in->alignment);
	if (in->group & SIF_GROUP_MASK)
		return err_set(e, ERR_USAGE, "the group %" PRIu32 " is too large", in->group);
	if (in->link & SIF_GROUP_MASK)
		return err_set(e, ERR_USAGE, "the link %" PRIu32 " is too large", in->link);
	if (in->type != SIF_DATA_PARTITION || le32(in->extra + SIF_X_PART_TYPE) != SIF_PART_PRIMARY)
		return 0;
	for (uint32_t i = 0; i < r->total; i++)
		if (is_primary(raw_slot(r, i)))
			return err_set(e, ERR_USAGE, "the image has a primary partition already (object %" PRIu32 ")",
				       le32(raw_slot(r, i) + SIF_D_ID));
	return 0;
}

static int align(int64_t end, const struct sif_input *in, int64_t *ret, struct err *e)
{
	int64_t step = in->alignment ? in->alignment : in->type == SIF_DATA_PARTITION ? SIF_PART_ALIGN : 1;

	if (__builtin_add_overflow(end, step - 1, ret))
		return err_set(e, ERR_FORMAT, "there is no room behind offset %" PRId64, end);
	*ret &= ~(step - 1);
	return 0;
}

int raw_begin(const struct raw *r, const struct sif_input *in, int64_t default_time, uint32_t *ret_slot,
	      struct err *e)
{
	int64_t end = raw_end(r), offset, stamp = in->has_time ? in->time : default_time;
	uint8_t *d;

	if (check_input(r, in, e) || find_slot(r, ret_slot, e) || align(end, in, &offset, e))
		return -1;
	if (in->at) {
		if (in->at < (uint64_t)raw_get(r->header, SIF_H_DATA_OFFSET) || in->at > INT64_MAX)
			return err_set(e, ERR_BUG, "an object at offset %" PRIu64, in->at);
		end = offset = (int64_t)in->at;
	}
	d = raw_slot(r, *ret_slot);
	memset(d, 0, SIF_DESCR_LEN);
	put_le32(d + SIF_D_TYPE, (uint32_t)in->type);
	put_le32(d + SIF_D_ID, choose_id(r, *ret_slot));
	put_le32(d + SIF_D_GROUP, in->group | SIF_GROUP_MASK);
	put_le32(d + SIF_D_LINK, in->link_is_group ? in->link | SIF_GROUP_MASK : in->link);
	raw_set(d, SIF_D_OFFSET, offset);
	raw_set(d, SIF_D_PADDED, offset - end);
	raw_set(d, SIF_D_CREATED, stamp);
	raw_set(d, SIF_D_MODIFIED, stamp);
	if (in->name)
		memcpy(d + SIF_D_NAME, in->name, strlen(in->name));
	memcpy(d + SIF_D_EXTRA, in->extra, SIF_EXTRA_LEN);
	return 0;
}

int raw_end_object(struct raw *r, uint32_t slot, uint64_t size, struct err *e)
{
	uint8_t *d = raw_slot(r, slot);
	int64_t end;

	if (__builtin_add_overflow(raw_get(d, SIF_D_OFFSET), size, &end))
		return err_set(e, ERR_FORMAT, "an object of %" PRIu64 " bytes does not fit into a file", size);
	raw_set(d, SIF_D_SIZE, (int64_t)size);
	raw_set(d, SIF_D_PADDED, raw_get(d, SIF_D_PADDED) + (int64_t)size);
	d[SIF_D_USED] = 1;
	if (is_primary(d))
		raw_set_arch(r, d);
	raw_set(r->header, SIF_H_FREE, raw_free_slots(r));
	raw_set(r->header, SIF_H_DATA_SIZE, raw_end(r) - raw_get(r->header, SIF_H_DATA_OFFSET));
	return 0;
}

int raw_write_table(int fd, const struct raw *r, const char *name, struct err *e)
{
	return fd_pwrite_full(fd, r->table, (size_t)r->total * SIF_DESCR_LEN,
			      (uint64_t)raw_get(r->header, SIF_H_TABLE_OFFSET), name, e);
}

int raw_write_header(int fd, const struct raw *r, const char *name, struct err *e)
{
	return fd_pwrite_full(fd, r->header, sizeof(r->header), 0, name, e);
}
