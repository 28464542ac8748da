/* The threads run under SCHED_IDLE: not for a moment while anything else wants
 * their CPU. They end at the end of the list, when a reader had to wait for one
 * (image/squash/cache.c), or when nobody reads what was unpacked.
 *
 * Others fetch the bytes (fetch.h): they wait for storage, not for a CPU. */
#include "runtime/serve/ahead.h"

#include "base/cpus.h"
#include "base/fd.h"
#include "base/log.h"
#include "image/squash/hot.h"
#include "runtime/serve/fetch.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#define STACK_SIZE (256 * 1024)
#define THREADS_MAX 4u
#define FETCHERS 4u
/* With the memory full: how long to wait for a reader, milliseconds. */
#define PAUSE 2
#define PAUSES 500

struct ahead {
	struct squash *fs;
	struct ahead_list where;
	const struct serve_config *cfg;
	struct squash_hot hot;
	_Atomic uint32_t next; /* entry to unpack */
	struct fetch fetch;
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
	while ((i = atomic_fetch_add(&a->next, 1)) < a->hot.n)
		if (!unpack(a, i))
			atomic_store(&a->next, a->hot.n);
	return NULL;
}

static void *fetch(void *arg)
{
	struct ahead *a = arg;

	fetch_run(&a->fetch);
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

	if (serve_cpus_thread(a->cfg->cpus, a->cfg->comer, &cpus))
		return NULL;
	threads = ahead_threads(cpus_available());
	if (!threads || !load_list(a))
		return NULL;
	serve_limit_memory(a->fs); /* not those of a start: the list is for more than that */
	a->fetch = (struct fetch){ .fd = a->where.fd, .base = a->where.base, .hot = &a->hot };
	for (unsigned i = 0; i < FETCHERS; i++)
		start_thread(a, fetch);
	while (--threads)
		start_thread(a, work);
	return work(a);
}

void ahead_start(struct squash *fs, const struct ahead_list *list, const struct serve_config *cfg)
{
	/* Never freed: the threads' end is the process's. */
	static struct ahead a;

	a.fs = fs;
	a.where = *list;
	a.cfg = cfg;
	start_thread(&a, begin);
}
