/* How long a shared server serves, and for whom: the socket where comers arrive.
 *
 * It counts the launches that are there (their pidfds). When none is left it
 * waits a while for the next; then it retires: its socket goes, and with it the
 * descriptor of the namespace that holds the image's mount. Programs that are
 * still in the image keep it mounted, and the server serves them until the kernel
 * says that the last mount is gone. */
#ifndef SIF_RUNTIME_SERVE_LIFE_H
#define SIF_RUNTIME_SERVE_LIFE_H

#include "base/err.h"
#include "base/own.h"
#include "runtime/serve/wire.h"

struct life_config {
	int listen_fd, place_fd; /* the socket, and the directory of its name; owned from now on */
	const char *socket, *key; /* borrowed for ever */
	int linger;		  /* seconds after the last user; -1 = for ever */
	int namespaces[WIRE_NAMESPACES]; /* owned from now on */
	int starter;		  /* pidfd of the first user, owned from now on */
	uint32_t starter_pid;	  /* 0 = of another pid namespace */
	const char *cpus, *comer; /* where its thread runs: for serve_cpus_thread */
	/* Add what the rest of the server knows to an answer to WIRE_STATUS. */
	void (*describe)(void *ctx, struct wire_status *status);
	void *ctx;
};

/* Answer comers in a thread of its own. */
int life_begin(const struct life_config *cfg, struct err *e) MUST_CHECK;
/* The server ends: nobody shall find its socket. For servers that never began,
 * too: then with the descriptors and the name it would have had. */
void life_end(int place_fd, const char *socket);

#endif
