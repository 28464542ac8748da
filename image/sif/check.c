#include "image/sif/check.h"

#include "base/log.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

int check_table(const struct sif_image *img, struct err *e)
{
	uint64_t end;

	if (img->descr_total < 0 || img->descr_total > SIF_DESCR_LIMIT)
		return err_set(e, ERR_FORMAT, "the header's descriptor count %" PRId64 " is not between 0 and %d",
			       img->descr_total, SIF_DESCR_LIMIT);
	if (img->descr_size != img->descr_total * SIF_DESCR_LEN)
		return err_set(e, ERR_FORMAT,
			       "the header's descriptor table size %" PRId64 " is not %" PRId64
			       " descriptors of %d bytes",
			       img->descr_size, img->descr_total, SIF_DESCR_LEN);
	if (img->descr_offset < SIF_HEADER_LEN)
		return err_set(e, ERR_FORMAT, "the descriptor table offset %" PRId64 " is inside the header",
			       img->descr_offset);
	/* Cannot wrap: both are positive and size is bounded. */
	end = (uint64_t)img->descr_offset + (uint64_t)img->descr_size;
	if (end > img->file_size)
		return err_set(e, ERR_FORMAT,
			       "the descriptor table ends at %" PRIu64 ", behind the end of the file (%" PRIu64 ")",
			       end, img->file_size);
	return 0;
}

static int check_identity(const struct sif_object *o, uint32_t raw_group, struct err *e)
{
	if (!o->id || o->id >= SIF_GROUP_MASK)
		return err_set(e, ERR_FORMAT, "descriptor %" PRIu32 " has the impossible object id %" PRIu32,
			       o->slot + 1, o->id);
	if ((raw_group & SIF_GROUP_MASK) != SIF_GROUP_MASK)
		return err_set(e, ERR_FORMAT, "object %" PRIu32 " has the malformed group 0x%08" PRIx32, o->id,
			       raw_group);
	return 0;
}

/* An empty object has no bytes that could be shared. It may stand at the
 * position that the next partition would get, behind a file that ends before. */
static int check_empty(const struct sif_image *img, const struct sif_object *o, struct err *e)
{
	if ((uint64_t)o->offset >= img->file_size + SIF_PART_ALIGN)
		return err_set(e, ERR_FORMAT, "object %" PRIu32 " is at %" PRId64 ", behind the end of the file",
			       o->id, o->offset);
	return 0;
}

int check_object(const struct sif_image *img, const struct sif_object *o, uint32_t raw_group, struct err *e)
{
	int64_t end;

	if (check_identity(o, raw_group, e))
		return -1;
	if (o->offset < 0)
		return err_set(e, ERR_FORMAT, "object %" PRIu32 " has the negative offset %" PRId64, o->id, o->offset);
	if (o->size < 0)
		return err_set(e, ERR_FORMAT, "object %" PRIu32 " has the negative size %" PRId64, o->id, o->size);
	if (!o->size)
		return check_empty(img, o, e);
	if (__builtin_add_overflow(o->offset, o->size, &end) || (uint64_t)end > img->file_size) {
		err_set(e, ERR_FORMAT,
			"object %" PRIu32 " (offset %" PRId64 ", size %" PRId64
			") goes beyond the end of the file (%" PRIu64 ")",
			o->id, o->offset, o->size, img->file_size);
		return err_hint(e, "a copy that was cut off looks like this: copy or fetch the image again");
	}
	if (o->offset < SIF_HEADER_LEN)
		return err_set(e, ERR_FORMAT, "object %" PRIu32 " at offset %" PRId64 " overlaps the header", o->id,
			       o->offset);
	if (o->offset < img->descr_offset + img->descr_size && end > img->descr_offset)
		return err_set(e, ERR_FORMAT, "object %" PRIu32 " at offset %" PRId64 " overlaps the descriptor table",
			       o->id, o->offset);
	return 0;
}

static int by_id(const void *a, const void *b)
{
	const struct sif_object *const *x = a, *const *y = b;

	return ((*x)->id > (*y)->id) - ((*x)->id < (*y)->id);
}

static int by_offset(const void *a, const void *b)
{
	const struct sif_object *const *x = a, *const *y = b;

	return ((*x)->offset > (*y)->offset) - ((*x)->offset < (*y)->offset);
}

static int check_ids(const struct sif_object **sorted, uint32_t n, struct err *e)
{
	qsort(sorted, n, sizeof(*sorted), by_id);
	for (uint32_t i = 1; i < n; i++)
		if (sorted[i]->id == sorted[i - 1]->id)
			return err_set(e, ERR_FORMAT, "two objects have the id %" PRIu32, sorted[i]->id);
	return 0;
}

static int check_overlap(const struct sif_object **sorted, uint32_t n, struct err *e)
{
	const struct sif_object *last = NULL;

	qsort(sorted, n, sizeof(*sorted), by_offset);
	for (uint32_t i = 0; i < n; i++) {
		if (!sorted[i]->size)
			continue;
		if (last && sorted[i]->offset < last->offset + last->size)
			return err_set(e, ERR_FORMAT, "objects %" PRIu32 " and %" PRIu32 " share bytes of the file",
				       last->id, sorted[i]->id);
		last = sorted[i];
	}
	return 0;
}

static int check_primary(const struct sif_image *img, struct err *e)
{
	const struct sif_object *first = NULL;

	for (uint32_t i = 0; i < img->n; i++) {
		const struct sif_object *o = &img->objects[i];

		if (o->type != SIF_DATA_PARTITION || sif_part_type(o) != SIF_PART_PRIMARY)
			continue;
		if (first)
			return err_set(e, ERR_FORMAT,
				       "objects %" PRIu32 " and %" PRIu32 " both claim to be the primary partition",
				       first->id, o->id);
		first = o;
	}
	if (first && strncmp(img->arch, (const char *)first->extra + SIF_X_PART_ARCH, SIF_ARCH_LEN) != 0)
		log_debug("the header's architecture (%s) is not the primary partition's (%s)",
			  sif_arch_name(img->arch), sif_part_arch(img, first));
	return 0;
}

int check_objects(const struct sif_image *img, struct err *e)
{
	OWN_FREE const struct sif_object **sorted = NULL;

	if (check_primary(img, e))
		return -1;
	if (img->n < 2)
		return 0;
	sorted = malloc(img->n * sizeof(*sorted));
	if (!sorted)
		return err_sys(e, ENOMEM, "cannot check %" PRIu32 " objects", img->n);
	for (uint32_t i = 0; i < img->n; i++)
		sorted[i] = &img->objects[i];
	if (check_ids(sorted, img->n, e))
		return -1;
	return check_overlap(sorted, img->n, e);
}
