/* Inside of the block cache: what cache.c (who unpacks a block, and who waits)
 * and store.c (which blocks there are, and their memory) share. */
#ifndef SIF_IMAGE_SQUASH_CACHE_H
#define SIF_IMAGE_SQUASH_CACHE_H

#include "image/squash/internal.h"

#define SQ_CACHE_CONDS 16u

/* LOOSE: in no hash and no account, of its only holder. */
enum sq_block_state { LOADING, READY, FAILED, LOOSE };

struct sq_cache {
	pthread_mutex_t lock;
	pthread_cond_t changed[SQ_CACHE_CONDS]; /* by position */
	struct sq_block **hash;
	struct sq_block *newest, *oldest; /* not held */
	size_t bytes, limit;		  /* of all blocks */
	unsigned hash_bits;
	uint64_t hits, misses;
};

/* Without lock. */
size_t sq_block_pages(uint32_t size); /* rounded up to whole pages */
int sq_block_map(struct sq_block *b, struct err *e) MUST_CHECK; /* give it memory, unless it has some */
void sq_block_destroy(struct sq_block *b);
void sq_blocks_destroy(struct sq_block *b); /* a chain by .next; NULL is fine */
pthread_cond_t *sq_cache_cond(struct sq_cache *c, uint64_t pos); /* a block there is not LOADING any more */

/* With the lock. */
struct sq_block *sq_cache_find(struct sq_cache *c, uint64_t pos, uint32_t word);
void sq_cache_hold(struct sq_cache *c, struct sq_block *b);
/* A block that failed, or that there is no room for, goes with its last holder. */
void sq_cache_release(struct sq_cache *c, struct sq_block *b);
/* A block that stands in the hash as LOADING, held by the caller, with the memory
 * of an older one or none; NULL = out of memory. What had to go for it is put on
 * *victims, to be destroyed without the lock. */
struct sq_block *sq_cache_begin(struct sq_cache *c, uint64_t pos, uint32_t word, uint32_t max,
				struct sq_block **victims);
/* It was unpacked to n bytes; -1 = e says why not. Wakes who waits for it. */
void sq_cache_loaded(struct sq_cache *c, struct sq_block *b, ssize_t n, const struct err *e);

#endif
