/* Inside of the SquashFS reader.
 *
 * Theory of operation
 *
 * An image is: superblock | data blocks and fragment blocks | inode table |
 * directory table | fragment, export, id and xattr tables. Everything behind
 * the data blocks is metadata: a chain of blocks of up to 8 KiB, each packed on
 * its own, that is addressed by (position of the block on disk, offset in the
 * unpacked block) and read as a stream that runs on into the next block.
 *
 * 1. Bytes come in through source_read only, which refuses what lies outside.
 * 2. Metadata is read through a struct sq_cursor only. A block is unpacked once
 *    and published in a hash table without locks; it is never changed or freed
 *    before squash_free, so readers need no reference. When SQ_META_LIMIT is
 *    used up, further blocks pass through a few small slots (metadata.c).
 * 3. Nothing is kept per inode: its reference says where it stands.
 * 4. A file's block list stands behind its inode. For a file of more than
 *    SQ_STRIDE blocks a sparse table of waypoints into that list is kept, so
 *    that a read far inside costs at most SQ_STRIDE additions (blocks.c).
 * 5. A data block that the request covers is unpacked into the caller's buffer.
 *    One that is only partly wanted goes through the block cache, where the
 *    first who misses unpacks and the others wait for that block alone
 *    (cache.c). No lock is held while bytes are read or unpacked.
 * 6. Blocks that will be wanted soon may be unpacked into the cache beforehand
 *    (preload.c), in gaps: a reader waits for such a thread a moment at most.
 * 7. Decoders and input buffers are lent from a pool: there are as many as
 *    calls ever ran at once (codec.c).
 *
 * What hostile bytes can make us allocate: squash_options' metadata_bytes for
 * metadata blocks, indexes of tables and waypoints together; block_cache_bytes;
 * 1 MiB for slots, ids and hash tables; and per call in flight one block, one
 * packed block and a decoder. */
#ifndef SIF_IMAGE_SQUASH_INTERNAL_H
#define SIF_IMAGE_SQUASH_INTERNAL_H

#include "image/squash/squash.h"

#include <pthread.h>
#include <stdatomic.h>

#define SQ_META_SIZE 8192u		 /* unpacked metadata block */
#define SQ_META_LIMIT (64u << 20)	 /* metadata kept: blocks, indexes, waypoints */
#define SQ_META_SLOTS 64u		 /* blocks at hand beyond the limit */
#define SQ_STRIDE 64u			 /* blocks between two waypoints, at least */
#define SQ_CACHE_DEFAULT (64u << 20)
#define SQ_CHUNK_LOG 20			 /* read-ahead hints cover 1 MiB */
#define SQ_CHUNKS 65536u
#define SQ_SEEN_LOG 18			 /* bits that say which blocks were unpacked */
#define SQ_LINK_MAX 4096u		 /* a longer link target cannot be used on Linux */
#define SQ_TABLE_NONE 0xffffffffffffffffull
#define SQ_FRAGMENT_NONE 0xffffffffu
#define SQ_UNCOMPRESSED (1u << 24)	 /* in the size word of a data block */

/* codec.c: one kind of packing. decode returns the bytes made, -1 when the
 * input is damaged or makes more than max. */
struct sq_codec {
	void *(*create)(void);
	void (*destroy)(void *state);
	ssize_t (*decode)(void *state, const void *in, size_t n, void *out, size_t max);
};
extern const struct sq_codec sq_gzip, sq_xz, sq_zstd, sq_lz4, sq_lzo;

struct sq_scratch {
	struct sq_scratch *next;
	void *state;  /* of the codec */
	uint8_t *in;  /* a packed data block; block_size bytes, NULL until needed */
	uint8_t meta[2 + SQ_META_SIZE];
};

/* table.c: an array on disk, in metadata blocks whose positions stand at start. */
struct sq_table {
	uint64_t start;
	uint32_t n, entry; /* entries, bytes of one (a divisor of 8192) */
	_Atomic(uint64_t *) index;
};

struct sq_meta_block;
struct sq_meta {
	_Atomic(struct sq_meta_block *) *bucket;
	unsigned bits;
	_Atomic size_t limit, kept; /* bytes; of kept, blocks have 3/4 at most */
	pthread_mutex_t slots_lock;
	struct sq_meta_block *slot[SQ_META_SLOTS];
};

struct sq_points;
struct sq_cache;

struct squash {
	struct source *src;
	struct squash_super super;
	const struct sq_codec *codec;
	uint32_t *ids;
	struct sq_meta meta;
	struct sq_table fragments, xattr_ids;
	uint64_t xattr_start;
	struct sq_cache *cache;
	_Atomic(struct sq_points *) points[256];
	pthread_mutex_t pool_lock;
	struct sq_scratch *pool;
	_Atomic uint64_t advised[SQ_CHUNKS / 64];
	_Atomic uint64_t seen[(1u << SQ_SEEN_LOG) / 64]; /* preload.c */
	_Atomic bool preload_late; /* a reader waited for a preloading thread in vain */
	_Atomic uint64_t blocks_read;
	void (*slow)(void *ctx); /* squash_options */
	void *slow_ctx;
};

static inline void sq_slow(const struct squash *fs)
{
	if (fs->slow)
		fs->slow(fs->slow_ctx);
}

/* codec.c */
int sq_codec_choose(struct squash *fs, struct err *e) MUST_CHECK;
struct sq_scratch *sq_scratch_get(struct squash *fs, struct err *e) MUST_CHECK;
void sq_scratch_put(struct squash *fs, struct sq_scratch *s);
void sq_scratch_free_all(struct squash *fs);
/* pos: where the block stands, for the message. */
ssize_t sq_decode(struct squash *fs, struct sq_scratch *s, const void *in, size_t n, void *out, size_t max,
		  uint64_t pos, struct err *e) MUST_CHECK;

/* metadata.c: may bytes more of metadata be kept? Then they are counted. */
bool sq_meta_charge(struct squash *fs, size_t bytes);
/* The one way to read metadata. */
struct sq_cursor {
	struct squash *fs;
	uint64_t pos;	/* of the block on disk */
	uint64_t limit; /* blocks begin before it */
	uint32_t off;	/* in the unpacked block */
};
int sq_meta_init(struct squash *fs, size_t limit, struct err *e) MUST_CHECK;
void sq_meta_free(struct squash *fs);
int sq_cursor_read(struct sq_cursor *c, void *buf, size_t n, struct err *e) MUST_CHECK;
int sq_cursor_skip(struct sq_cursor *c, uint64_t n, struct err *e) MUST_CHECK;

/* table.c */
int sq_table_check(const struct squash *fs, const struct sq_table *t, const char *what, struct err *e) MUST_CHECK;
int sq_table_get(struct squash *fs, struct sq_table *t, uint32_t i, void *buf, struct err *e) MUST_CHECK;
int sq_ids_load(struct squash *fs, struct err *e) MUST_CHECK;

/* inode.c */
uint64_t sq_block_count(const struct squash *fs, const struct squash_inode *file);

/* blocks.c: the block list of a file, from a block on. */
struct sq_blocks {
	struct sq_cursor c;
	uint64_t data; /* where the next block stands */
	uint64_t left;
	uint32_t words[SQ_STRIDE];
	unsigned at, n;
};
int sq_blocks_seek(struct squash *fs, const struct squash_inode *file, uint64_t first, uint64_t n,
		   struct sq_blocks *ret, struct err *e) MUST_CHECK;
int sq_blocks_next(struct sq_blocks *b, uint64_t *pos, uint32_t *word, struct err *e) MUST_CHECK;
void sq_blocks_free(struct squash *fs);

/* data.c: tell the source that the bytes around pos are wanted. */
void sq_advise(struct squash *fs, uint64_t pos);
/* Unpack the block at pos; word: its size and SQ_UNCOMPRESSED. */
ssize_t sq_block_load(struct squash *fs, uint64_t pos, uint32_t word, void *out, size_t max,
		      struct err *e) MUST_CHECK;

/* cache.c, store.c: a block that is held stays as it is until put. */
struct sq_block {
	struct sq_block *hash_next;
	struct sq_block *prev, *next; /* in the order of use, while nobody holds it */
	uint8_t *data;
	size_t cap; /* bytes mapped */
	uint64_t pos;
	uint32_t word;
	uint32_t max, len; /* bytes that it may have, that it has */
	uint32_t given;	   /* bytes given out, at most len */
	unsigned refs;
	int state, fail_kind, fail_sys;
	bool used;    /* since the last trim */
	bool ahead;   /* unpacked before anybody asked */
	bool waiting; /* ahead, and not yet read to its end */
};
int sq_cache_new(const struct squash *fs, size_t bytes, struct sq_cache **ret, struct err *e) MUST_CHECK;
void sq_cache_free(struct sq_cache *c);
/* Unpacks it when it is not there; more than max bytes are damage. NULL on failure. */
struct sq_block *sq_cache_get(struct squash *fs, uint64_t pos, uint32_t word, uint32_t max,
			      struct err *e) MUST_CHECK;
/* NULL when it is not there. */
struct sq_block *sq_cache_peek(struct squash *fs, uint64_t pos, uint32_t word);
/* given: how many of its bytes the caller took. */
void sq_cache_put(struct squash *fs, struct sq_block *b, uint32_t given);
/* A block that nobody has asked for: would it be kept? */
enum sq_claim { SQ_CLAIM_THERE, SQ_CLAIM_FULL, SQ_CLAIM_YES };
enum sq_claim sq_cache_wants(struct squash *fs, uint64_t pos, uint32_t word);
/* With SQ_CLAIM_YES *ret is held, and the caller unpacks into it at once;
 * sq_cache_settle gives it back with what came out: bytes, or -1 and e. */
enum sq_claim sq_cache_claim(struct squash *fs, uint64_t pos, uint32_t word, struct sq_block **ret);
void sq_cache_settle(struct squash *fs, struct sq_block *b, ssize_t n, const struct err *e);
/* Drop what was not asked for since the last call. Is anything left? */
bool sq_cache_trim(struct sq_cache *c);
void sq_cache_limit(struct sq_cache *c, size_t bytes);
void sq_cache_stats(struct sq_cache *c, struct squash_stats *ret);

/* Spread a position over 2^bits places. */
static inline uint64_t sq_hash(uint64_t v, unsigned bits)
{
	return (v * 0x9e3779b97f4a7c15ull) >> (64 - bits);
}

/* Was a block unpacked? Positions share bits: a wrong yes is possible. */
static inline void sq_seen_set(struct squash *fs, uint64_t pos)
{
	uint64_t i = sq_hash(pos, SQ_SEEN_LOG);

	atomic_fetch_or_explicit(&fs->seen[i / 64], 1ull << i % 64, memory_order_relaxed);
}

static inline bool sq_seen(const struct squash *fs, uint64_t pos)
{
	uint64_t i = sq_hash(pos, SQ_SEEN_LOG);

	return atomic_load_explicit(&fs->seen[i / 64], memory_order_relaxed) >> i % 64 & 1;
}

#endif
