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

struct worker {
	struct server *sv;
	struct channel channel;
	bool leads;
	unsigned answered;
};

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
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->vacant, NULL);
	c->max = crew_size(cfg) - 1;
}

void crew_destroy(struct crew *c)
{
	pthread_cond_destroy(&c->vacant);
	pthread_mutex_destroy(&c->lock);
}

/* Called with the lock. Without another thread the server is slower, not worse. */
static void hire(struct server *sv)
{
	struct crew *c = &sv->crew;
	pthread_attr_t attr;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_SIZE);
	if (pthread_create(&c->thread[c->n], &attr, work, sv) == 0)
		c->n++;
	else
		c->max = c->n;
	pthread_attr_destroy(&attr);
}

static void step_down(struct server *sv)
{
	struct crew *c = &sv->crew;

	if (!self->leads || self->answered < ALONE)
		return;
	self->leads = false;
	pthread_mutex_lock(&c->lock);
	c->led = false;
	if (c->parked)
		pthread_cond_signal(&c->vacant);
	else if (c->n < c->max)
		hire(sv);
	pthread_mutex_unlock(&c->lock);
}

void serve_slow(void *ctx)
{
	(void)ctx;
	/* Not a worker: the image is being opened. */
	if (self)
		step_down(self->sv);
}

/* false: the mount is gone. */
static bool take_lead(struct worker *w)
{
	struct crew *c = &w->sv->crew;

	if (w->leads)
		return true;
	pthread_mutex_lock(&c->lock);
	c->parked++;
	while (c->led && !c->ended)
		pthread_cond_wait(&c->vacant, &c->lock);
	c->parked--;
	w->leads = c->led = !c->ended;
	pthread_mutex_unlock(&c->lock);
	return w->leads;
}

static void end(struct crew *c)
{
	pthread_mutex_lock(&c->lock);
	c->ended = true;
	pthread_cond_broadcast(&c->vacant);
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
		if (rc <= 0)
			break;
		if (w->answered < ALONE) {
			if (++w->answered == ALONE)
				spread(w->sv);
		} else if (channel_pending(&w->channel))
			step_down(w->sv);
		result = op_dispatch(w->sv, &w->channel, &rq);
		if (result != OP_SILENT)
			channel_reply(&w->channel, &rq, result);
	}
	end(&w->sv->crew);
	self = NULL;
	return rc < 0 ? -1 : 0;
}

static void *work(void *arg)
{
	struct server *sv = arg;
	struct worker w = { .sv = sv, .answered = ALONE };
	struct err e = {};

	if (channel_open(&w.channel, sv->cfg->device_fd, &e)) {
		log_warn("%s", e.msg);
		return NULL;
	}
	/* The server cannot go on without this worker's reader: its end makes the
	 * kernel fail what is asked, where silence would make programs wait. */
	if (answer_all(&w, &e)) {
		log_warn("the server of '%s' ends: %s", sv->cfg->name, e.msg);
		_exit(1);
	}
	channel_close(&w.channel);
	return NULL;
}

int serve_run(struct server *sv, struct err *e)
{
	struct worker w = { .sv = sv, .channel = sv->first };
	int rc = answer_all(&w, e);

	/* On an error the process ends; those who are still at work do not matter. */
	if (rc == 0)
		for (unsigned i = 0; i < sv->crew.n; i++)
			pthread_join(sv->crew.thread[i], NULL);
	return rc;
}
