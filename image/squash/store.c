/* The blocks that are kept: found by position, in order of use, in a budget.
 *
 * Blocks that nobody holds stand in order of use; the oldest gives its memory to
 * the next miss. A block whose bytes have all been given out is in the kernel's
 * page cache, too, and will hardly be asked for again: it goes to the old end, and
 * its memory is taken for the next miss even while there is room for more.
 * Programs that are read once from begin to end so need a few blocks, not the
 * whole cache.
 *
 * Memory is mapped block by block as it is needed, faulted in at once, and goes
 * back to the kernel when a block is dropped. The limit may be exceeded by the
 * blocks that are held at the moment: at most one for each call in flight. Nobody
 * ever waits for memory. */
#include "image/squash/cache.h"

#include <sys/mman.h>

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
	for (size_t i = 0; i < SQ_CACHE_CONDS; i++)
		pthread_cond_init(&c->changed[i], NULL);
	*ret = c;
	return 0;
}

void sq_block_destroy(struct sq_block *b)
{
	if (b->data)
		munmap(b->data, b->cap);
	free(b);
}

void sq_blocks_destroy(struct sq_block *b)
{
	while (b) {
		struct sq_block *next = b->next;

		sq_block_destroy(b);
		b = next;
	}
}

/* Nobody may hold a block any more: all of them stand in the order of use. */
void sq_cache_free(struct sq_cache *c)
{
	if (!c)
		return;
	sq_blocks_destroy(c->newest);
	free(c->hash);
	for (size_t i = 0; i < SQ_CACHE_CONDS; i++)
		pthread_cond_destroy(&c->changed[i]);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

static struct sq_block **chain_of(struct sq_cache *c, uint64_t pos)
{
	return &c->hash[sq_hash(pos, c->hash_bits)];
}

pthread_cond_t *sq_cache_cond(struct sq_cache *c, uint64_t pos)
{
	return &c->changed[sq_hash(pos, 32) % SQ_CACHE_CONDS];
}

/* Another word for the same place is another block: the image lies somewhere. */
struct sq_block *sq_cache_find(struct sq_cache *c, uint64_t pos, uint32_t word)
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

void sq_cache_hold(struct sq_cache *c, struct sq_block *b)
{
	if (b->refs++ == 0)
		order_remove(c, b);
	b->used = true;
}

/* A block that failed is in no hash any more. */
void sq_cache_release(struct sq_cache *c, struct sq_block *b)
{
	if (--b->refs)
		return;
	if (b->state == LOOSE) {
		sq_block_destroy(b);
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
	sq_block_destroy(b);
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

size_t sq_block_pages(uint32_t size)
{
	return ((size_t)size + 4095) & ~(size_t)4095;
}

int sq_block_map(struct sq_block *b, struct err *e)
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

struct sq_block *sq_cache_begin(struct sq_cache *c, uint64_t pos, uint32_t word, uint32_t max,
			      struct sq_block **victims)
{
	struct sq_block *b = make_room(c, sq_block_pages(max), victims);

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

void sq_cache_loaded(struct sq_cache *c, struct sq_block *b, ssize_t n, const struct err *e)
{
	pthread_cond_broadcast(sq_cache_cond(c, b->pos));
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
	sq_blocks_destroy(victims);
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
	sq_blocks_destroy(victims);
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
