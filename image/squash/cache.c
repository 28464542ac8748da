/* Unpacked data blocks that requests cover only in part.
 *
 * SHARDS parts with a lock each. A block is in a shard's hash from the moment
 * somebody wants it: LOADING while the first comer unpacks it (without the
 * lock), READY afterwards. A second comer waits for that block alone. Blocks
 * that nobody holds stand in order of use; the oldest gives its memory to the
 * next miss. Memory is taken block by block as it is needed and is reused, so
 * that its pages are faulted in once.
 *
 * A shard may exceed its share by the blocks that are held at the moment: at
 * most one for each call in flight. Nobody ever waits for memory. */
#include "image/squash/internal.h"

#define SHARD_BITS 4
#define SHARDS (1u << SHARD_BITS)

enum { LOADING, READY, FAILED };

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
	if (--b->refs)
		return;
	if (b->state == READY && s->n <= c->share) {
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

/* The lock is held on entry and released. b is held by the caller already. */
static struct sq_block *await(struct squash *fs, struct shard *s, struct sq_block *b, struct err *e)
{
	if (b->state == LOADING) {
		pthread_mutex_unlock(&s->lock);
		sq_slow(fs);
		pthread_mutex_lock(&s->lock);
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
	b->pos = pos;
	b->word = word;
	b->refs = 1;
	b->state = LOADING;
	b->used = true;
	hash_add(fs->cache, s, b);
	pthread_mutex_unlock(&s->lock);
	return load(fs, s, b, e);
}

struct sq_block *sq_cache_peek(struct squash *fs, uint64_t pos, uint32_t word)
{
	struct shard *s = shard_of(fs->cache, pos);
	struct sq_block *b;

	pthread_mutex_lock(&s->lock);
	b = find(fs->cache, s, pos, word);
	if (b && b->state == READY) {
		s->hits++;
		hold(s, b);
	} else {
		b = NULL;
	}
	pthread_mutex_unlock(&s->lock);
	return b;
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
