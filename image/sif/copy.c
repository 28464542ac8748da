#include "base/fd.h"
#include "base/mem.h"
#include "image/sif/raw.h"

#include <stdlib.h>
#include <string.h>

#define COPY_CHUNK (256 * 1024)
#define MORE_SLOTS 8

static bool is_dropped(const struct sif_copy *c, uint32_t id)
{
	for (size_t i = 0; i < c->n_drop; i++)
		if (c->drop[i] == id)
			return true;
	return false;
}

static int copy_bytes(const struct sif_writer *w, const struct sif_copy *c, const struct sif_object *o, uint64_t to,
		      struct err *e)
{
	OWN_FREE uint8_t *buf = xmalloc(COPY_CHUNK);

	for (uint64_t at = 0; at < (uint64_t)o->size; at += COPY_CHUNK) {
		size_t n = (uint64_t)o->size - at < COPY_CHUNK ? (size_t)((uint64_t)o->size - at) : COPY_CHUNK;

		if (fd_pread_full(c->fd, buf, n, (uint64_t)o->offset + at, c->name, e) ||
		    fd_pwrite_full(w->fd, buf, n, to + at, w->name, e))
			return -1;
	}
	return 0;
}

/* What stood at a multiple of a page may have to. */
static int64_t place_behind(int64_t end, const struct sif_object *o)
{
	int64_t step = o->type == SIF_DATA_PARTITION || o->offset % SIF_PART_ALIGN == 0 ? SIF_PART_ALIGN : 1;

	return (end + step - 1) / step * step;
}

/* The object at its new place; its bytes, unless it is to be exchanged. */
static int place(struct sif_writer *w, const struct sif_copy *c, const struct sif_object *o, int64_t *end, struct err *e)
{
	int64_t offset = place_behind(*end, o);
	uint8_t *d = raw_slot(&w->raw, o->slot);
	bool exchange = o->id == c->exchange;

	raw_set(d, SIF_D_OFFSET, offset);
	raw_set(d, SIF_D_PADDED, offset - *end);
	raw_set(d, SIF_D_SIZE, 0);
	if (exchange) {
		d[SIF_D_USED] = 0; /* until sif_writer_end */
		w->slot = o->slot;
		w->open = true;
		return 0;
	}
	*end = offset + o->size;
	if (copy_bytes(w, c, o, (uint64_t)offset, e))
		return -1;
	return raw_end_object(&w->raw, o->slot, (uint64_t)o->size, e);
}

static int by_offset(const void *a, const void *b)
{
	const struct sif_object *x = a, *y = b;

	return x->offset != y->offset ? (x->offset > y->offset) - (x->offset < y->offset) :
					(x->slot > y->slot) - (x->slot < y->slot);
}

static void grow_table(struct raw *r)
{
	if (raw_free_slots(r) == 0) {
		r->table = xreallocarray(r->table, r->total + MORE_SLOTS, SIF_DESCR_LEN);
		memset(raw_slot(r, r->total), 0, (size_t)MORE_SLOTS * SIF_DESCR_LEN);
		r->total += MORE_SLOTS;
	}
	raw_set(r->header, SIF_H_TOTAL, r->total);
	raw_set(r->header, SIF_H_TABLE_OFFSET, SIF_DESCR_OFFSET);
	raw_set(r->header, SIF_H_TABLE_SIZE, (int64_t)r->total * SIF_DESCR_LEN);
	raw_set(r->header, SIF_H_DATA_OFFSET, SIF_DESCR_OFFSET + (int64_t)r->total * SIF_DESCR_LEN);
}

static int copy(struct sif_writer *w, const struct sif_copy *c, struct sif_image *img, uint64_t *ret_offset,
		struct err *e)
{
	const struct sif_object *last = sif_by_id(img, c->exchange);
	int64_t end;

	if (!last)
		return err_set(e, ERR_BUG, "there is no object %u", c->exchange);
	for (uint32_t i = 0; i < img->n; i++)
		if (is_dropped(c, img->objects[i].id))
			memset(raw_slot(&w->raw, img->objects[i].slot), 0, SIF_DESCR_LEN);
	grow_table(&w->raw);
	end = raw_get(w->raw.header, SIF_H_DATA_OFFSET);
	w->time = last->modified;
	qsort(img->objects, img->n, sizeof(*img->objects), by_offset);
	for (uint32_t i = 0; i < img->n; i++) {
		const struct sif_object *o = &img->objects[i];

		if (o->id != c->exchange && !is_dropped(c, o->id) && place(w, c, o, &end, e))
			return -1;
	}
	last = sif_by_id(img, c->exchange); /* the sort has moved it */
	if (place(w, c, last, &end, e))
		return -1;
	*ret_offset = (uint64_t)raw_get(raw_slot(&w->raw, w->slot), SIF_D_OFFSET);
	return 0;
}

int sif_writer_copy(int fd, const char *name, const struct sif_copy *c, struct sif_writer **ret, uint64_t *ret_offset,
		    struct err *e)
{
	struct sif_writer *w = xcalloc(1, sizeof(*w));
	OWN_SIF_IMAGE struct sif_image img = {};
	int rc;

	w->fd = fd;
	w->name = xstrdup(name);
	rc = raw_read(c->fd, &w->raw, &img, e);
	if (!rc)
		rc = copy(w, c, &img, ret_offset, e);
	if (rc) {
		sif_writer_free(w);
		return err_ctx(e, "'%s'", c->name);
	}
	*ret = w;
	return 0;
}
