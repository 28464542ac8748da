#include "cmd/progress.h"

#include <stdio.h>
#include <unistd.h>

#define WORTH_SHOWING (64u << 20)
#define TICK_US 200000

static void *show(void *arg)
{
	struct progress *p = arg;

	for (;;) {
		usleep(TICK_US);
		if (atomic_load(&p->stop))
			break;
		fprintf(stderr, "\r%llu of %llu MiB\033[K", (unsigned long long)(atomic_load(&p->done) >> 20),
			(unsigned long long)(p->total >> 20));
		fflush(stderr);
	}
	fputs("\r\033[K", stderr);
	return NULL;
}

void progress_start(struct progress *p, bool quiet)
{
	if (!quiet && p->total >= WORTH_SHOWING && isatty(STDERR_FILENO))
		p->running = pthread_create(&p->thread, NULL, show, p) == 0;
}

void progress_stop(struct progress *p)
{
	atomic_store(&p->stop, true);
	if (p->running)
		pthread_join(p->thread, NULL);
	p->running = false;
}
