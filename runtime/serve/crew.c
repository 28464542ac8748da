/* Who answers the next request.
 *
 * One worker at a time, the leader, waits in the kernel for requests, and it
 * answers what it gets itself, leading on: a program that waits for each answer,
 * as most do, is then served by one thread on a CPU near to it. (With all workers
 * waiting in the kernel each request wakes another one in turn, which costs more
 * than most answers: half of a walk's CPU time when it was measured.)
 *
 * Before an answer that may take long (it goes to the image for bytes, waits for
 * a worker that does, or is large) the leader looks whether somebody else is
 * waiting. If so, or if that was so a moment ago, or if answers have been slow, it
 * steps down, and a parked worker leads meanwhile. A single reader of an image
 * whose bytes are at hand so stays with one thread: handing over costs two
 * wake-ups, a third of what unpacking a block costs.
 *
 * Storage that gives no answer, or is tried again and again (storage.c), may keep
 * all of them. The keeper (keeper.c) sees that the leader does not move, or that
 * nobody leads, and lets somebody else lead, if need be a new thread beyond those
 * that are of use for speed: as many as requests that hang, up to CREW_STALLED.
 * Such a thread ends when it finds enough others parked.
 *
 * Threads are started when they are first needed, and not for the few requests
 * of a short program; until then the server stays on the launch's CPU
 * (runtime/placement.h). */
#include "runtime/serve/server.h"

#include "base/cpus.h"
#include "base/log.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define STACK_SIZE (256 * 1024)
/* Requests that the main thread answers alone. */
#define ALONE 96
/* Slow answers given without the lead once somebody had to wait. */
#define CROWD 8
/* An answer that takes longer than unpacking a block of the usual kind. */
#define LONG_NS 500000
#define LARGE_READ (64 * 1024)

static _Thread_local struct worker *self;

static void *work(void *arg);

/* One CPU still gets two: one may wait for the disk while the other answers. */
static unsigned crew_size(const struct serve_config *cfg)
{
	unsigned n = cfg->workers;
	struct cpus set;

	if (!n)
		n = cpus_get(0, &set) ? CREW_MAX : cpus_count(&set) < 2 ? 2 : cpus_count(&set);
	return n < CREW_MAX ? n : CREW_MAX;
}

void crew_init(struct crew *c, const struct serve_config *cfg)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->vacant, NULL);
	pthread_cond_init(&c->wake, &attr);
	pthread_condattr_destroy(&attr);
	c->max = crew_size(cfg) - 1;
}

void crew_destroy(struct crew *c)
{
	pthread_cond_destroy(&c->wake);
	pthread_cond_destroy(&c->vacant);
	pthread_mutex_destroy(&c->lock);
}

bool crew_thread(struct server *sv, void *(*fn)(void *arg))
{
	pthread_attr_t attr;
	pthread_t thread;
	bool done;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_SIZE);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	done = pthread_create(&thread, &attr, fn, sv) == 0;
	pthread_attr_destroy(&attr);
	return done;
}

/* Called with the lock. Without another thread the server is slower, not worse. */
static void find_leader(struct server *sv, unsigned max)
{
	struct crew *c = &sv->crew;

	if (c->parked)
		pthread_cond_signal(&c->vacant);
	else if (c->n < max && crew_thread(sv, work))
		c->n++;
}

/* Whoever is not the leader any more stays what it is: a worker that parks when
 * it has answered. */
static bool depose(struct crew *c, struct worker *w)
{
	return atomic_compare_exchange_strong(&c->leader, &w, NULL);
}

void crew_replace(struct server *sv, struct worker *stuck)
{
	struct crew *c = &sv->crew;

	if (stuck)
		depose(c, stuck);
	atomic_store_explicit(&c->crowd, CROWD, memory_order_relaxed);
	pthread_mutex_lock(&c->lock);
	find_leader(sv, CREW_STALLED);
	pthread_mutex_unlock(&c->lock);
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* The answer at hand will take a while. */
static void share(struct worker *w)
{
	struct crew *c = &w->sv->crew;

	if (w->answered < ALONE || w->began)
		return;
	w->began = now_ns();
	if (atomic_load_explicit(&c->leader, memory_order_relaxed) != w)
		return;
	if (!atomic_load_explicit(&c->crowd, memory_order_relaxed)) {
		if (!channel_pending(&w->channel))
			return;
		atomic_store_explicit(&c->crowd, CROWD, memory_order_relaxed);
	}
	if (!depose(c, w))
		return;
	pthread_mutex_lock(&c->lock);
	find_leader(w->sv, c->max);
	pthread_mutex_unlock(&c->lock);
}

static void shared(struct worker *w)
{
	struct crew *c = &w->sv->crew;
	unsigned crowd = atomic_load_explicit(&c->crowd, memory_order_relaxed);

	if (now_ns() - w->began > LONG_NS)
		crowd = CROWD;
	else if (crowd)
		crowd--;
	atomic_store_explicit(&c->crowd, crowd, memory_order_relaxed);
	w->began = 0;
}

void serve_slow(void *ctx)
{
	(void)ctx;
	/* Not a worker: the image is being opened. */
	if (self)
		share(self);
}

bool serve_patient(uint32_t *ret_requester)
{
	struct worker *w = self;

	*ret_requester = w ? w->requester : 0;
	if (!w)
		return true;
	keeper_start(w->sv);
	if (depose(&w->sv->crew, w))
		crew_replace(w->sv, NULL);
	return !w->sv->crew.ended;
}

/* false: the mount is gone, or there are workers enough. */
static bool take_lead(struct worker *w)
{
	struct crew *c = &w->sv->crew;
	bool leads = false;

	if (atomic_load_explicit(&c->leader, memory_order_relaxed) == w)
		return true;
	pthread_mutex_lock(&c->lock);
	while (!c->ended && !leads) {
		struct worker *nobody = NULL;

		leads = atomic_compare_exchange_strong(&c->leader, &nobody, w);
		if (leads)
			break;
		if (!w->main && c->n > c->max && c->parked)
			break;
		c->parked++;
		pthread_cond_wait(&c->vacant, &c->lock);
		c->parked--;
	}
	pthread_mutex_unlock(&c->lock);
	return leads;
}

static void end(struct crew *c)
{
	pthread_mutex_lock(&c->lock);
	c->ended = true;
	pthread_cond_broadcast(&c->vacant);
	pthread_cond_signal(&c->wake);
	pthread_mutex_unlock(&c->lock);
}

/* More than a start asks for: leave its CPU, with the threads to come, and take
 * the memory that this node allows. */
static void settle(struct server *sv)
{
	struct crew *c = &sv->crew;

	serve_cpus(sv->cfg->cpus, NULL); /* the keeper sees to the comer's CPUs later */
	serve_limit_memory(sv->fs);
	pthread_mutex_lock(&c->lock);
	c->max = crew_size(sv->cfg) - 1;
	pthread_mutex_unlock(&c->lock);
	keeper_start(sv);
}

static void count(struct worker *w, const struct request *rq)
{
	struct crew *c = &w->sv->crew;

	atomic_fetch_add_explicit(&c->requests, 1, memory_order_relaxed);
	if (rq->head->opcode == FUSE_READ)
		atomic_fetch_add_explicit(&c->reads, 1, memory_order_relaxed);
	if (w->answered < ALONE) {
		if (++w->answered == ALONE)
			settle(w->sv);
	} else if (!atomic_load_explicit(&c->awake, memory_order_relaxed)) {
		keeper_wake(w->sv);
	}
}

static bool is_large(const struct request *rq)
{
	const struct fuse_read_in *in = rq->arg;

	return rq->head->opcode == FUSE_READ && rq->arg_len >= sizeof(*in) && in->size >= LARGE_READ;
}

static void answer(struct worker *w, const struct request *rq)
{
	struct crew *c = &w->sv->crew;
	ssize_t result;

	atomic_store_explicit(&c->busy, w, memory_order_relaxed);
	w->requester = rq->head->pid;
	count(w, rq);
	if (is_large(rq))
		share(w);
	result = op_dispatch(w->sv, &w->channel, rq);
	if (result != OP_SILENT)
		channel_reply(&w->channel, rq, result);
	if (w->began)
		shared(w);
	if (atomic_load_explicit(&c->busy, memory_order_relaxed) == w)
		atomic_store_explicit(&c->busy, NULL, memory_order_relaxed);
}

/* 0 = the mount is gone, or the worker is not needed any more; -1. */
static int answer_all(struct worker *w, struct err *e)
{
	struct request rq;
	int rc = 1;

	self = w;
	while (take_lead(w)) {
		rc = channel_receive(&w->channel, &rq, e);
		if (rc <= 0)
			break;
		answer(w, &rq);
	}
	self = NULL;
	if (rc <= 0)
		end(&w->sv->crew);
	return rc < 0 ? -1 : 0;
}

static void *work(void *arg)
{
	struct server *sv = arg;
	struct worker *w = calloc(1, sizeof(*w));
	struct err e = {};

	if (w)
		*w = (struct worker){ .sv = sv, .answered = ALONE };
	if (!w || channel_open(&w->channel, sv->cfg->device_fd, &e)) {
		log_warn("%s", w ? e.msg : "cannot start a worker");
	} else {
		/* The server cannot go on without this worker's reader: its end makes the
		 * kernel fail what is asked, where silence would make programs wait. */
		if (answer_all(w, &e)) {
			log_warn("the server of '%s' ends: %s", sv->cfg->name, e.msg);
			_exit(1);
		}
		channel_close(&w->channel);
	}
	free(w);
	pthread_mutex_lock(&sv->crew.lock);
	sv->crew.n--;
	pthread_mutex_unlock(&sv->crew.lock);
	return NULL;
}

/* Those who are still at work at the end do not matter: nobody is left to whom
 * they could answer, and one of them may hang in the storage. */
int serve_run(struct server *sv, struct err *e)
{
	struct worker w = { .sv = sv, .channel = sv->first, .main = true };

	return answer_all(&w, e);
}

void serve_stats(struct server *sv, struct serve_stats *ret)
{
	struct squash_stats s;

	squash_stats(sv->fs, &s);
	*ret = (struct serve_stats){
		.metadata_bytes = s.metadata_bytes,
		.metadata_limit = s.metadata_limit,
		.block_bytes = s.cache_bytes,
		.block_limit = s.cache_limit,
		.blocks_unpacked = s.blocks_read,
		.hits = s.cache_hits,
		.misses = s.cache_misses,
		.requests = atomic_load_explicit(&sv->crew.requests, memory_order_relaxed),
		.reads = atomic_load_explicit(&sv->crew.reads, memory_order_relaxed),
	};
}
