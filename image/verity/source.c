/* A source that checks. Every data block that a read touches is read whole into
 * memory of ours, hashed, compared with its digest, and only then are bytes
 * copied out: what the caller gets is what was hashed, also when the file changes
 * meanwhile. Digests come from blocks of the tree, each of which was compared
 * with its own digest one level up, to the root. Checked blocks of the tree are
 * kept (they are in memory of ours, too); data blocks are not: the reader above
 * and the page cache below keep those, and they are checked on every read. */
#include "image/verity/verity.h"

#include <inttypes.h>
#include <pthread.h>
#include <string.h>

#define STEP_BLOCKS 64 /* data blocks read at once */
#define SLOTS 256      /* kept blocks of the tree: 1 MiB, digests of 128 MiB of data */

struct slot {
	uint64_t block; /* of the tree object; 0 = empty (the superblock is none) */
	uint8_t data[VERITY_BLOCK];
};

struct checked {
	struct source source;
	struct source *data, *tree;
	struct verity_layout layout;
	uint8_t root[DIGEST_SHA256];
	char *name;
	pthread_mutex_t lock; /* of slots */
	struct slot *slots;
};

static int damaged(struct err *e, const char *name, const char *what, uint64_t block)
{
	err_set(e, ERR_VERIFY, "'%s' is damaged: %s %" PRIu64 " is not what was hashed when the image was made", name,
		what, block);
	e->sys = EIO;
	return err_hint(e, "copy or fetch the image again");
}

static bool kept(struct checked *c, uint64_t block, size_t from, size_t n, uint8_t *ret)
{
	struct slot *s = &c->slots[block % SLOTS];
	bool hit;

	pthread_mutex_lock(&c->lock);
	hit = s->block == block;
	if (hit)
		memcpy(ret, s->data + from * DIGEST_SHA256, n * DIGEST_SHA256);
	pthread_mutex_unlock(&c->lock);
	return hit;
}

static void keep(struct checked *c, uint64_t block, const uint8_t data[VERITY_BLOCK])
{
	struct slot *s = &c->slots[block % SLOTS];

	pthread_mutex_lock(&c->lock);
	s->block = block;
	memcpy(s->data, data, VERITY_BLOCK);
	pthread_mutex_unlock(&c->lock);
}

/* The checked digests [first, first + n) of a level, all in one block of it. */
static int level_digests(struct checked *c, unsigned level, uint64_t first, size_t n, uint8_t *ret, struct err *e)
{
	uint64_t index = first / VERITY_DIGESTS, block = c->layout.first[level] + index;
	size_t from = (size_t)(first % VERITY_DIGESTS);
	uint8_t data[VERITY_BLOCK], want[DIGEST_SHA256], have[DIGEST_SHA256];

	if (kept(c, block, from, n, ret))
		return 0;
	if (level + 1 == c->layout.levels)
		memcpy(want, c->root, sizeof(want));
	else if (level_digests(c, level + 1, index, 1, want, e))
		return -1;
	if (source_read(c->tree, data, sizeof(data), block * VERITY_BLOCK, e))
		return -1;
	digest_sha256(data, sizeof(data), have);
	if (memcmp(want, have, sizeof(want)) != 0)
		return damaged(e, c->name, "block of the hash tree", block);
	keep(c, block, data);
	memcpy(ret, data + from * DIGEST_SHA256, n * DIGEST_SHA256);
	return 0;
}

static int data_digests(struct checked *c, uint64_t first, size_t n, uint8_t *ret, struct err *e)
{
	if (!c->layout.levels) {
		memcpy(ret, c->root, DIGEST_SHA256);
		return 0;
	}
	while (n) {
		size_t room = VERITY_DIGESTS - (size_t)(first % VERITY_DIGESTS), k = n < room ? n : room;

		if (level_digests(c, 0, first, k, ret, e))
			return -1;
		first += k;
		n -= k;
		ret += k * DIGEST_SHA256;
	}
	return 0;
}

/* Blocks [first, first + n) into buf, which ends with the data. */
static int read_blocks(struct checked *c, uint64_t first, size_t n, uint8_t *buf, struct err *e)
{
	uint8_t want[STEP_BLOCKS * DIGEST_SHA256], have[DIGEST_SHA256];
	uint64_t at = first * VERITY_BLOCK;
	size_t len = n * VERITY_BLOCK;

	if (len > c->source.size - at)
		len = (size_t)(c->source.size - at);
	if (data_digests(c, first, n, want, e) || source_read(c->data, buf, len, at, e))
		return -1;
	for (size_t i = 0; i < n; i++) {
		size_t left = len - i * VERITY_BLOCK;

		verity_digest(buf + i * VERITY_BLOCK, left < VERITY_BLOCK ? left : VERITY_BLOCK, have);
		if (memcmp(have, want + i * DIGEST_SHA256, DIGEST_SHA256) != 0)
			return damaged(e, c->name, "block", first + i);
	}
	return 0;
}

static int checked_read(struct source *s, void *ret, size_t len, uint64_t off, struct err *e)
{
	struct checked *c = (struct checked *)s;
	uint64_t first = off / VERITY_BLOCK, end = (off + len + VERITY_BLOCK - 1) / VERITY_BLOCK;
	size_t most = end - first < STEP_BLOCKS ? (size_t)(end - first) : STEP_BLOCKS;
	OWN_FREE uint8_t *buf = malloc(most * VERITY_BLOCK);
	uint8_t *out = ret;

	if (!buf)
		return err_sys(e, ENOMEM, "cannot check '%s'", c->name);
	while (len) {
		size_t n = end - first < STEP_BLOCKS ? (size_t)(end - first) : STEP_BLOCKS;
		size_t skip = (size_t)(off % VERITY_BLOCK), have = n * VERITY_BLOCK - skip;
		size_t take = len < have ? len : have;

		if (read_blocks(c, first, n, buf, e))
			return -1;
		memcpy(out, buf + skip, take);
		out += take;
		off += take;
		len -= take;
		first += n;
	}
	return 0;
}

static void checked_advise(struct source *s, uint64_t off, uint64_t len)
{
	source_advise(((struct checked *)s)->data, off, len);
}

static void checked_free(struct source *s)
{
	struct checked *c = (struct checked *)s;

	source_free(c->data);
	source_free(c->tree);
	pthread_mutex_destroy(&c->lock);
	free(c->slots);
	free(c->name);
	free(c);
}

static const struct source_ops checked_ops = {
	.read = checked_read,
	.advise = checked_advise,
	.free = checked_free,
};

int source_verity_new(struct source *data, struct source *tree, const struct verity_layout *l,
		      const uint8_t root[DIGEST_SHA256], const char *name, struct source **ret, struct err *e)
{
	struct checked *c = calloc(1, sizeof(*c));
	struct slot *slots = calloc(SLOTS, sizeof(*slots));
	char *copy = strdup(name);

	if (!c || !slots || !copy) {
		free(c);
		free(slots);
		free(copy);
		source_free(data);
		source_free(tree);
		return err_sys(e, ENOMEM, "cannot check '%s'", name);
	}
	*c = (struct checked){ .source = { .ops = &checked_ops, .size = l->data_size },
			       .data = data,
			       .tree = tree,
			       .layout = *l,
			       .name = copy,
			       .lock = PTHREAD_MUTEX_INITIALIZER,
			       .slots = slots };
	memcpy(c->root, root, sizeof(c->root));
	if (data->size != l->data_size || tree->size != l->size) {
		checked_free(&c->source);
		return err_set(e, ERR_FORMAT, "'%s' and its hash tree are not of the sizes that belong together", name);
	}
	*ret = &c->source;
	return 0;
}

int verity_check_root(struct source *tree, const struct verity_layout *l, const uint8_t root[DIGEST_SHA256],
		      struct err *e)
{
	uint8_t data[VERITY_BLOCK], have[DIGEST_SHA256];

	if (!l->levels) /* the root is the only block's digest: its first read tells */
		return 0;
	if (source_read(tree, data, sizeof(data), l->first[l->levels - 1] * VERITY_BLOCK, e))
		return -1;
	digest_sha256(data, sizeof(data), have);
	if (memcmp(have, root, sizeof(have)) == 0)
		return 0;
	err_set(e, ERR_VERIFY, "the hash tree does not have the root that the image names");
	e->sys = EIO;
	return -1;
}
