/* The threads run under SCHED_IDLE: not for a moment while anything else wants
 * their CPU. They end at the end of the list, when a reader had to wait for one
 * (image/squash/cache.c), or when nobody reads what was unpacked.
 *
 * Bytes are asked for AHEAD_BYTES before they are unpacked, so that the host
 * has several requests on their way to slow storage while a block is unpacked. */
#include "runtime/serve/ahead.h"

#include "base/cpus.h"
#include "base/fd.h"
#include "base/log.h"
#include "image/squash/hot.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#define STACK_SIZE (256 * 1024)
#define THREADS_MAX 4u
#define AHEAD_BYTES (16u << 20)
#define PACKED(word) ((word) & 0xffffffu) /* bytes of a block in the image */
/* With the memory full: how long to wait for a reader, milliseconds. */
#define PAUSE 2
#define PAUSES 500

struct ahead {
	struct squash *fs;
	struct ahead_list where;
	const struct serve_config *cfg;
	struct squash_hot hot;
	_Atomic uint32_t next; /* entry to unpack */
	pthread_mutex_t lock;  /* of what follows */
	uint32_t advised;      /* entries asked for */
	uint64_t advised_bytes, done_bytes;
};

unsigned ahead_threads(unsigned cpus)
{
	return cpus < 2 ? 0 : cpus - 1 < THREADS_MAX ? cpus - 1 : THREADS_MAX;
}

/* false: there is nothing (for us) to do. */
static bool load_list(struct ahead *a)
{
	const struct ahead_list *w = &a->where;
	OWN_FREE uint8_t *data = NULL;
	struct err e = {};
	int rc;

	if (w->size > SQUASH_HOT_BYTES) {
		log_warn("the hot list of '%s' is too long and not used", a->cfg->name);
		return false;
	}
	data = malloc(w->size ? (size_t)w->size : 1);
	if (!data)
		return false;
	rc = fd_pread_full(w->fd, data, (size_t)w->size, w->offset, a->cfg->name, &e);
	if (rc == 0)
		rc = squash_hot_parse(data, (size_t)w->size, squash_super(a->fs), &a->hot, &e);
	if (rc < 0)
		log_warn("the hot list of '%s' is not used: %s", a->cfg->name, e.msg);
	return rc > 0;
}

/* Entry i is next: ask for those behind it. */
static void advise(struct ahead *a, uint32_t i)
{
	pthread_mutex_lock(&a->lock);
	a->done_bytes += PACKED(a->hot.blocks[i].word);
	while (a->advised < a->hot.n && a->advised_bytes < a->done_bytes + AHEAD_BYTES) {
		const struct squash_hot_block *b = &a->hot.blocks[a->advised++];

		a->advised_bytes += PACKED(b->word);
		squash_preload_advise(a->fs, b);
	}
	pthread_mutex_unlock(&a->lock);
}

/* false: it is time to end. */
static bool unpack(struct ahead *a, uint32_t i)
{
	const struct timespec pause = { .tv_nsec = PAUSE * 1000000L };

	for (unsigned tries = 0; tries < PAUSES; tries++) {
		switch (squash_preload(a->fs, &a->hot.blocks[i])) {
		case SQUASH_PRELOAD_DONE:
			return true;
		case SQUASH_PRELOAD_END:
			return false;
		case SQUASH_PRELOAD_FULL:
			nanosleep(&pause, NULL);
		}
	}
	return false;
}

static void *work(void *arg)
{
	const struct sched_param param = {};
	struct ahead *a = arg;
	uint32_t i;

	if (sched_setscheduler(0, SCHED_IDLE, &param))
		return NULL;
	while ((i = atomic_fetch_add(&a->next, 1)) < a->hot.n) {
		advise(a, i);
		if (!unpack(a, i))
			atomic_store(&a->next, a->hot.n);
	}
	return NULL;
}

static void start_thread(struct ahead *a, void *(*fn)(void *))
{
	pthread_attr_t attr;
	pthread_t thread;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_SIZE);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	if (pthread_create(&thread, &attr, fn, a))
		log_debug("cannot start a thread that reads ahead");
	pthread_attr_destroy(&attr);
}

/* The first thread, which must not stay on the launch's CPU. */
static void *begin(void *arg)
{
	struct ahead *a = arg;
	struct cpus cpus;
	unsigned threads;

	if (serve_place_thread(a->cfg->cpus, a->cfg->comer, &cpus))
		return NULL;
	threads = ahead_threads(cpus_available());
	if (!threads || !load_list(a))
		return NULL;
	serve_limit_memory(a->fs); /* not those of a start: the list is for more than that */
	while (--threads)
		start_thread(a, work);
	return work(a);
}

void ahead_start(struct squash *fs, const struct ahead_list *list, const struct serve_config *cfg)
{
	/* Never freed: the threads' end is the process's. */
	static struct ahead a = { .lock = PTHREAD_MUTEX_INITIALIZER };

	a.fs = fs;
	a.where = *list;
	a.cfg = cfg;
	start_thread(&a, begin);
}
