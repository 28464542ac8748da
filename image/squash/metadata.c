/* Metadata blocks: unpacked once and kept; read through cursors only.
 *
 * The table of kept blocks is a hash of chains that only grow: a block is
 * filled, then pushed on its chain by compare-and-swap (release), and readers
 * follow the chain (acquire) without a lock. Two threads that miss the same
 * block both unpack it; the second finds the first's and drops its own.
 *
 * When the limit is used up, which takes some millions of files, blocks pass
 * through SQ_META_SLOTS places under one lock that is held for a copy only. */
#include "image/squash/internal.h"

#include "base/le.h"

#define HEADER 2u
#define STORED 0x8000u /* in the header: not packed */

struct sq_meta_block {
	struct sq_meta_block *next;
	uint64_t pos;
	uint32_t disk; /* bytes on disk with the header: where the next one stands */
	uint32_t len;
	uint8_t data[SQ_META_SIZE];
};

int sq_meta_init(struct squash *fs, size_t limit, struct err *e)
{
	struct sq_meta *m = &fs->meta;
	uint64_t blocks = (fs->super.bytes_used - fs->super.inode_table) / 2048;

	atomic_store(&m->limit, limit);
	m->bits = 6;
	while (m->bits < 14 && 1ull << m->bits < blocks)
		m->bits++;
	m->bucket = calloc(1ull << m->bits, sizeof(*m->bucket));
	if (!m->bucket)
		return err_sys(e, ENOMEM, "cannot open the image");
	pthread_mutex_init(&m->slots_lock, NULL);
	return 0;
}

void sq_meta_free(struct squash *fs)
{
	struct sq_meta *m = &fs->meta;

	if (!m->bucket)
		return;
	for (size_t i = 0; i < 1ull << m->bits; i++) {
		struct sq_meta_block *next, *b = atomic_load(&m->bucket[i]);

		for (; b; b = next) {
			next = b->next;
			free(b);
		}
	}
	for (size_t i = 0; i < SQ_META_SLOTS; i++)
		free(m->slot[i]);
	pthread_mutex_destroy(&m->slots_lock);
	free(m->bucket);
}

bool sq_meta_charge(struct squash *fs, size_t bytes)
{
	struct sq_meta *m = &fs->meta;

	if (atomic_fetch_add(&m->kept, bytes) + bytes <= atomic_load_explicit(&m->limit, memory_order_relaxed))
		return true;
	atomic_fetch_sub(&m->kept, bytes);
	return false;
}

/* A quarter is left to indexes and waypoints, without which each read is slow. */
static bool room_for_blocks(const struct sq_meta *m)
{
	size_t limit = atomic_load_explicit(&m->limit, memory_order_relaxed);

	return atomic_load_explicit(&m->kept, memory_order_relaxed) <= limit - limit / 4;
}

static struct sq_meta_block *find(const struct sq_meta_block *head, uint64_t pos)
{
	const struct sq_meta_block *b = head;

	while (b && b->pos != pos)
		b = b->next;
	return (struct sq_meta_block *)(uintptr_t)b;
}

/* Read and unpack the block at pos into b. One read brings header and body:
 * bytes that are read too many cost less than a second system call. */
static int unpack(struct squash *fs, struct sq_scratch *s, uint64_t pos, struct sq_meta_block *b, struct err *e)
{
	uint64_t left = fs->super.bytes_used - pos;
	size_t have = left < sizeof(s->meta) ? (size_t)left : sizeof(s->meta);
	uint32_t n, stored;
	ssize_t got;

	if (have < HEADER)
		return err_set(e, ERR_FORMAT, "metadata block %llu is cut off", (unsigned long long)pos);
	if (source_read(fs->src, s->meta, have, pos, e))
		return -1;
	stored = le16(s->meta) & STORED;
	n = le16(s->meta) & (STORED - 1);
	if (n == 0 || n > SQ_META_SIZE || n > have - HEADER)
		return err_set(e, ERR_FORMAT, "metadata block %llu has an impossible size (%u)",
			       (unsigned long long)pos, n);
	if (stored) {
		memcpy(b->data, s->meta + HEADER, n);
		got = n;
	} else {
		got = sq_decode(fs, s, s->meta + HEADER, n, b->data, SQ_META_SIZE, pos, e);
	}
	if (got < 0)
		return -1;
	if (got == 0)
		return err_set(e, ERR_FORMAT, "metadata block %llu is empty", (unsigned long long)pos);
	b->pos = pos;
	b->disk = HEADER + n;
	b->len = (uint32_t)got;
	return 0;
}

static struct sq_meta_block *load(struct squash *fs, uint64_t pos, struct err *e)
{
	struct sq_meta_block *b = malloc(sizeof(*b));
	struct sq_scratch *s;
	int r;

	if (!b) {
		err_sys(e, ENOMEM, "cannot read the image");
		return NULL;
	}
	s = sq_scratch_get(fs, e);
	if (!s) {
		free(b);
		return NULL;
	}
	sq_slow(fs);
	r = unpack(fs, s, pos, b, e);
	sq_scratch_put(fs, s);
	if (r) {
		free(b);
		return NULL;
	}
	atomic_fetch_add_explicit(&fs->blocks_read, 1, memory_order_relaxed);
	return b;
}

/* b becomes everyone's; the return is the block to use. */
static const struct sq_meta_block *publish(struct squash *fs, struct sq_meta_block *b)
{
	_Atomic(struct sq_meta_block *) *head = &fs->meta.bucket[sq_hash(b->pos, fs->meta.bits)];
	struct sq_meta_block *old = atomic_load_explicit(head, memory_order_acquire);

	do {
		struct sq_meta_block *other = find(old, b->pos);

		if (other) {
			atomic_fetch_sub(&fs->meta.kept, sizeof(*b));
			free(b);
			return other;
		}
		b->next = old;
	} while (!atomic_compare_exchange_weak_explicit(head, &old, b, memory_order_release,
							memory_order_acquire));
	return b;
}

static uint32_t copy_part(const struct sq_meta_block *b, uint32_t off, void *buf, size_t n, uint32_t *disk)
{
	uint32_t part;

	*disk = b->disk;
	if (off > b->len)
		return UINT32_MAX;
	part = b->len - off < n ? b->len - off : (uint32_t)n;
	/* memmove: of a memcpy of known bounds GCC makes "rep movs", which takes
	 * longer to start than these 8 to 40 bytes take to copy. */
	if (buf)
		memmove(buf, b->data + off, part);
	return part;
}

static bool copy_from_slot(struct sq_meta *m, uint64_t pos, uint32_t off, void *buf, size_t n, uint32_t *disk,
			   uint32_t *part)
{
	bool hit;

	pthread_mutex_lock(&m->slots_lock);
	struct sq_meta_block *b = m->slot[sq_hash(pos, 32) % SQ_META_SLOTS];

	hit = b && b->pos == pos;
	if (hit)
		*part = copy_part(b, off, buf, n, disk);
	pthread_mutex_unlock(&m->slots_lock);
	return hit;
}

static void put_slot(struct sq_meta *m, struct sq_meta_block *b)
{
	struct sq_meta_block **slot = &m->slot[sq_hash(b->pos, 32) % SQ_META_SLOTS], *old;

	pthread_mutex_lock(&m->slots_lock);
	old = *slot;
	*slot = b;
	pthread_mutex_unlock(&m->slots_lock);
	free(old);
}

/* Copy up to n bytes from offset off of the block at pos (buf NULL: only count
 * them). *part: how many, 0 at the block's end, UINT32_MAX when off lies behind
 * it. *disk: the block's bytes on disk. */
static int copy(struct squash *fs, uint64_t pos, uint32_t off, void *buf, size_t n, uint32_t *disk, uint32_t *part,
		struct err *e)
{
	struct sq_meta *m = &fs->meta;
	struct sq_meta_block *head, *b;

	head = atomic_load_explicit(&m->bucket[sq_hash(pos, m->bits)], memory_order_acquire);
	b = find(head, pos);
	if (b) {
		*part = copy_part(b, off, buf, n, disk);
		return 0;
	}
	if (!room_for_blocks(m) && copy_from_slot(m, pos, off, buf, n, disk, part))
		return 0;
	b = load(fs, pos, e);
	if (!b)
		return -1;
	if (room_for_blocks(m) && sq_meta_charge(fs, sizeof(*b))) {
		*part = copy_part(publish(fs, b), off, buf, n, disk);
		return 0;
	}
	*part = copy_part(b, off, buf, n, disk);
	put_slot(m, b);
	return 0;
}

static int advance(struct sq_cursor *c, uint8_t *p, uint64_t n, struct err *e)
{
	while (n) {
		uint32_t disk, part;

		if (c->pos >= c->limit)
			return err_set(e, ERR_FORMAT, "metadata ends too early (at %llu)",
				       (unsigned long long)c->pos);
		if (copy(c->fs, c->pos, c->off, p, n < SQ_META_SIZE ? (size_t)n : SQ_META_SIZE, &disk, &part, e))
			return -1;
		if (part == UINT32_MAX)
			return err_set(e, ERR_FORMAT, "metadata block %llu has no offset %u",
				       (unsigned long long)c->pos, c->off);
		if (part == 0) {
			c->pos += disk;
			c->off = 0;
			continue;
		}
		c->off += part;
		n -= part;
		if (p)
			p += part;
	}
	return 0;
}

int sq_cursor_read(struct sq_cursor *c, void *buf, size_t n, struct err *e)
{
	return advance(c, buf, n, e);
}

int sq_cursor_skip(struct sq_cursor *c, uint64_t n, struct err *e)
{
	return advance(c, NULL, n, e);
}
