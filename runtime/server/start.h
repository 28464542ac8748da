/* Start an image server's process. */
#ifndef SIF_RUNTIME_SERVER_START_H
#define SIF_RUNTIME_SERVER_START_H

#include "runtime/server/key.h"
#include "runtime/server/place.h"
#include "runtime/server/server.h"

/* What a shared server needs besides; all borrowed. */
struct server_share {
	const struct key *key;
	const struct place *place;
	int listen_fd;
	int linger; /* seconds to stay after the last user; -1 = until it is killed */
};

/* Run sif-fuse, detached from this process, in its namespaces. share NULL: for
 * this launch alone. log_fd: borrowed, -1 = none. Returns the control socket,
 * owned: the server waits on it for its device (runtime/serve/wire.h) and ends
 * when it is closed before that. -1. */
int server_start(const struct server_request *rq, const struct server_share *share, int log_fd,
		 struct err *e) MUST_CHECK;

#endif
