#include "runtime/serve/record.h"

#include "base/log.h"
#include "image/squash/hot.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

struct record {
	pthread_mutex_t lock;
	int fd; /* borrowed; -1 = nothing more is written */
	uint32_t block_size;
	struct squash_touch *slot; /* a set; block + 1, so that 0 is a free slot */
	size_t n, cap;		   /* a power of two */
};

struct record *record_new(int fd, uint32_t block_size)
{
	struct record *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	pthread_mutex_init(&r->lock, NULL);
	r->fd = fd;
	r->block_size = block_size;
	return r;
}

void record_free(struct record *r)
{
	if (!r)
		return;
	pthread_mutex_destroy(&r->lock);
	free(r->slot);
	free(r);
}

/* true: it was not there. */
static bool put(struct squash_touch *slot, size_t cap, struct squash_touch t)
{
	size_t i = (t.ref * 0x9e3779b97f4a7c15ull + t.block * 0xc2b2ae3d27d4eb4full) >> 20 & (cap - 1);

	while (slot[i].block && (slot[i].block != t.block || slot[i].ref != t.ref))
		i = (i + 1) & (cap - 1);
	if (slot[i].block)
		return false;
	slot[i] = t;
	return true;
}

static bool grow(struct record *r)
{
	size_t cap = r->cap ? r->cap * 2 : 4096;
	struct squash_touch *slot = calloc(cap, sizeof(*slot));

	if (!slot)
		return false;
	for (size_t i = 0; i < r->cap; i++)
		if (r->slot[i].block)
			put(slot, cap, r->slot[i]);
	free(r->slot);
	r->slot = slot;
	r->cap = cap;
	return true;
}

static void add(struct record *r, uint64_t ref, uint64_t block)
{
	const struct squash_touch t = { .ref = ref, .block = block };

	if (r->n * 2 >= r->cap && !grow(r))
		r->fd = -1;
	if (r->fd < 0 || !put(r->slot, r->cap, (struct squash_touch){ .ref = ref, .block = block + 1 }))
		return;
	if (++r->n == SQUASH_HOT_MAX || write(r->fd, &t, sizeof(t)) != sizeof(t)) {
		log_warn("the record of what is read ends after %zu blocks", r->n);
		r->fd = -1;
	}
}

void record_read(struct record *r, const struct squash_inode *file, uint64_t off, uint64_t len)
{
	if (off >= file->size || len == 0)
		return;
	if (len > file->size - off)
		len = file->size - off;
	pthread_mutex_lock(&r->lock);
	for (uint64_t b = off / r->block_size; b <= (off + len - 1) / r->block_size && r->fd >= 0; b++)
		add(r, file->ref, b);
	pthread_mutex_unlock(&r->lock);
}
