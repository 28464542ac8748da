/* Blocks unpacked before they are asked for. The packed bytes are read first,
 * with nothing claimed: storage may be slow, and a reader who comes meanwhile
 * goes there by itself (and meets the same page of the host's cache). What is
 * claimed in the block cache is only the time of unpacking.
 *
 * A reader whose request covers a whole block has it unpacked into the reply and
 * leaves nothing in the cache: the bits of fs->seen keep such a block from being
 * unpacked for nobody. */
#include "image/squash/hot.h"
#include "image/squash/internal.h"

static bool fetch(struct squash *fs, struct sq_scratch *s, const struct squash_hot_block *b)
{
	struct err e;

	sq_advise(fs, b->pos);
	if (!s->in)
		s->in = malloc(fs->super.block_size);
	return s->in && source_read(fs->src, s->in, b->word, b->pos, &e) == 0;
}

static enum squash_preload unpack(struct squash *fs, struct sq_scratch *s, const struct squash_hot_block *b)
{
	struct sq_block *block;
	struct err e = {};
	ssize_t n;

	switch (sq_cache_claim(fs, b->pos, b->word, &block)) {
	case SQ_CLAIM_THERE:
		return SQUASH_PRELOAD_DONE;
	case SQ_CLAIM_FULL:
		return SQUASH_PRELOAD_FULL;
	case SQ_CLAIM_YES:
		break;
	}
	n = sq_decode(fs, s, s->in, b->word, block->data, fs->super.block_size, b->pos, &e);
	sq_seen_set(fs, b->pos);
	sq_cache_settle(fs, block, n, &e);
	return SQUASH_PRELOAD_DONE;
}

enum squash_preload squash_preload(struct squash *fs, const struct squash_hot_block *b)
{
	enum squash_preload result = SQUASH_PRELOAD_DONE;
	struct sq_scratch *s;
	struct err e;

	if (atomic_load_explicit(&fs->preload_late, memory_order_relaxed))
		return SQUASH_PRELOAD_END;
	if ((b->word & SQ_UNCOMPRESSED) || sq_seen(fs, b->pos))
		return SQUASH_PRELOAD_DONE;
	switch (sq_cache_wants(fs, b->pos, b->word)) {
	case SQ_CLAIM_THERE:
		return SQUASH_PRELOAD_DONE;
	case SQ_CLAIM_FULL:
		return SQUASH_PRELOAD_FULL;
	case SQ_CLAIM_YES:
		break;
	}
	s = sq_scratch_get(fs, &e);
	if (!s)
		return SQUASH_PRELOAD_END;
	if (fetch(fs, s, b))
		result = unpack(fs, s, b);
	sq_scratch_put(fs, s);
	return result;
}
