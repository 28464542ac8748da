/* The keeper: a thread that looks after the workers and the memory.
 *
 * It ticks while requests come and sleeps without end when none do and there is
 * nothing to drop: an idle server wakes nobody.
 *   - A leader that has not finished an answer from one tick to the next is
 *     waiting for storage: another worker leads. The same when nobody leads since
 *     all workers are at it.
 *   - Unpacked blocks that nobody asked for in a second are dropped. What was read
 *     is in the kernel's page cache, which gives way when memory is short; ours
 *     would not. */
#include "runtime/serve/server.h"

#include <time.h>

#define TICK_MS 50
#define TRIM_TICKS 20 /* a second */

struct watch {
	uint64_t requests;
	struct worker *leader;
	unsigned ticks; /* since the last trim */
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

/* false: nothing is left to do until the next request. */
static bool tick(struct server *sv, struct watch *was)
{
	struct crew *c = &sv->crew;
	struct watch now = { .requests = atomic_load_explicit(&c->requests, memory_order_relaxed),
			     .leader = atomic_load_explicit(&c->leader, memory_order_relaxed),
			     .ticks = was->ticks + 1 };
	bool quiet = now.requests == was->requests, left = true;
	bool stuck = quiet && now.leader == was->leader &&
		     (!now.leader || atomic_load_explicit(&c->busy, memory_order_relaxed) == now.leader);

	if (stuck)
		crew_replace(sv, now.leader);
	if (now.ticks >= TRIM_TICKS) {
		left = squash_trim(sv->fs);
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
