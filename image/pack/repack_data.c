/* Contents in a new order.
 *
 * A file's own blocks stay as they are stored and stay together; files stand in
 * the order of their first touch, the others behind them as they stood before. A
 * tail is a part of a fragment block that it shares with other files' tails: the
 * tails of touched files go into new fragment blocks, in order. A fragment block
 * that lost a tail that way is taken apart, its other tails are gathered in new
 * blocks, too; one that lost none is copied.
 *
 * What several files share in the old image they share in the new one: equal
 * files have their blocks at one place, which is looked up by where that was. */
#include "image/pack/repack_private.h"

#include "base/mem.h"
#include "image/squash/layout.h"

#include <string.h>

#define COPY_STEP (1u << 20)
#define FLAG_PLAIN_FRAGMENTS 0x8u

/* From two numbers to two numbers. */
struct map {
	struct map_entry {
		uint64_t key[2], value[2];
		bool used;
	} *slot;
	size_t n, cap; /* a power of two */
};

/* A fragment block that is being filled. */
struct fragment {
	uint8_t *data;
	uint32_t used, index;
};

struct job {
	struct repack *r;
	uint32_t block_size;
	bool plain;	    /* fragments are stored unpacked */
	struct map runs;    /* (place, bytes) of a file's blocks -> new place */
	struct map tails;   /* (fragment, offset and length) -> new fragment, offset */
	struct map copied;  /* fragment that was copied -> new fragment */
	bool *apart;	    /* by old fragment: it is taken apart */
	uint64_t *fragment_pos; /* by new fragment */
	uint32_t *fragment_word;
	size_t fragments;
	uint8_t *buf;	    /* COPY_STEP */
};

static struct map_entry *map_slot(struct map_entry *slot, size_t cap, uint64_t a, uint64_t b)
{
	size_t i = (a * 0x9e3779b97f4a7c15ull + b * 0xc2b2ae3d27d4eb4full) >> 20 & (cap - 1);

	while (slot[i].used && (slot[i].key[0] != a || slot[i].key[1] != b))
		i = (i + 1) & (cap - 1);
	return &slot[i];
}

/* The entry of a key. true: it was there; else it is new, its value to be set. */
static bool map_get(struct map *m, uint64_t a, uint64_t b, struct map_entry **ret)
{
	if (m->n * 2 >= m->cap) {
		size_t cap = m->cap ? m->cap * 2 : 1024;
		struct map_entry *more = xcalloc(cap, sizeof(*more));

		for (size_t i = 0; i < m->cap; i++)
			if (m->slot[i].used)
				*map_slot(more, cap, m->slot[i].key[0], m->slot[i].key[1]) = m->slot[i];
		free(m->slot);
		m->slot = more;
		m->cap = cap;
	}
	*ret = map_slot(m->slot, m->cap, a, b);
	if ((*ret)->used)
		return true;
	**ret = (struct map_entry){ .key = { a, b }, .used = true };
	m->n++;
	return false;
}

/* Stored bytes [from, from + len) to the end of the new image. */
static int copy(struct job *j, uint64_t from, uint64_t len, uint64_t *ret, struct err *e)
{
	uint64_t pos;

	*ret = mkfs_size(j->r->mkfs);
	while (len) {
		size_t n = len < COPY_STEP ? (size_t)len : COPY_STEP;

		if (squash_stored_read(j->r->fs, from, j->buf, n, e) || stored_write(j->r->mkfs, j->buf, n, &pos, e))
			return -1;
		from += n;
		len -= n;
	}
	return 0;
}

static void remember_places(struct repack_file *f, uint64_t start, uint64_t n)
{
	f->place = xreallocarray(NULL, n ? n : 1, sizeof(*f->place));
	for (uint64_t i = 0; i < n; i++) {
		f->place[i] = start;
		start += squash_stored_bytes(f->words[i]);
	}
}

/* The blocks that are the file's own; fills in what *ret says of them. */
static int put_blocks(struct job *j, struct repack_file *f, struct stored_file *ret, struct err *e)
{
	uint64_t stored = 0;
	struct map_entry *run;

	for (uint64_t i = 0; i < ret->n; i++) {
		uint64_t left = ret->size - i * j->block_size;

		stored += squash_stored_bytes(f->words[i]);
		if (!f->words[i])
			ret->sparse += left < j->block_size ? left : j->block_size;
	}
	if (stored) {
		if (!map_get(&j->runs, f->inode.start, stored, &run) &&
		    copy(j, f->inode.start, stored, &run->value[0], e))
			return -1;
		ret->start = run->value[0];
	}
	if (f->first != REPACK_UNTOUCHED)
		remember_places(f, ret->start, ret->n);
	return 0;
}

static int new_fragment(struct job *j, uint32_t *ret, struct err *e)
{
	if (stored_fragment_new(j->r->mkfs, ret, e))
		return -1;
	j->fragment_pos = xreallocarray(j->fragment_pos, *ret + 1u, sizeof(*j->fragment_pos));
	j->fragment_word = xreallocarray(j->fragment_word, *ret + 1u, sizeof(*j->fragment_word));
	j->fragments = *ret + 1u;
	return 0;
}

static int set_fragment(struct job *j, uint32_t index, uint64_t pos, uint32_t word, struct err *e)
{
	j->fragment_pos[index] = pos;
	j->fragment_word[index] = word;
	return stored_fragment_set(j->r->mkfs, index, pos, word, e);
}

static int flush_fragment(struct job *j, struct fragment *g, struct err *e)
{
	uint64_t pos;
	uint32_t word;

	if (!g->used)
		return 0;
	if (stored_pack(j->r->mkfs, g->data, g->used, j->plain, &pos, &word, e))
		return -1;
	g->used = 0;
	return set_fragment(j, g->index, pos, word, e);
}

/* The tail's bytes into a new fragment block. */
static int move_tail(struct job *j, struct repack_file *f, uint32_t len, struct fragment *g, uint64_t ret[2],
		     struct err *e)
{
	ssize_t n;

	if (g->used + len > j->block_size && flush_fragment(j, g, e))
		return -1;
	if (!g->used && new_fragment(j, &g->index, e))
		return -1;
	n = squash_read(j->r->fs, &f->inode, g->data + g->used, len, f->inode.size - len, e);
	if (n < 0)
		return -1;
	ret[0] = g->index;
	ret[1] = g->used;
	g->used += len;
	return 0;
}

/* The whole fragment block as it is, once. */
static int copy_fragment(struct job *j, uint32_t index, uint64_t *ret, struct err *e)
{
	struct map_entry *entry;
	uint64_t pos, to;
	uint32_t word, new;

	if (map_get(&j->copied, index, 0, &entry)) {
		*ret = entry->value[0];
		return 0;
	}
	if (squash_fragment_place(j->r->fs, index, &pos, &word, e) ||
	    copy(j, pos, squash_stored_bytes(word), &to, e) || new_fragment(j, &new, e))
		return -1;
	*ret = entry->value[0] = new;
	return set_fragment(j, new, to, word, e);
}

static int put_tail(struct job *j, struct repack_file *f, struct fragment *g, struct stored_file *ret, struct err *e)
{
	uint32_t len = squash_tail_bytes(j->r->fs, &f->inode);
	struct map_entry *tail;

	ret->fragment = STORED_NO_FRAGMENT;
	if (!len)
		return 0;
	if (!map_get(&j->tails, f->inode.fragment, (uint64_t)f->inode.fragment_offset << 32 | len, &tail)) {
		if (j->apart[f->inode.fragment]) {
			if (move_tail(j, f, len, g, tail->value, e))
				return -1;
		} else {
			if (copy_fragment(j, f->inode.fragment, &tail->value[0], e))
				return -1;
			tail->value[1] = f->inode.fragment_offset;
		}
	}
	ret->fragment = f->fragment = (uint32_t)tail->value[0];
	ret->fragment_offset = (uint32_t)tail->value[1];
	return 0;
}

static int put_file(struct job *j, struct repack_file *f, struct fragment *g, struct err *e)
{
	struct stored_file out = { .size = f->inode.size, .n = squash_block_count(j->r->fs, &f->inode) };
	int rc;

	if (out.n > MKFS_FILE_BLOCKS)
		return err_set(e, ERR_FORMAT, "a file of %llu blocks", (unsigned long long)out.n);
	f->words = xreallocarray(NULL, out.n ? (size_t)out.n : 1, sizeof(*f->words));
	rc = squash_block_words(j->r->fs, &f->inode, f->words, e);
	if (!rc)
		rc = put_blocks(j, f, &out, e);
	if (!rc)
		rc = put_tail(j, f, g, &out, e);
	if (!rc)
		rc = stored_file_set(f->node, &out, f->words, e);
	if (f->first == REPACK_UNTOUCHED)
		own_free_(&f->words);
	return rc;
}

static int put_files(struct job *j, struct repack_file **list, size_t n, struct err *e)
{
	struct fragment g = { .data = xmalloc(j->block_size) };
	int rc = 0;

	for (size_t i = 0; i < n && !rc; i++)
		rc = put_file(j, list[i], &g, e);
	if (!rc)
		rc = flush_fragment(j, &g, e);
	free(g.data);
	return rc;
}

/* Touched files in the order of their first touch, then the others as they stand. */
static int by_order(const void *a, const void *b)
{
	const struct repack_file *x = *(struct repack_file *const *)a, *y = *(struct repack_file *const *)b;

	if (x->first != y->first)
		return x->first < y->first ? -1 : 1;
	if (x->inode.start != y->inode.start)
		return x->inode.start < y->inode.start ? -1 : 1;
	return (x->inode.ref > y->inode.ref) - (x->inode.ref < y->inode.ref);
}

/* What names no file is passed over: the record may be of another run's end. */
static size_t mark_touched(struct job *j)
{
	struct repack *r = j->r;
	size_t n = 0;

	for (size_t i = 0; i < r->opt->n; i++) {
		struct repack_file *f = repack_find(r, r->opt->touched[i].ref);

		if (!f || f->first != REPACK_UNTOUCHED)
			continue;
		f->first = i;
		if (squash_tail_bytes(r->fs, &f->inode))
			j->apart[f->inode.fragment] = true;
		n++;
	}
	r->stats->files = n;
	return n;
}

/* Each block once, though two files may share it. */
static void add_hot(struct repack *r, struct map *seen, uint64_t pos, uint32_t word)
{
	struct map_entry *entry;

	if (!word || r->hot.n == SQUASH_HOT_MAX || map_get(seen, pos, word, &entry))
		return;
	r->hot.blocks[r->hot.n++] = (struct squash_hot_block){ .pos = pos, .word = word };
}

static void make_hot_list(struct job *j, uint64_t start)
{
	struct repack *r = j->r;
	struct map seen = {};

	r->hot.start = start;
	r->hot.blocks = xcalloc(r->opt->n ? r->opt->n : 1, sizeof(*r->hot.blocks));
	for (size_t i = 0; i < r->opt->n; i++) {
		const struct squash_touch *t = &r->opt->touched[i];
		const struct repack_file *f = repack_find(r, t->ref);

		if (!f)
			continue;
		if (t->block < squash_block_count(r->fs, &f->inode))
			add_hot(r, &seen, f->place[t->block], f->words[t->block]);
		else if (f->fragment != STORED_NO_FRAGMENT)
			add_hot(r, &seen, j->fragment_pos[f->fragment], j->fragment_word[f->fragment]);
	}
	free(seen.slot);
	r->stats->blocks = r->hot.n;
}

static int put_all(struct job *j, struct err *e)
{
	struct repack *r = j->r;
	OWN_FREE struct repack_file **list = xreallocarray(NULL, r->n ? r->n : 1, sizeof(struct repack_file *));
	uint64_t start = mkfs_size(r->mkfs);
	size_t hot = mark_touched(j);

	for (size_t i = 0; i < r->n; i++)
		list[i] = &r->files[i];
	qsort(list, r->n, sizeof(struct repack_file *), by_order);
	if (put_files(j, list, hot, e))
		return -1;
	make_hot_list(j, start);
	r->hot.size = r->stats->hot_bytes = mkfs_size(r->mkfs) - start;
	return put_files(j, list + hot, r->n - hot, e);
}

int repack_data(struct repack *r, struct err *e)
{
	const struct squash_super *super = squash_super(r->fs);
	struct job j = {
		.r = r,
		.block_size = super->block_size,
		.plain = super->flags & FLAG_PLAIN_FRAGMENTS,
		.apart = xcalloc(super->fragments ? super->fragments : 1, sizeof(bool)),
		.buf = xmalloc(COPY_STEP),
	};
	int rc = put_all(&j, e);

	free(j.runs.slot);
	free(j.tails.slot);
	free(j.copied.slot);
	free(j.apart);
	free(j.fragment_pos);
	free(j.fragment_word);
	free(j.buf);
	return rc;
}
