#include "cmd/unfinished.h"

#include <signal.h>
#include <unistd.h>

static struct replace *unfinished;

/* Only calls that a handler may make. */
static void on_signal(int sig)
{
	if (unfinished && unfinished->part)
		unlinkat(unfinished->dir_fd, unfinished->part, 0);
	signal(sig, SIG_DFL);
	raise(sig);
}

void unfinished_watch(struct replace *r)
{
	static const int signals[] = { SIGHUP, SIGINT, SIGTERM, SIGXCPU };
	struct sigaction old;

	unfinished = r;
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		if (sigaction(signals[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
			signal(signals[i], on_signal);
}

void unfinished_done(void)
{
	unfinished = NULL;
}
