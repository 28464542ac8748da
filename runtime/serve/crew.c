/* Who answers the next request.
 *
 * One worker at a time, the leader, waits in the kernel for requests, and it
 * answers what it gets itself, leading on: a program that waits for each answer,
 * as most do, is then served by one thread on a CPU near to it. (With all workers
 * waiting in the kernel each request wakes another one in turn, which costs more
 * than most answers: half of a walk's CPU time when it was measured.)
 *
 * The leader steps down, and a parked worker follows it, when
 *   - the next request is there already: several programs, or read-ahead;
 *   - it is about to go to the image for bytes, or to wait for a worker that does
 *     (squash_options.slow): an image on a file system that stalls holds up
 *     those who need its bytes and nobody else.
 * When all are busy the first to finish leads again.
 *
 * Storage that gives no answer, or is tried again and again (storage.c), may keep
 * all of them. A stand-in watches for that: when nobody has led for STALL_MS it
 * takes the lead, another one watches in its place, and what is in memory is
 * still answered. There are as many as requests that hang, up to CREW_STALLED;
 * they do not take part otherwise, since more threads than CPUs only disturb.
 *
 * Threads are started when they are first needed, and not for the few requests
 * of a short program; until then the server stays on the launch's CPU
 * (runtime/placement.c). */
#include "runtime/serve/server.h"

#include "base/cpus.h"
#include "base/log.h"

#include <unistd.h>

#define STACK_SIZE (256 * 1024)
/* Requests that the main thread answers alone. */
#define ALONE 96
/* Unpacking all of the largest blocks takes less. */
#define STALL_MS 50u

struct worker {
	struct server *sv;
	struct channel channel;
	bool leads;
	bool stand_in, watches;
	unsigned answered;
	uint32_t requester;
};

static _Thread_local struct worker *self;

static void *work(void *arg);
static void *stand_in(void *arg);

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

	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->vacant, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&c->stalled, &attr);
	pthread_condattr_destroy(&attr);
	c->max = crew_size(cfg) - 1;
}

void crew_destroy(struct crew *c)
{
	pthread_cond_destroy(&c->vacant);
	pthread_cond_destroy(&c->stalled);
	pthread_mutex_destroy(&c->lock);
}

static bool start_thread(struct server *sv, void *(*fn)(void *))
{
	pthread_attr_t attr;
	pthread_t thread;
	bool started;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_SIZE);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	started = pthread_create(&thread, &attr, fn, sv) == 0;
	pthread_attr_destroy(&attr);
	return started;
}

/* Called with the lock. Without another thread the server is slower, not worse. */
static void hire(struct server *sv)
{
	struct crew *c = &sv->crew;

	if (start_thread(sv, work))
		c->n++;
	else
		c->max = c->n;
}

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* Called with the lock, when the lead is left and nobody is there to follow. */
static void watch(struct server *sv)
{
	struct crew *c = &sv->crew;

	c->vacated = now_ms();
	if (c->watched) {
		if (c->asleep)
			pthread_cond_signal(&c->stalled);
	} else if (c->stand_ins < CREW_STALLED && start_thread(sv, stand_in)) {
		c->stand_ins++;
		c->watched = true;
	}
}

static void step_down(struct server *sv)
{
	struct crew *c = &sv->crew;

	if (!self->leads)
		return;
	self->leads = false;
	pthread_mutex_lock(&c->lock);
	c->led = false;
	if (c->parked)
		pthread_cond_signal(&c->vacant);
	else if (c->n < c->max)
		hire(sv);
	else
		watch(sv);
	pthread_mutex_unlock(&c->lock);
}

void serve_slow(void *ctx)
{
	(void)ctx;
	/* Not a worker: the image is being opened. */
	if (self && self->answered >= ALONE)
		step_down(self->sv);
}

bool serve_patient(uint32_t *ret_requester)
{
	*ret_requester = self ? self->requester : 0;
	if (!self)
		return true;
	step_down(self->sv);
	return !self->sv->crew.ended;
}

/* Called with the lock. Returns when nobody has led for a while. */
static void await_stall(struct crew *c)
{
	for (uint64_t now = now_ms(); !c->ended; now = now_ms()) {
		uint64_t due = c->vacated + STALL_MS;
		struct timespec until = { .tv_sec = (time_t)(due / 1000), .tv_nsec = (long)(due % 1000) * 1000000 };

		if (now < due) {
			pthread_cond_timedwait(&c->stalled, &c->lock, &until);
		} else if (c->led) {
			c->asleep = true;
			pthread_cond_wait(&c->stalled, &c->lock);
			c->asleep = false;
		} else {
			break;
		}
	}
}

static void await_vacancy(struct crew *c)
{
	c->parked++;
	while (c->led && !c->ended)
		pthread_cond_wait(&c->vacant, &c->lock);
	c->parked--;
}

/* Called with the lock. false: another one watches already. */
static bool stand_by(struct crew *c, struct worker *w)
{
	if (!w->watches) {
		if (!c->led)
			return true; /* it has just answered: go on */
		if (c->watched)
			return false;
	}
	c->watched = true;
	await_stall(c);
	c->watched = w->watches = false;
	return true;
}

/* false: the mount is gone, or there is one stand-in too many. */
static bool take_lead(struct worker *w)
{
	struct crew *c = &w->sv->crew;
	bool stay = true;

	if (w->leads)
		return true;
	pthread_mutex_lock(&c->lock);
	if (w->stand_in)
		stay = stand_by(c, w);
	else
		await_vacancy(c);
	if (stay)
		w->leads = c->led = !c->ended;
	else
		c->stand_ins--;
	pthread_mutex_unlock(&c->lock);
	return w->leads;
}

static void end(struct crew *c)
{
	pthread_mutex_lock(&c->lock);
	c->ended = true;
	pthread_cond_broadcast(&c->vacant);
	pthread_cond_broadcast(&c->stalled);
	pthread_mutex_unlock(&c->lock);
}

/* More than a start asks for: leave its CPU. The threads to come inherit that. */
static void spread(struct server *sv)
{
	serve_place(sv->cfg->cpus, sv->cfg->comer);
	pthread_mutex_lock(&sv->crew.lock);
	sv->crew.max = crew_size(sv->cfg) - 1;
	pthread_mutex_unlock(&sv->crew.lock);
}

/* 0 = the mount is gone, -1. */
static int answer_all(struct worker *w, struct err *e)
{
	int rc = 0;

	self = w;
	while (take_lead(w)) {
		struct request rq;
		ssize_t result;

		rc = channel_receive(&w->channel, &rq, e);
		if (rc <= 0) {
			end(&w->sv->crew);
			break;
		}
		w->requester = rq.head->pid;
		if (w->answered < ALONE) {
			if (++w->answered == ALONE)
				spread(w->sv);
		} else if (channel_pending(&w->channel))
			step_down(w->sv);
		result = op_dispatch(w->sv, &w->channel, &rq);
		if (result != OP_SILENT)
			channel_reply(&w->channel, &rq, result);
	}
	self = NULL;
	return rc < 0 ? -1 : 0;
}

static void run_worker(struct worker *w)
{
	struct err e = {};

	if (channel_open(&w->channel, w->sv->cfg->device_fd, &e)) {
		log_warn("%s", e.msg);
		return;
	}
	/* The server cannot go on without this worker's reader: its end makes the
	 * kernel fail what is asked, where silence would make programs wait. */
	if (answer_all(w, &e)) {
		log_warn("the server of '%s' ends: %s", w->sv->cfg->name, e.msg);
		_exit(1);
	}
	channel_close(&w->channel);
}

static void *work(void *arg)
{
	run_worker(&(struct worker){ .sv = arg, .answered = ALONE });
	return NULL;
}

static void *stand_in(void *arg)
{
	run_worker(&(struct worker){ .sv = arg, .answered = ALONE, .stand_in = true, .watches = true });
	return NULL;
}

/* Those who are still at work at the end do not matter: nobody is left to whom
 * they could answer, and one of them may hang in the storage. */
int serve_run(struct server *sv, struct err *e)
{
	struct worker w = { .sv = sv, .channel = sv->first };

	return answer_all(&w, e);
}
