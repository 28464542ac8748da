/* Tables of fixed-size entries. At .start stand the positions of the metadata
 * blocks that hold them; the positions are read when the first entry is asked
 * for, the blocks one by one as they are needed. */
#include "image/squash/internal.h"

#include "base/le.h"

static uint64_t index_len(const struct sq_table *t)
{
	return ((uint64_t)t->n * t->entry + SQ_META_SIZE - 1) / SQ_META_SIZE;
}

int sq_table_check(const struct squash *fs, const struct sq_table *t, const char *what, struct err *e)
{
	if (t->n && (t->start >= fs->super.bytes_used || index_len(t) * 8 > fs->super.bytes_used - t->start))
		return err_set(e, ERR_FORMAT, "the %s table (%u entries) does not fit in the image", what, t->n);
	return 0;
}

/* NULL without an error: there is no room to keep it. Whoever is first publishes;
 * a second one drops its copy. */
static const uint64_t *load_index(struct squash *fs, struct sq_table *t, struct err *e)
{
	size_t n = index_len(t), bytes = n * sizeof(uint64_t);
	uint64_t *index, *other = NULL;

	if (!sq_meta_charge(fs, bytes))
		return NULL;
	index = malloc(bytes);
	if (!index)
		err_sys(e, ENOMEM, "cannot read a table of the image");
	sq_slow(fs);
	if (!index || source_read(fs->src, index, bytes, t->start, e))
		goto drop;
	for (size_t i = 0; i < n; i++)
		index[i] = le64(&index[i]);
	if (atomic_compare_exchange_strong(&t->index, &other, index))
		return index;
drop:
	atomic_fetch_sub(&fs->meta.kept, bytes);
	free(index);
	return other;
}

/* Where the i-th metadata block of a table stands. */
static int block_of(struct squash *fs, struct sq_table *t, size_t i, uint64_t *ret, struct err *e)
{
	const uint64_t *index = atomic_load_explicit(&t->index, memory_order_acquire);
	uint64_t pos;

	e->kind = ERR_NONE;
	if (!index)
		index = load_index(fs, t, e);
	if (index) {
		*ret = index[i];
		return 0;
	}
	if (e->kind || source_read(fs->src, &pos, sizeof(pos), t->start + i * sizeof(pos), e))
		return -1;
	*ret = le64(&pos);
	return 0;
}

int sq_table_get(struct squash *fs, struct sq_table *t, uint32_t i, void *buf, struct err *e)
{
	uint64_t off = (uint64_t)i * t->entry;
	struct sq_cursor c = { .fs = fs, .limit = fs->super.bytes_used, .off = off % SQ_META_SIZE };

	if (i >= t->n)
		return err_set(e, ERR_FORMAT, "entry %u of a table of %u", i, t->n);
	if (block_of(fs, t, off / SQ_META_SIZE, &c.pos, e))
		return -1;
	return sq_cursor_read(&c, buf, t->entry, e);
}

/* At most 64 Ki ids: every inode needs two of them, so they are kept unpacked. */
int sq_ids_load(struct squash *fs, struct err *e)
{
	struct sq_table t = { .start = fs->super.id_table, .n = fs->super.ids, .entry = 4 };
	int r;

	if (sq_table_check(fs, &t, "id", e))
		return -1;
	fs->ids = malloc((size_t)t.n * sizeof(*fs->ids));
	if (!fs->ids)
		return err_sys(e, ENOMEM, "cannot open the image");
	r = 0;
	for (uint32_t i = 0; i < t.n && r == 0; i++) {
		r = sq_table_get(fs, &t, i, &fs->ids[i], e);
		if (r == 0)
			fs->ids[i] = le32(&fs->ids[i]);
	}
	if (atomic_load(&t.index))
		atomic_fetch_sub(&fs->meta.kept, index_len(&t) * sizeof(uint64_t));
	free(atomic_load(&t.index));
	return r ? err_ctx(e, "the id table") : 0;
}
