/* Where a file's blocks stand. The image has only their sizes, one word each,
 * behind the inode: to find block n, n words must be added up.
 *
 * For files of more than SQ_STRIDE blocks a table of waypoints is made at the
 * first read behind the first stride: for each 2^shift-th block where it stands
 * and where its word is. It has at most MAX_POINTS entries (then the stride
 * grows), is published like a metadata block, and is kept until the end. */
#include "image/squash/internal.h"

#include "base/le.h"

#define MAX_POINTS 16384u

struct sq_point {
	uint64_t data; /* the block */
	uint64_t meta; /* the metadata block with its word */
	uint32_t off;
};

struct sq_points {
	struct sq_points *next;
	uint64_t ref; /* of the inode */
	unsigned shift;
	size_t n;
	struct sq_point at[];
};

void sq_blocks_free(struct squash *fs)
{
	for (size_t i = 0; i < ARRAY_SIZE(fs->points); i++) {
		struct sq_points *next, *p = atomic_load(&fs->points[i]);

		for (; p; p = next) {
			next = p->next;
			free(p);
		}
	}
}

/* The next n words (at most SQ_STRIDE), checked. */
static int read_words(struct sq_cursor *c, uint32_t *words, size_t n, struct err *e)
{
	uint32_t block_size = c->fs->super.block_size;

	if (sq_cursor_read(c, words, n * sizeof(*words), e))
		return err_ctx(e, "a file's block list");
	for (size_t i = 0; i < n; i++) {
		words[i] = le32(&words[i]);
		if ((words[i] & ~SQ_UNCOMPRESSED) > block_size)
			return err_set(e, ERR_FORMAT, "a block of %u bytes in an image with blocks of %u",
				       words[i] & ~SQ_UNCOMPRESSED, block_size);
	}
	return 0;
}

/* Step over n blocks. */
static int pass(struct sq_cursor *c, uint64_t *data, uint64_t n, struct err *e)
{
	uint32_t words[SQ_STRIDE];

	while (n) {
		size_t part = n < SQ_STRIDE ? (size_t)n : SQ_STRIDE;

		if (read_words(c, words, part, e))
			return -1;
		for (size_t i = 0; i < part; i++)
			*data += words[i] & ~SQ_UNCOMPRESSED;
		n -= part;
	}
	return 0;
}

static struct sq_points *find(struct sq_points *p, uint64_t ref)
{
	while (p && p->ref != ref)
		p = p->next;
	return p;
}

static unsigned shift_for(uint64_t count)
{
	unsigned shift = __builtin_ctz(SQ_STRIDE);

	while (count >> shift > MAX_POINTS)
		shift++;
	return shift;
}

static size_t points_size(uint64_t count)
{
	return sizeof(struct sq_points) + ((count >> shift_for(count)) + 1) * sizeof(struct sq_point);
}

static struct sq_points *build(const struct squash_inode *file, struct sq_cursor c, uint64_t count, struct err *e)
{
	struct sq_points *p;
	uint64_t data = file->start;
	unsigned shift = shift_for(count);

	p = malloc(points_size(count));
	if (!p) {
		err_sys(e, ENOMEM, "cannot read a file's block list");
		return NULL;
	}
	*p = (struct sq_points){ .ref = file->ref, .shift = shift };
	for (uint64_t left = count;;) {
		p->at[p->n++] = (struct sq_point){ .data = data, .meta = c.pos, .off = c.off };
		if (left <= 1ull << shift)
			return p;
		if (pass(&c, &data, 1ull << shift, e)) {
			free(p);
			return NULL;
		}
		left -= 1ull << shift;
	}
}

/* 0 with *ret NULL: there is no room to keep waypoints, do without. */
static int points_of(struct squash *fs, const struct squash_inode *file, const struct sq_cursor *list,
		     uint64_t count, struct sq_points **ret, struct err *e)
{
	_Atomic(struct sq_points *) *head = &fs->points[sq_hash(file->ref, 8)];
	struct sq_points *p, *old = atomic_load_explicit(head, memory_order_acquire);

	*ret = find(old, file->ref);
	if (*ret || !sq_meta_charge(fs, points_size(count)))
		return 0;
	p = build(file, *list, count, e);
	if (!p) {
		atomic_fetch_sub(&fs->meta.kept, points_size(count));
		return -1;
	}
	do {
		*ret = find(old, file->ref);
		if (*ret) {
			atomic_fetch_sub(&fs->meta.kept, points_size(count));
			free(p);
			return 0;
		}
		p->next = old;
	} while (!atomic_compare_exchange_weak_explicit(head, &old, p, memory_order_release,
							memory_order_acquire));
	*ret = p;
	return 0;
}

int sq_blocks_seek(struct squash *fs, const struct squash_inode *file, uint64_t first, uint64_t n,
		   struct sq_blocks *ret, struct err *e)
{
	uint64_t count = sq_block_count(fs, file);
	struct sq_points *p = NULL;

	ret->c = (struct sq_cursor){ .fs = fs, .pos = file->tail_block, .limit = fs->super.dir_table,
				     .off = file->tail_offset };
	ret->data = file->start;
	ret->at = ret->n = 0;
	ret->left = n < count - first ? n : count - first;
	if (first >= SQ_STRIDE && points_of(fs, file, &ret->c, count, &p, e))
		return -1;
	if (p) {
		const struct sq_point *w = &p->at[first >> p->shift];

		ret->data = w->data;
		ret->c.pos = w->meta;
		ret->c.off = w->off;
		first &= (1ull << p->shift) - 1;
	}
	return pass(&ret->c, &ret->data, first, e);
}

int sq_blocks_next(struct sq_blocks *b, uint64_t *pos, uint32_t *word, struct err *e)
{
	if (b->at == b->n) {
		if (b->left == 0)
			return err_set(e, ERR_BUG, "more blocks wanted than the file has");
		b->n = b->left < SQ_STRIDE ? (unsigned)b->left : SQ_STRIDE;
		b->at = 0;
		if (read_words(&b->c, b->words, b->n, e))
			return -1;
		b->left -= b->n;
	}
	*word = b->words[b->at++];
	*pos = b->data;
	b->data += *word & ~SQ_UNCOMPRESSED;
	return 0;
}
