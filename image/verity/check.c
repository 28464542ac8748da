#include "image/verity/check.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#define PIECE (128u << 10) /* stays in the processor's cache */
#define THREADS_MAX 64

/* One check; the threads take piece after piece. */
struct check {
	struct source *source;
	_Atomic uint64_t next;
	_Atomic uint64_t *done;
	pthread_mutex_t lock; /* of err */
	struct err err;
};

static void *work(void *arg)
{
	struct check *c = arg;
	OWN_FREE uint8_t *buf = malloc(PIECE);
	struct err e = {};

	if (!buf)
		err_sys(&e, ENOMEM, "cannot check the hash tree");
	while (!e.kind) {
		uint64_t at = atomic_fetch_add(&c->next, PIECE), left = c->source->size - at;

		if (at >= c->source->size)
			return NULL;
		if (source_read(c->source, buf, left < PIECE ? (size_t)left : PIECE, at, &e))
			break;
		if (c->done)
			atomic_fetch_add(c->done, left < PIECE ? left : PIECE);
	}
	pthread_mutex_lock(&c->lock);
	if (!c->err.kind)
		c->err = e;
	pthread_mutex_unlock(&c->lock);
	atomic_store(&c->next, c->source->size); /* the others stop, too */
	return NULL;
}

static int open_checked(int fd, const char *name, const struct verity *v, struct source **ret, struct err *e)
{
	struct source *data, *tree;

	if (source_range_new(fd, (uint64_t)v->partition->offset, v->layout.data_size, name, &data, e))
		return -1;
	if (source_range_new(fd, (uint64_t)v->tree->offset, v->layout.size, name, &tree, e)) {
		source_free(data);
		return -1;
	}
	return source_verity_new(data, tree, &v->layout, v->info.root, name, ret, e);
}

int verity_check(int fd, const char *name, const struct verity *v, unsigned threads, _Atomic uint64_t *done,
		 struct err *e)
{
	struct check c = { .done = done, .lock = PTHREAD_MUTEX_INITIALIZER };
	pthread_t ids[THREADS_MAX];
	unsigned n = 0;

	if (open_checked(fd, name, v, &c.source, e))
		return -1;
	while (n + 1 < threads && n < THREADS_MAX && pthread_create(&ids[n], NULL, work, &c) == 0)
		n++;
	work(&c);
	while (n)
		pthread_join(ids[--n], NULL);
	source_free(c.source);
	if (!c.err.kind)
		return 0;
	*e = c.err;
	return -1;
}
