#include "image/pack/writeback.h"

#include "base/mem.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>

struct writeback {
	int fd;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	uint64_t from, to; /* what is asked for; under lock, as is stop */
	bool stop;
};

static void *run(void *ctx)
{
	struct writeback *w = ctx;

	pthread_mutex_lock(&w->lock);
	for (;;) {
		uint64_t from = w->from, to = w->to;

		if (w->stop)
			break;
		if (from == to) {
			pthread_cond_wait(&w->changed, &w->lock);
			continue;
		}
		w->from = w->to;
		pthread_mutex_unlock(&w->lock);
		sync_file_range(w->fd, (off_t)from, (off_t)(to - from), SYNC_FILE_RANGE_WRITE);
		pthread_mutex_lock(&w->lock);
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

struct writeback *writeback_new(int fd)
{
	struct writeback *w = xcalloc(1, sizeof(*w));

	w->fd = fd;
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->changed, NULL);
	if (pthread_create(&w->thread, NULL, run, w) == 0)
		return w;
	pthread_cond_destroy(&w->changed);
	pthread_mutex_destroy(&w->lock);
	free(w);
	return NULL;
}

void writeback_free(struct writeback *w)
{
	if (!w)
		return;
	pthread_mutex_lock(&w->lock);
	w->stop = true;
	pthread_cond_signal(&w->changed);
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->thread, NULL);
	pthread_cond_destroy(&w->changed);
	pthread_mutex_destroy(&w->lock);
	free(w);
}

void writeback_range(struct writeback *w, uint64_t from, uint64_t to)
{
	if (!w || from >= to)
		return;
	pthread_mutex_lock(&w->lock);
	if (w->from == w->to) {
		w->from = from;
		w->to = to;
	}
	w->from = from < w->from ? from : w->from;
	w->to = to > w->to ? to : w->to;
	pthread_cond_signal(&w->changed);
	pthread_mutex_unlock(&w->lock);
}
