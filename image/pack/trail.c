/* The thread reads what the writer has written (it is in the page cache) and
 * hashes it without the lock. A cut while it does so is remembered, and what was
 * hashed behind the cut is thrown away: the thread goes on from there. */
#include "image/pack/trail.h"

#include "base/fd.h"
#include "image/verity/verity.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>

#define STEP (1u << 20)
#define STEP_DIGESTS (STEP / VERITY_BLOCK * DIGEST_SHA256)

struct trail {
	int fd;
	uint64_t base;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	uint64_t there;	 /* bytes that the writer has written */
	uint64_t hashed; /* bytes that have a digest, whole blocks until the end is known */
	uint64_t cut;	 /* lowest cut since the thread began its step */
	uint64_t size;	 /* of the whole, when it is known */
	bool known, stop;
	uint8_t *digests; /* the thread's until it has ended */
	size_t room;	  /* bytes */
	struct err err;
};

static int make_room(struct trail *t, size_t need, struct err *e)
{
	size_t room = t->room ? t->room : 4 * STEP_DIGESTS;
	uint8_t *p;

	if (need <= t->room)
		return 0;
	while (room < need)
		room *= 2;
	p = realloc(t->digests, room);
	if (!p)
		return err_sys(e, ENOMEM, "cannot build the hash tree");
	t->digests = p;
	t->room = room;
	return 0;
}

static int hash_step(struct trail *t, uint8_t *buf, uint64_t from, size_t len, struct err *e)
{
	size_t at = (size_t)(from / VERITY_BLOCK) * DIGEST_SHA256;

	if (make_room(t, at + STEP_DIGESTS, e) ||
	    fd_pread_full(t->fd, buf, len, t->base + from, "the new image", e))
		return -1;
	for (size_t i = 0; i < len; i += VERITY_BLOCK, at += DIGEST_SHA256)
		verity_digest(buf + i, len - i < VERITY_BLOCK ? len - i : VERITY_BLOCK, t->digests + at);
	return 0;
}

/* Bytes to hash now; 0 = nothing more to come. Called with the lock. */
static size_t next_step(struct trail *t)
{
	for (;;) {
		uint64_t left = (t->known ? t->size : t->there) - t->hashed;

		if (t->stop || (t->known && t->hashed >= t->size))
			return 0;
		if (t->there > t->hashed && left >= STEP)
			return STEP;
		if (t->known)
			return (size_t)left;
		pthread_cond_wait(&t->wake, &t->lock);
	}
}

static void *follow(void *arg)
{
	struct trail *t = arg;
	uint8_t *buf = malloc(STEP);
	struct err e = {};
	int rc = buf ? 0 : err_sys(&e, ENOMEM, "cannot build the hash tree");

	pthread_mutex_lock(&t->lock);
	while (!rc) {
		size_t len = next_step(t);
		uint64_t from = t->hashed, to = from + len;

		if (!len)
			break;
		t->cut = UINT64_MAX;
		pthread_mutex_unlock(&t->lock);
		rc = hash_step(t, buf, from, len, &e);
		pthread_mutex_lock(&t->lock);
		if (to > t->cut)
			to = t->cut;
		if (to > from)
			t->hashed = to;
		if (rc && t->cut != UINT64_MAX)
			rc = 0; /* what could not be read is no longer there */
	}
	t->err = e;
	if (!rc)
		err_clear(&t->err);
	pthread_mutex_unlock(&t->lock);
	free(buf);
	return NULL;
}

int trail_new(int fd, uint64_t base, struct trail **ret, struct err *e)
{
	struct trail *t = calloc(1, sizeof(*t));
	sigset_t all, old;
	int rc;

	if (!t)
		return err_sys(e, ENOMEM, "cannot build the hash tree");
	t->fd = fd;
	t->base = base;
	pthread_mutex_init(&t->lock, NULL);
	pthread_cond_init(&t->wake, NULL);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	rc = pthread_create(&t->thread, NULL, follow, t);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (rc) {
		free(t);
		return err_sys(e, rc, "cannot start a thread");
	}
	*ret = t;
	return 0;
}

static void join(struct trail *t)
{
	if (t->thread)
		pthread_join(t->thread, NULL);
	t->thread = 0;
}

void trail_free(struct trail *t)
{
	if (!t)
		return;
	pthread_mutex_lock(&t->lock);
	t->stop = true;
	pthread_cond_signal(&t->wake);
	pthread_mutex_unlock(&t->lock);
	join(t);
	pthread_mutex_destroy(&t->lock);
	pthread_cond_destroy(&t->wake);
	free(t->digests);
	free(t);
}

void trail_grow(struct trail *t, uint64_t size)
{
	if (!t)
		return;
	pthread_mutex_lock(&t->lock);
	t->there = size;
	if (size >= t->hashed + STEP)
		pthread_cond_signal(&t->wake);
	pthread_mutex_unlock(&t->lock);
}

void trail_cut(struct trail *t, uint64_t from)
{
	if (!t)
		return;
	from -= from % VERITY_BLOCK;
	pthread_mutex_lock(&t->lock);
	if (from < t->there)
		t->there = from;
	if (from < t->hashed)
		t->hashed = from;
	if (from < t->cut)
		t->cut = from;
	pthread_mutex_unlock(&t->lock);
}

int trail_finish(struct trail *t, uint64_t size, const uint8_t **ret, struct err *e)
{
	uint8_t first[VERITY_BLOCK];
	size_t n = size < VERITY_BLOCK ? (size_t)size : VERITY_BLOCK;

	pthread_mutex_lock(&t->lock);
	t->there = t->size = size;
	t->known = true;
	pthread_cond_signal(&t->wake);
	pthread_mutex_unlock(&t->lock);
	join(t);
	if (t->err.kind) {
		*e = t->err;
		return -1;
	}
	if (fd_pread_full(t->fd, first, n, t->base, "the new image", e))
		return -1;
	verity_digest(first, n, t->digests);
	*ret = t->digests;
	return 0;
}
