/* Unpacked data blocks that requests cover only in part.
 *
 * SHARDS parts with a lock each. A block is in a shard's hash from the moment
 * somebody wants it: LOADING while the first comer unpacks it (without the
 * lock), READY afterwards. A second comer waits for that block alone. Blocks
 * that nobody holds stand in order of use; the oldest gives its memory to the
 * next miss. Memory is taken block by block as it is needed and is reused, so
 * that its pages are faulted in once.
 *
 * A block may also be unpacked before anybody asks (preload.c), by a thread that
 * runs only when a CPU has nothing else to do. Whoever wants it meanwhile waits
 * for at most PATIENCE, then unpacks it for itself and ends the preloading: the
 * CPUs are not idle. Such blocks never push each other out before they were
 * read; once they were read to their end (the page cache has the bytes now) they
 * are the first to give up their memory.
 *
 * A shard may exceed its share by the blocks that are held at the moment: at
 * most one for each call in flight. Nobody ever waits for memory. */
#include "image/squash/internal.h"

#include <time.h>

#define SHARD_BITS 4
#define SHARDS (1u << SHARD_BITS)

#define PATIENCE 5000000 /* nanoseconds; to unpack a block takes a tenth of it */

/* LOOSE: in no hash, of its only holder. */
enum { LOADING, READY, FAILED, LOOSE };

struct shard {
	_Alignas(64) pthread_mutex_t lock;
	pthread_cond_t changed;
	struct sq_block **hash;
	struct sq_block *newest, *oldest; /* not held */
	size_t n;			  /* blocks, held or not */
	uint64_t hits, misses;
};

struct sq_cache {
	struct shard shard[SHARDS];
	size_t block_size, share; /* blocks of a shard */
	unsigned hash_bits;
};

int sq_cache_new(const struct squash *fs, size_t bytes, struct sq_cache **ret, struct err *e)
{
	struct sq_cache *c = aligned_alloc(_Alignof(struct sq_cache), sizeof(*c));
	size_t share = bytes / fs->super.block_size / SHARDS;

	if (!c)
		return err_sys(e, ENOMEM, "cannot open the image");
	*c = (struct sq_cache){ .block_size = fs->super.block_size, .share = share ? share : 1, .hash_bits = 4 };
	while (c->hash_bits < 12 && 1ull << c->hash_bits < c->share)
		c->hash_bits++;
	for (size_t i = 0; i < SHARDS; i++) {
		pthread_mutex_init(&c->shard[i].lock, NULL);
		pthread_cond_init(&c->shard[i].changed, NULL);
		c->shard[i].hash = calloc(1ull << c->hash_bits, sizeof(c->shard[i].hash[0]));
		if (!c->shard[i].hash) {
			sq_cache_free(c);
			return err_sys(e, ENOMEM, "cannot open the image");
		}
	}
	*ret = c;
	return 0;
}

/* Nobody may hold a block any more: all of them stand in the order of use. */
void sq_cache_free(struct sq_cache *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < SHARDS; i++) {
		struct sq_block *next, *b = c->shard[i].newest;

		for (; b; b = next) {
			next = b->next;
			free(b);
		}
		free(c->shard[i].hash);
		/* Zero is a valid mutex here: a shard may not be initialised. */
		pthread_mutex_destroy(&c->shard[i].lock);
		pthread_cond_destroy(&c->shard[i].changed);
	}
	free(c);
}

static struct shard *shard_of(struct sq_cache *c, uint64_t pos)
{
	return &c->shard[sq_hash(pos, SHARD_BITS)];
}

static struct sq_block **chain_of(struct sq_cache *c, struct shard *s, uint64_t pos)
{
	return &s->hash[sq_hash(pos, SHARD_BITS + c->hash_bits) & ((1u << c->hash_bits) - 1)];
}

/* Another word for the same place is another block: the image lies somewhere. */
static struct sq_block *find(struct sq_cache *c, struct shard *s, uint64_t pos, uint32_t word)
{
	struct sq_block *b = *chain_of(c, s, pos);

	while (b && (b->pos != pos || b->word != word))
		b = b->hash_next;
	return b;
}

static void hash_add(struct sq_cache *c, struct shard *s, struct sq_block *b)
{
	struct sq_block **chain = chain_of(c, s, b->pos);

	b->hash_next = *chain;
	*chain = b;
}

static void hash_remove(struct sq_cache *c, struct shard *s, struct sq_block *b)
{
	struct sq_block **p = chain_of(c, s, b->pos);

	while (*p != b)
		p = &(*p)->hash_next;
	*p = b->hash_next;
}

static void order_add(struct shard *s, struct sq_block *b)
{
	b->prev = NULL;
	b->next = s->newest;
	if (s->newest)
		s->newest->prev = b;
	else
		s->oldest = b;
	s->newest = b;
}

static void order_add_oldest(struct shard *s, struct sq_block *b)
{
	b->next = NULL;
	b->prev = s->oldest;
	if (s->oldest)
		s->oldest->next = b;
	else
		s->newest = b;
	s->oldest = b;
}

static void order_remove(struct shard *s, struct sq_block *b)
{
	if (b->prev)
		b->prev->next = b->next;
	else
		s->newest = b->next;
	if (b->next)
		b->next->prev = b->prev;
	else
		s->oldest = b->prev;
}

static void hold(struct shard *s, struct sq_block *b)
{
	if (b->refs++ == 0)
		order_remove(s, b);
	b->used = true;
}

/* The caller has the lock. A block that failed is in no hash any more. */
static void release(struct sq_cache *c, struct shard *s, struct sq_block *b)
{
	bool spent;

	if (--b->refs)
		return;
	if (b->state == LOOSE) {
		free(b);
		return;
	}
	spent = b->waiting && atomic_load_explicit(&b->served, memory_order_relaxed) >= b->len;
	if (spent)
		b->waiting = false;
	if (b->state == READY && s->n <= c->share) {
		if (spent)
			order_add_oldest(s, b);
		else
			order_add(s, b);
		return;
	}
	if (b->state == READY)
		hash_remove(c, s, b);
	s->n--;
	free(b);
}

/* A block without content, held by the caller: new memory while the share
 * lasts, then the oldest block's. */
static struct sq_block *make_room(struct sq_cache *c, struct shard *s)
{
	struct sq_block *b = s->n >= c->share ? s->oldest : NULL;

	if (b) {
		order_remove(s, b);
		hash_remove(c, s, b);
		return b;
	}
	b = malloc(sizeof(*b) + c->block_size);
	if (b)
		s->n++;
	return b;
}

static void fail(struct sq_cache *c, struct shard *s, struct sq_block *b, const struct err *e)
{
	b->state = FAILED;
	b->fail_kind = e->kind;
	b->fail_sys = e->sys;
	hash_remove(c, s, b);
}

/* First comer: unpack b, which stands in the hash as LOADING. */
static struct sq_block *load(struct squash *fs, struct shard *s, struct sq_block *b, struct err *e)
{
	ssize_t n = sq_block_load(fs, b->pos, b->word, b->data, fs->cache->block_size, e);

	pthread_mutex_lock(&s->lock);
	if (n < 0) {
		fail(fs->cache, s, b, e);
		release(fs->cache, s, b);
		b = NULL;
	} else {
		b->len = (uint32_t)n;
		b->state = READY;
	}
	pthread_cond_broadcast(&s->changed);
	pthread_mutex_unlock(&s->lock);
	return b;
}

/* The lock is held, b is held and LOADING by a thread that may get no CPU. false:
 * it is not to be waited for any longer. */
static bool wait_for_idle(struct squash *fs, struct shard *s, struct sq_block *b)
{
	struct timespec end;

	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_nsec += PATIENCE;
	if (end.tv_nsec >= 1000000000) {
		end.tv_nsec -= 1000000000;
		end.tv_sec++;
	}
	while (b->state == LOADING)
		if (pthread_cond_clockwait(&s->changed, &s->lock, CLOCK_MONOTONIC, &end) == ETIMEDOUT)
			break;
	if (b->state != LOADING)
		return true;
	atomic_store(&fs->preload_late, true);
	return false;
}

/* A block for the caller alone. The lock is not held. */
static struct sq_block *load_alone(struct squash *fs, uint64_t pos, uint32_t word, struct err *e)
{
	struct sq_block *b = calloc(1, sizeof(*b) + fs->cache->block_size);
	ssize_t n;

	if (!b) {
		err_sys(e, ENOMEM, "cannot read a block");
		return NULL;
	}
	n = sq_block_load(fs, pos, word, b->data, fs->cache->block_size, e);
	if (n < 0) {
		free(b);
		return NULL;
	}
	b->pos = pos;
	b->word = word;
	b->refs = 1;
	b->state = LOOSE;
	b->len = (uint32_t)n;
	return b;
}

/* The lock is held on entry and released. b is held by the caller already. */
static struct sq_block *await(struct squash *fs, struct shard *s, struct sq_block *b, struct err *e)
{
	if (b->state == LOADING) {
		pthread_mutex_unlock(&s->lock);
		sq_slow(fs);
		pthread_mutex_lock(&s->lock);
	}
	if (b->state == LOADING && b->ahead && !wait_for_idle(fs, s, b)) {
		uint64_t pos = b->pos;
		uint32_t word = b->word;

		release(fs->cache, s, b);
		pthread_mutex_unlock(&s->lock);
		return load_alone(fs, pos, word, e);
	}
	while (b->state == LOADING)
		pthread_cond_wait(&s->changed, &s->lock);
	if (b->state == FAILED) {
		err_set(e, b->fail_kind, "the block at %llu could not be read", (unsigned long long)b->pos);
		e->sys = b->fail_sys;
		release(fs->cache, s, b);
		b = NULL;
	}
	pthread_mutex_unlock(&s->lock);
	return b;
}

static void begin(struct sq_cache *c, struct shard *s, struct sq_block *b, uint64_t pos, uint32_t word)
{
	b->pos = pos;
	b->word = word;
	b->refs = 1;
	b->state = LOADING;
	b->used = true;
	b->ahead = b->waiting = false;
	atomic_store_explicit(&b->served, 0, memory_order_relaxed);
	hash_add(c, s, b);
}

struct sq_block *sq_cache_get(struct squash *fs, uint64_t pos, uint32_t word, struct err *e)
{
	struct shard *s = shard_of(fs->cache, pos);
	struct sq_block *b;

	pthread_mutex_lock(&s->lock);
	b = find(fs->cache, s, pos, word);
	if (b) {
		s->hits++;
		hold(s, b);
		return await(fs, s, b, e);
	}
	s->misses++;
	b = make_room(fs->cache, s);
	if (!b) {
		pthread_mutex_unlock(&s->lock);
		err_sys(e, ENOMEM, "cannot read a block");
		return NULL;
	}
	begin(fs->cache, s, b, pos, word);
	pthread_mutex_unlock(&s->lock);
	return load(fs, s, b, e);
}

struct sq_block *sq_cache_peek(struct squash *fs, uint64_t pos, uint32_t word)
{
	struct shard *s = shard_of(fs->cache, pos);
	struct sq_block *b;

	pthread_mutex_lock(&s->lock);
	b = find(fs->cache, s, pos, word);
	if (b && b->state == LOADING && b->ahead) {
		hold(s, b);
		wait_for_idle(fs, s, b);
		if (b->state != READY) {
			release(fs->cache, s, b);
			b = NULL;
		}
	} else if (b && b->state == READY) {
		hold(s, b);
	} else {
		b = NULL;
	}
	if (b)
		s->hits++;
	pthread_mutex_unlock(&s->lock);
	return b;
}

/* May a block that nobody asked for take this one's memory? Not when it waits
 * for its first reader itself. */
static bool gives_way(const struct sq_block *b)
{
	return !b->waiting || atomic_load_explicit(&b->served, memory_order_relaxed);
}

/* The caller has the lock. */
static enum sq_claim wants(struct sq_cache *c, struct shard *s, uint64_t pos, uint32_t word)
{
	if (find(c, s, pos, word))
		return SQ_CLAIM_THERE;
	return s->n < c->share || (s->oldest && gives_way(s->oldest)) ? SQ_CLAIM_YES : SQ_CLAIM_FULL;
}

enum sq_claim sq_cache_wants(struct squash *fs, uint64_t pos, uint32_t word)
{
	struct shard *s = shard_of(fs->cache, pos);
	enum sq_claim claim;

	pthread_mutex_lock(&s->lock);
	claim = wants(fs->cache, s, pos, word);
	pthread_mutex_unlock(&s->lock);
	return claim;
}

enum sq_claim sq_cache_claim(struct squash *fs, uint64_t pos, uint32_t word, struct sq_block **ret)
{
	struct shard *s = shard_of(fs->cache, pos);
	enum sq_claim claim;

	pthread_mutex_lock(&s->lock);
	claim = wants(fs->cache, s, pos, word);
	if (claim == SQ_CLAIM_YES) {
		*ret = make_room(fs->cache, s);
		if (*ret) {
			begin(fs->cache, s, *ret, pos, word);
			(*ret)->ahead = (*ret)->waiting = true;
		} else {
			claim = SQ_CLAIM_FULL;
		}
	}
	pthread_mutex_unlock(&s->lock);
	return claim;
}

void sq_cache_settle(struct squash *fs, struct sq_block *b, ssize_t n, const struct err *e)
{
	struct shard *s = shard_of(fs->cache, b->pos);

	pthread_mutex_lock(&s->lock);
	if (n < 0) {
		fail(fs->cache, s, b, e);
	} else {
		b->len = (uint32_t)n;
		b->state = READY;
	}
	pthread_cond_broadcast(&s->changed);
	release(fs->cache, s, b);
	pthread_mutex_unlock(&s->lock);
}

void sq_cache_put(struct squash *fs, struct sq_block *b)
{
	struct shard *s = shard_of(fs->cache, b->pos);

	pthread_mutex_lock(&s->lock);
	release(fs->cache, s, b);
	pthread_mutex_unlock(&s->lock);
}

void sq_cache_trim(struct sq_cache *c)
{
	for (size_t i = 0; i < SHARDS; i++) {
		struct shard *s = &c->shard[i];
		struct sq_block *next, *b;

		pthread_mutex_lock(&s->lock);
		for (b = s->newest; b; b = next) {
			next = b->next;
			if (b->used) {
				b->used = false;
				continue;
			}
			order_remove(s, b);
			hash_remove(c, s, b);
			s->n--;
			free(b);
		}
		pthread_mutex_unlock(&s->lock);
	}
}

void sq_cache_stats(struct sq_cache *c, struct squash_stats *ret)
{
	for (size_t i = 0; i < SHARDS; i++) {
		struct shard *s = &c->shard[i];

		pthread_mutex_lock(&s->lock);
		ret->cache_bytes += s->n * (sizeof(struct sq_block) + c->block_size);
		ret->cache_hits += s->hits;
		ret->cache_misses += s->misses;
		pthread_mutex_unlock(&s->lock);
	}
}
