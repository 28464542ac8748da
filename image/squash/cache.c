/* Unpacked data blocks that requests cover only in part.
 *
 * A block is in the hash from the moment somebody wants it: LOADING while the
 * first comer unpacks it (without the lock), READY afterwards. A second comer
 * waits for that block alone. Blocks that nobody holds stand in order of use;
 * the oldest gives its memory to the next miss.
 *
 * A block may also be unpacked before anybody asks (preload.c), by a thread that
 * runs only when a CPU has nothing else to do. Whoever wants it meanwhile waits
 * for at most PATIENCE, then unpacks it for itself and ends the preloading: the
 * CPUs are not idle. Such blocks never push each other out before they were read.
 *
 * A block whose bytes have all been given out is in the kernel's page cache, too,
 * and will hardly be asked for again: it goes to the old end, and its memory is
 * taken for the next miss even while there is room for more. Programs that are
 * read once from begin to end so need a few blocks, not the whole cache.
 *
 * Memory is mapped block by block as it is needed, faulted in at once, and goes
 * back to the kernel when a block is dropped. The limit may be exceeded by the
 * blocks that are held at the moment: at most one for each call in flight. Nobody
 * ever waits for memory. The lock is held for a few list operations only. */
#include "image/squash/internal.h"

#include <sys/mman.h>
#include <time.h>

#define CONDS 16u
#define PATIENCE 5000000 /* nanoseconds; to unpack a block takes a tenth of it */

/* LOOSE: in no hash and no account, of its only holder. */
enum { LOADING, READY, FAILED, LOOSE };

struct sq_cache {
	pthread_mutex_t lock;
	pthread_cond_t changed[CONDS]; /* by position */
	struct sq_block **hash;
	struct sq_block *newest, *oldest; /* not held */
	size_t bytes, limit;		  /* of all blocks */
	unsigned hash_bits;
	uint64_t hits, misses;
};

int sq_cache_new(const struct squash *fs, size_t bytes, struct sq_cache **ret, struct err *e)
{
	struct sq_cache *c = calloc(1, sizeof(*c));

	if (!c)
		return err_sys(e, ENOMEM, "cannot open the image");
	c->limit = bytes;
	c->hash_bits = 4;
	while (c->hash_bits < 12 && (size_t)fs->super.block_size << c->hash_bits < SQ_CACHE_DEFAULT)
		c->hash_bits++;
	c->hash = calloc(1ull << c->hash_bits, sizeof(c->hash[0]));
	if (!c->hash) {
		free(c);
		return err_sys(e, ENOMEM, "cannot open the image");
	}
	pthread_mutex_init(&c->lock, NULL);
	for (size_t i = 0; i < CONDS; i++)
		pthread_cond_init(&c->changed[i], NULL);
	*ret = c;
	return 0;
}

static void destroy(struct sq_block *b)
{
	if (b->data)
		munmap(b->data, b->cap);
	free(b);
}

/* A chain by .next, NULL is fine. */
static void destroy_all(struct sq_block *b)
{
	while (b) {
		struct sq_block *next = b->next;

		destroy(b);
		b = next;
	}
}

/* Nobody may hold a block any more: all of them stand in the order of use. */
void sq_cache_free(struct sq_cache *c)
{
	if (!c)
		return;
	destroy_all(c->newest);
	free(c->hash);
	for (size_t i = 0; i < CONDS; i++)
		pthread_cond_destroy(&c->changed[i]);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

static struct sq_block **chain_of(struct sq_cache *c, uint64_t pos)
{
	return &c->hash[sq_hash(pos, c->hash_bits)];
}

static pthread_cond_t *cond_of(struct sq_cache *c, uint64_t pos)
{
	return &c->changed[sq_hash(pos, 32) % CONDS];
}

/* Another word for the same place is another block: the image lies somewhere. */
static struct sq_block *find(struct sq_cache *c, uint64_t pos, uint32_t word)
{
	struct sq_block *b = *chain_of(c, pos);

	while (b && (b->pos != pos || b->word != word))
		b = b->hash_next;
	return b;
}

static void hash_add(struct sq_cache *c, struct sq_block *b)
{
	struct sq_block **chain = chain_of(c, b->pos);

	b->hash_next = *chain;
	*chain = b;
}

static void hash_remove(struct sq_cache *c, struct sq_block *b)
{
	struct sq_block **at = chain_of(c, b->pos);

	while (*at != b)
		at = &(*at)->hash_next;
	*at = b->hash_next;
}

static bool given_out(const struct sq_block *b)
{
	return b->given >= b->len;
}

static void order_add(struct sq_cache *c, struct sq_block *b)
{
	bool old = given_out(b);

	b->prev = old ? c->oldest : NULL;
	b->next = old ? NULL : c->newest;
	*(b->prev ? &b->prev->next : &c->newest) = b;
	*(b->next ? &b->next->prev : &c->oldest) = b;
}

static void order_remove(struct sq_cache *c, struct sq_block *b)
{
	*(b->prev ? &b->prev->next : &c->newest) = b->next;
	*(b->next ? &b->next->prev : &c->oldest) = b->prev;
}

static void hold(struct sq_cache *c, struct sq_block *b)
{
	if (b->refs++ == 0)
		order_remove(c, b);
	b->used = true;
}

/* The caller has the lock. A block that failed is in no hash any more. */
static void release(struct sq_cache *c, struct sq_block *b)
{
	if (--b->refs)
		return;
	if (b->state == LOOSE) {
		destroy(b);
		return;
	}
	if (given_out(b))
		b->waiting = false;
	if (b->state == READY && c->bytes <= c->limit) {
		order_add(c, b);
		return;
	}
	if (b->state == READY)
		hash_remove(c, b);
	c->bytes -= b->cap;
	destroy(b);
}

static bool fits(const struct sq_block *b, size_t size)
{
	return b->cap >= size && b->cap / 2 <= size;
}

/* A block for size bytes, held by the caller, without content, and without memory
 * when none could be taken over. What has to go for it is put on *victims. */
static struct sq_block *make_room(struct sq_cache *c, size_t size, struct sq_block **victims)
{
	struct sq_block *b;

	while ((b = c->oldest) && (given_out(b) || c->bytes + size > c->limit)) {
		order_remove(c, b);
		hash_remove(c, b);
		if (fits(b, size)) {
			*b = (struct sq_block){ .data = b->data, .cap = b->cap };
			return b;
		}
		c->bytes -= b->cap;
		b->next = *victims;
		*victims = b;
	}
	b = calloc(1, sizeof(*b));
	if (b) {
		b->cap = size;
		c->bytes += size;
	}
	return b;
}

static size_t pages(uint32_t size)
{
	return ((size_t)size + 4095) & ~(size_t)4095;
}

static int map(struct sq_block *b, struct err *e)
{
	void *p;

	if (b->data)
		return 0;
	p = mmap(NULL, b->cap, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (p == MAP_FAILED)
		return err_sys(e, errno, "cannot read a block");
	b->data = p;
	return 0;
}

/* The caller has the lock. n: what came out of unpacking b, -1 = e says why. */
static void settle(struct sq_cache *c, struct sq_block *b, ssize_t n, const struct err *e)
{
	pthread_cond_broadcast(cond_of(c, b->pos));
	if (n >= 0) {
		b->len = (uint32_t)n;
		b->state = READY;
		return;
	}
	b->state = FAILED;
	b->fail_kind = e->kind;
	b->fail_sys = e->sys;
	hash_remove(c, b);
}

/* First comer: unpack b, which stands in the hash as LOADING. */
static struct sq_block *load(struct squash *fs, struct sq_block *b, struct err *e)
{
	struct sq_cache *c = fs->cache;
	ssize_t n = map(b, e) ? -1 : sq_block_load(fs, b->pos, b->word, b->data, b->max, e);

	pthread_mutex_lock(&c->lock);
	settle(c, b, n, e);
	if (n < 0) {
		release(c, b);
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
		if (pthread_cond_clockwait(cond_of(fs->cache, b->pos), &fs->cache->lock, CLOCK_MONOTONIC, &end) ==
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
	*b = (struct sq_block){ .cap = pages(max), .pos = pos, .word = word, .max = max, .refs = 1, .state = LOOSE };
	n = map(b, e) ? -1 : sq_block_load(fs, pos, word, b->data, max, e);
	if (n < 0) {
		destroy(b);
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

		release(c, b);
		pthread_mutex_unlock(&c->lock);
		return load_alone(fs, pos, word, max, e);
	}
	while (b->state == LOADING)
		pthread_cond_wait(cond_of(c, b->pos), &c->lock);
	if (b->state == FAILED) {
		err_set(e, b->fail_kind, "the block at %llu could not be read", (unsigned long long)b->pos);
		e->sys = b->fail_sys;
		release(c, b);
		b = NULL;
	}
	pthread_mutex_unlock(&c->lock);
	return b;
}

/* The caller has the lock. A block that stands in the hash as LOADING, held, or NULL. */
static struct sq_block *begin(struct sq_cache *c, uint64_t pos, uint32_t word, uint32_t max,
			      struct sq_block **victims)
{
	struct sq_block *b = make_room(c, pages(max), victims);

	if (!b)
		return NULL;
	b->pos = pos;
	b->word = word;
	b->max = max;
	b->refs = 1;
	b->state = LOADING;
	b->used = true;
	hash_add(c, b);
	return b;
}

struct sq_block *sq_cache_get(struct squash *fs, uint64_t pos, uint32_t word, uint32_t max, struct err *e)
{
	struct sq_cache *c = fs->cache;
	struct sq_block *b, *victims = NULL;

	pthread_mutex_lock(&c->lock);
	b = find(c, pos, word);
	if (b) {
		c->hits++;
		hold(c, b);
		return await(fs, b, e);
	}
	c->misses++;
	b = begin(c, pos, word, max, &victims);
	pthread_mutex_unlock(&c->lock);
	destroy_all(victims);
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
	b = find(c, pos, word);
	if (b && b->state == LOADING && b->ahead) {
		hold(c, b);
		wait_for_idle(fs, b);
		if (b->state != READY) {
			release(c, b);
			b = NULL;
		}
	} else if (b && b->state == READY) {
		hold(c, b);
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

	if (find(c, pos, word))
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
		*ret = begin(c, pos, word, fs->super.block_size, &victims);
		if (*ret)
			(*ret)->ahead = (*ret)->waiting = true;
		else
			claim = SQ_CLAIM_FULL;
	}
	pthread_mutex_unlock(&c->lock);
	destroy_all(victims);
	if (claim != SQ_CLAIM_YES || map(*ret, &e) == 0)
		return claim;
	sq_cache_settle(fs, *ret, -1, &e);
	return SQ_CLAIM_FULL;
}

void sq_cache_settle(struct squash *fs, struct sq_block *b, ssize_t n, const struct err *e)
{
	pthread_mutex_lock(&fs->cache->lock);
	settle(fs->cache, b, n, e);
	release(fs->cache, b);
	pthread_mutex_unlock(&fs->cache->lock);
}

void sq_cache_put(struct squash *fs, struct sq_block *b, uint32_t given)
{
	struct sq_cache *c = fs->cache;

	pthread_mutex_lock(&c->lock);
	b->given += given < b->len - b->given ? given : b->len - b->given;
	release(c, b);
	pthread_mutex_unlock(&c->lock);
}

bool sq_cache_trim(struct sq_cache *c)
{
	struct sq_block *next, *b, *victims = NULL;
	bool left;

	pthread_mutex_lock(&c->lock);
	for (b = c->newest; b; b = next) {
		next = b->next;
		if (b->used) {
			b->used = false;
			continue;
		}
		order_remove(c, b);
		hash_remove(c, b);
		c->bytes -= b->cap;
		b->next = victims;
		victims = b;
	}
	left = c->bytes > 0;
	pthread_mutex_unlock(&c->lock);
	destroy_all(victims);
	return left;
}

void sq_cache_limit(struct sq_cache *c, size_t bytes)
{
	struct sq_block *b, *victims = NULL;

	pthread_mutex_lock(&c->lock);
	c->limit = bytes;
	while ((b = c->oldest) && c->bytes > c->limit) {
		order_remove(c, b);
		hash_remove(c, b);
		c->bytes -= b->cap;
		b->next = victims;
		victims = b;
	}
	pthread_mutex_unlock(&c->lock);
	destroy_all(victims);
}

void sq_cache_stats(struct sq_cache *c, struct squash_stats *ret)
{
	pthread_mutex_lock(&c->lock);
	ret->cache_bytes = c->bytes;
	ret->cache_limit = c->limit;
	ret->cache_hits = c->hits;
	ret->cache_misses = c->misses;
	pthread_mutex_unlock(&c->lock);
}
