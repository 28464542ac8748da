/* Each reader waits for itself and tries for itself. What readers share is a
 * count of those who wait and what was said of the storage, under a lock that is
 * held for a few instructions: never while something is read, opened or said. */
#include "image/source/retry.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

/* Some interruptions last for a moment, others for many seconds. */
#define PAUSE_FIRST_MS 10u
#define PAUSE_MAX_MS 1000u

enum state {
	WORKS,
	FAILS,
	GONE, /* somebody waited for the limit in vain: wait no more */
};

struct retry {
	struct source source;
	struct source *inner; /* borrowed */
	struct retry_options opt;
	pthread_mutex_t lock;
	_Atomic(enum state) state; /* changed under the lock */
	unsigned waiting;
	bool final_said;
	pthread_mutex_t reopening; /* tried, never waited for */
};

bool retry_may_pass(const struct err *e)
{
	static const int passing[] = { EIO, ESTALE, ETIMEDOUT, ENOTCONN, ESHUTDOWN };

	for (size_t i = 0; i < ARRAY_SIZE(passing); i++)
		if (e->kind == ERR_SYSTEM && e->sys == passing[i])
			return true;
	return false;
}

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void sleep_ms(uint64_t ms)
{
	struct timespec t = { .tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000 };

	while (clock_nanosleep(CLOCK_MONOTONIC, 0, &t, &t) == EINTR)
		;
}

static void say(struct retry *r, bool news, enum retry_event what, const struct err *cause)
{
	if (news && r->opt.report)
		r->opt.report(r->opt.ctx, what, cause);
}

/* A reader's first failure. Shall it wait? */
static bool begin(struct retry *r, const struct err *cause)
{
	bool wait, news;

	pthread_mutex_lock(&r->lock);
	wait = r->state != GONE;
	news = r->state == WORKS;
	if (news)
		r->state = FAILS;
	if (wait)
		r->waiting++;
	pthread_mutex_unlock(&r->lock);
	say(r, news, RETRY_FAILS, cause);
	return wait;
}

/* A read succeeded though it, or another one, had failed. Storage that is partly
 * gone is told from storage that came back by those who still wait. */
static void succeed(struct retry *r, bool waited)
{
	bool news;

	pthread_mutex_lock(&r->lock);
	r->waiting -= waited;
	news = r->state != WORKS && r->waiting == 0;
	if (news)
		r->state = WORKS;
	else if (r->state == GONE)
		r->state = FAILS;
	pthread_mutex_unlock(&r->lock);
	say(r, news, RETRY_RESUMES, NULL);
}

/* over: the limit, not the reader's patience. */
static void give_up(struct retry *r, bool over, const struct err *cause)
{
	bool news;

	pthread_mutex_lock(&r->lock);
	r->waiting--;
	news = over && r->state != GONE;
	if (over)
		r->state = GONE;
	pthread_mutex_unlock(&r->lock);
	say(r, news, RETRY_GIVES_UP, cause);
}

static void fail(struct retry *r, bool waited, const struct err *cause)
{
	bool news;

	pthread_mutex_lock(&r->lock);
	r->waiting -= waited;
	news = !r->final_said;
	r->final_said = true;
	pthread_mutex_unlock(&r->lock);
	say(r, news, RETRY_FINAL, cause);
}

/* After ESTALE. 1 = the image is open again, read at once; 0 = later (another
 * reader is at it, or this fails, too, and may pass); -1 = never. */
static int reopen(struct retry *r, struct err *e)
{
	int rc;

	if (!r->opt.reopen || pthread_mutex_trylock(&r->reopening))
		return 0;
	rc = r->opt.reopen(r->opt.reopen_ctx, e);
	pthread_mutex_unlock(&r->reopening);
	return rc == 0 ? 1 : retry_may_pass(e) ? 0 : -1;
}

/* Once more, behind a new descriptor where the old one is stale. 1 = later. */
static int try_once(struct retry *r, void *buf, size_t len, uint64_t off, struct err *e)
{
	int rc = e->sys == ESTALE ? reopen(r, e) : 1;

	if (rc <= 0)
		return rc ? -1 : 1;
	if (source_read(r->inner, buf, len, off, e) == 0)
		return 0;
	return retry_may_pass(e) ? 1 : -1;
}

/* Until the end, or until nobody wants the bytes: 1 then. */
static int keep_trying(struct retry *r, void *buf, size_t len, uint64_t off, uint64_t end, struct err *e)
{
	uint64_t pause = PAUSE_FIRST_MS, now;
	int rc = 1;

	for (unsigned n = 0; rc == 1 && (now = now_ms()) < end; n++) {
		if (r->opt.wait && !r->opt.wait(r->opt.ctx, n))
			break;
		sleep_ms(pause < end - now ? pause : end - now);
		pause = pause * 2 < PAUSE_MAX_MS ? pause * 2 : PAUSE_MAX_MS;
		rc = try_once(r, buf, len, off, e);
	}
	return rc;
}

/* The first read failed with e, which may pass. */
static int read_again(struct retry *r, void *buf, size_t len, uint64_t off, struct err *e)
{
	uint64_t end = now_ms() + r->opt.limit_ms;
	bool wait = begin(r, e);
	int rc;

	/* What is stale can be whole at once; all else needs time. */
	rc = e->sys == ESTALE ? try_once(r, buf, len, off, e) : 1;
	if (wait && rc == 1)
		rc = keep_trying(r, buf, len, off, end, e);
	if (rc == 0)
		succeed(r, wait);
	else if (rc < 0)
		fail(r, wait, e);
	else if (wait)
		give_up(r, now_ms() >= end, e);
	return rc ? -1 : 0;
}

static int retry_read(struct source *s, void *buf, size_t len, uint64_t off, struct err *e)
{
	struct retry *r = (struct retry *)s;

	if (source_read(r->inner, buf, len, off, e) == 0) {
		if (atomic_load_explicit(&r->state, memory_order_relaxed) != WORKS)
			succeed(r, false);
		return 0;
	}
	if (retry_may_pass(e))
		return read_again(r, buf, len, off, e);
	fail(r, false, e);
	return -1;
}

static void retry_advise(struct source *s, uint64_t off, uint64_t len)
{
	source_advise(((struct retry *)s)->inner, off, len);
}

static void retry_free(struct source *s)
{
	struct retry *r = (struct retry *)s;

	pthread_mutex_destroy(&r->lock);
	pthread_mutex_destroy(&r->reopening);
	free(r);
}

static const struct source_ops retry_ops = {
	.read = retry_read,
	.advise = retry_advise,
	.free = retry_free,
};

int source_retry_new(struct source *inner, const struct retry_options *opt, struct source **ret, struct err *e)
{
	struct retry *r = calloc(1, sizeof(*r));

	if (!r)
		return err_sys(e, ENOMEM, "cannot open the image");
	r->source = (struct source){ .ops = &retry_ops, .size = inner->size };
	r->inner = inner;
	r->opt = *opt;
	if (!r->opt.limit_ms)
		r->opt.limit_ms = RETRY_LIMIT_MS;
	pthread_mutex_init(&r->lock, NULL);
	pthread_mutex_init(&r->reopening, NULL);
	*ret = &r->source;
	return 0;
}
