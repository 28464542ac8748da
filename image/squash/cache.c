/* Unpacked data blocks that requests cover only in part: who unpacks, who waits.
 *
 * A block is in the hash from the moment somebody wants it: LOADING while the
 * first comer unpacks it (without the lock), READY afterwards. A second comer
 * waits for that block alone. The lock is held for a few list operations only.
 *
 * A block may also be unpacked before anybody asks (preload.c), by a thread that
 * runs only when a CPU has nothing else to do. Whoever wants it meanwhile waits
 * for at most PATIENCE, then unpacks it for itself and ends the preloading: the
 * CPUs are not idle. Such blocks never push each other out before they were read. */
#include "image/squash/cache.h"

#include <time.h>

#define PATIENCE 5000000 /* nanoseconds; to unpack a block takes a tenth of it */

/* First comer: unpack b, which stands in the hash as LOADING. */
static struct sq_block *load(struct squash *fs, struct sq_block *b, struct err *e)
{
	struct sq_cache *c = fs->cache;
	ssize_t n = sq_block_map(b, e) ? -1 : sq_block_load(fs, b->pos, b->word, b->data, b->max, e);

	pthread_mutex_lock(&c->lock);
	sq_cache_loaded(c, b, n, e);
	if (n < 0) {
		sq_cache_release(c, b);
		b = NULL;
	}
	pthread_mutex_unlock(&c->lock);
	return b;
}

/* The lock is held, b is held and LOADING by a thread that may get no CPU. false:
 * it is not to be waited for any longer. */
static bool wait_for_idle(struct squash *fs, struct sq_block *b)
{
	struct timespec end;

	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_nsec += PATIENCE;
	if (end.tv_nsec >= 1000000000) {
		end.tv_nsec -= 1000000000;
		end.tv_sec++;
	}
	while (b->state == LOADING)
		if (pthread_cond_clockwait(sq_cache_cond(fs->cache, b->pos), &fs->cache->lock, CLOCK_MONOTONIC, &end) ==
		    ETIMEDOUT)
			break;
	if (b->state != LOADING)
		return true;
	atomic_store(&fs->preload_late, true);
	return false;
}

/* A block for the caller alone. The lock is not held. */
static struct sq_block *load_alone(struct squash *fs, uint64_t pos, uint32_t word, uint32_t max, struct err *e)
{
	struct sq_block *b = calloc(1, sizeof(*b));
	ssize_t n;

	if (!b) {
		err_sys(e, ENOMEM, "cannot read a block");
		return NULL;
	}
	*b = (struct sq_block){ .cap = sq_block_pages(max), .pos = pos, .word = word, .max = max, .refs = 1, .state = LOOSE };
	n = sq_block_map(b, e) ? -1 : sq_block_load(fs, pos, word, b->data, max, e);
	if (n < 0) {
		sq_block_destroy(b);
		return NULL;
	}
	b->len = (uint32_t)n;
	return b;
}

/* The lock is held on entry and released. b is held by the caller already. */
static struct sq_block *await(struct squash *fs, struct sq_block *b, struct err *e)
{
	struct sq_cache *c = fs->cache;

	if (b->state == LOADING) {
		pthread_mutex_unlock(&c->lock);
		sq_slow(fs);
		pthread_mutex_lock(&c->lock);
	}
	if (b->state == LOADING && b->ahead && !wait_for_idle(fs, b)) {
		uint64_t pos = b->pos;
		uint32_t word = b->word, max = b->max;

		sq_cache_release(c, b);
		pthread_mutex_unlock(&c->lock);
		return load_alone(fs, pos, word, max, e);
	}
	while (b->state == LOADING)
		pthread_cond_wait(sq_cache_cond(c, b->pos), &c->lock);
	if (b->state == FAILED) {
		err_set(e, b->fail_kind, "the block at %llu could not be read", (unsigned long long)b->pos);
		e->sys = b->fail_sys;
		sq_cache_release(c, b);
		b = NULL;
	}
	pthread_mutex_unlock(&c->lock);
	return b;
}

struct sq_block *sq_cache_get(struct squash *fs, uint64_t pos, uint32_t word, uint32_t max, struct err *e)
{
	struct sq_cache *c = fs->cache;
	struct sq_block *b, *victims = NULL;

	pthread_mutex_lock(&c->lock);
	b = sq_cache_find(c, pos, word);
	if (b) {
		c->hits++;
		sq_cache_hold(c, b);
		return await(fs, b, e);
	}
	c->misses++;
	b = sq_cache_begin(c, pos, word, max, &victims);
	pthread_mutex_unlock(&c->lock);
	sq_blocks_destroy(victims);
	if (b)
		return load(fs, b, e);
	err_sys(e, ENOMEM, "cannot read a block");
	return NULL;
}

struct sq_block *sq_cache_peek(struct squash *fs, uint64_t pos, uint32_t word)
{
	struct sq_cache *c = fs->cache;
	struct sq_block *b;

	pthread_mutex_lock(&c->lock);
	b = sq_cache_find(c, pos, word);
	if (b && b->state == LOADING && b->ahead) {
		sq_cache_hold(c, b);
		wait_for_idle(fs, b);
		if (b->state != READY) {
			sq_cache_release(c, b);
			b = NULL;
		}
	} else if (b && b->state == READY) {
		sq_cache_hold(c, b);
	} else {
		b = NULL;
	}
	if (b)
		c->hits++;
	pthread_mutex_unlock(&c->lock);
	return b;
}

/* The caller has the lock. May a block that nobody asked for have the memory of
 * the oldest? Not when that waits for its first reader itself. */
static enum sq_claim wants(const struct squash *fs, uint64_t pos, uint32_t word)
{
	struct sq_cache *c = fs->cache;
	const struct sq_block *oldest = c->oldest;

	if (sq_cache_find(c, pos, word))
		return SQ_CLAIM_THERE;
	if (c->bytes + fs->super.block_size <= c->limit || (oldest && (!oldest->waiting || oldest->given)))
		return SQ_CLAIM_YES;
	return SQ_CLAIM_FULL;
}

enum sq_claim sq_cache_wants(struct squash *fs, uint64_t pos, uint32_t word)
{
	enum sq_claim claim;

	pthread_mutex_lock(&fs->cache->lock);
	claim = wants(fs, pos, word);
	pthread_mutex_unlock(&fs->cache->lock);
	return claim;
}

enum sq_claim sq_cache_claim(struct squash *fs, uint64_t pos, uint32_t word, struct sq_block **ret)
{
	struct sq_cache *c = fs->cache;
	struct sq_block *victims = NULL;
	enum sq_claim claim;
	struct err e = {};

	pthread_mutex_lock(&c->lock);
	claim = wants(fs, pos, word);
	if (claim == SQ_CLAIM_YES) {
		*ret = sq_cache_begin(c, pos, word, fs->super.block_size, &victims);
		if (*ret)
			(*ret)->ahead = (*ret)->waiting = true;
		else
			claim = SQ_CLAIM_FULL;
	}
	pthread_mutex_unlock(&c->lock);
	sq_blocks_destroy(victims);
	if (claim != SQ_CLAIM_YES || sq_block_map(*ret, &e) == 0)
		return claim;
	sq_cache_settle(fs, *ret, -1, &e);
	return SQ_CLAIM_FULL;
}

void sq_cache_settle(struct squash *fs, struct sq_block *b, ssize_t n, const struct err *e)
{
	pthread_mutex_lock(&fs->cache->lock);
	sq_cache_loaded(fs->cache, b, n, e);
	sq_cache_release(fs->cache, b);
	pthread_mutex_unlock(&fs->cache->lock);
}

void sq_cache_put(struct squash *fs, struct sq_block *b, uint32_t given)
{
	struct sq_cache *c = fs->cache;

	pthread_mutex_lock(&c->lock);
	b->given += given < b->len - b->given ? given : b->len - b->given;
	sq_cache_release(c, b);
	pthread_mutex_unlock(&c->lock);
}
