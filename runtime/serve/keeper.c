/* The keeper: a thread that looks after the workers and the memory.
 *
 * It ticks while requests come and sleeps without end when none do and there is
 * nothing to drop: an idle server wakes nobody.
 *   - A leader that has not finished an answer from one tick to the next is
 *     waiting for storage: another worker leads. The same when nobody leads since
 *     all workers are at it.
 *   - When the first comer's start-up is over (nobody asked anything for a second,
 *     or it has lasted long enough) the server leaves the CPUs that it is bound to.
 *     Not before: a reader and a server that talk in turns cost a third of the CPU
 *     time on one CPU of what they cost on two.
 *   - Unpacked blocks that nobody asked for in a second are dropped. What was read
 *     is in the kernel's page cache, which gives way when memory is short; ours
 *     would not. */
#include "runtime/serve/server.h"

#include <time.h>

#define TICK_MS 50
#define SECOND_TICKS 20
#define START_SECONDS 30

struct watch {
	uint64_t requests;
	struct worker *leader;
	unsigned ticks;	      /* of this second */
	uint64_t second;      /* requests up to its begin */
	unsigned seconds;     /* while awake */
	bool placed;
};

/* The caller has the lock; it is released while waiting. */
static void sleep_ms(struct crew *c, long ms)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_nsec += ms * 1000000;
	t.tv_sec += t.tv_nsec / 1000000000;
	t.tv_nsec %= 1000000000;
	pthread_cond_timedwait(&c->wake, &c->lock, &t);
}

/* false: nothing is left to do when nobody asks. */
static bool each_second(struct server *sv, struct watch *w)
{
	bool left = squash_trim(sv->fs);

	if (!w->placed && (w->requests == w->second || ++w->seconds >= START_SECONDS)) {
		serve_cpus(sv->cfg->cpus, sv->cfg->comer);
		w->placed = true;
	}
	w->second = w->requests;
	return left || !w->placed;
}

/* false: nothing is left to do until the next request. */
static bool tick(struct server *sv, struct watch *was)
{
	struct crew *c = &sv->crew;
	struct watch now = *was;
	bool quiet, stuck, left = true;

	now.requests = atomic_load_explicit(&c->requests, memory_order_relaxed);
	now.leader = atomic_load_explicit(&c->leader, memory_order_relaxed);
	quiet = now.requests == was->requests;
	stuck = quiet && now.leader == was->leader &&
		(!now.leader || atomic_load_explicit(&c->busy, memory_order_relaxed) == now.leader);
	if (stuck)
		crew_replace(sv, now.leader);
	if (++now.ticks >= SECOND_TICKS) {
		left = each_second(sv, &now);
		now.ticks = 0;
	}
	*was = now;
	return stuck || !quiet || left;
}

static void *keep(void *arg)
{
	struct server *sv = arg;
	struct crew *c = &sv->crew;
	struct watch was = {};
	bool goes_on = true;

	pthread_mutex_lock(&c->lock);
	while (!c->ended) {
		if (goes_on) {
			sleep_ms(c, TICK_MS);
		} else {
			atomic_store(&c->awake, false);
			pthread_cond_wait(&c->wake, &c->lock);
		}
		pthread_mutex_unlock(&c->lock);
		goes_on = tick(sv, &was);
		pthread_mutex_lock(&c->lock);
	}
	pthread_mutex_unlock(&c->lock);
	return NULL;
}

void keeper_wake(struct server *sv)
{
	struct crew *c = &sv->crew;

	pthread_mutex_lock(&c->lock);
	if (c->keeper) {
		atomic_store(&c->awake, true);
		pthread_cond_signal(&c->wake);
	}
	pthread_mutex_unlock(&c->lock);
}

void keeper_start(struct server *sv)
{
	struct crew *c = &sv->crew;

	pthread_mutex_lock(&c->lock);
	/* Without it a stall holds up all, and blocks stay: no reason to end. */
	if (!c->keeper)
		c->keeper = crew_thread(sv, keep);
	atomic_store(&c->awake, true);
	pthread_mutex_unlock(&c->lock);
}
