/* A process whose container is to be entered: its root, its directory, its
 * namespaces. */
#ifndef SIF_RUNTIME_PEER_H
#define SIF_RUNTIME_PEER_H

#include "base/err.h"
#include "base/own.h"
#include "base/str.h"

#include <stdbool.h>
#include <sys/types.h>

/* In the order in which they are entered. */
enum peer_namespace { PEER_USER, PEER_NET, PEER_IPC, PEER_UTS, PEER_PID, PEER_MOUNT, PEER_NAMESPACES };

struct peer {
	pid_t pid;
	int pid_fd, root_fd, cwd_fd; /* owned */
	int ns[PEER_NAMESPACES];     /* owned; -1 = this process is in it already */
	bool waits;    /* only for those in its pid namespace (runtime/init.h); then */
	pid_t program; /* is what it waits for; else the process itself */
};
#define PEER_INIT { .pid_fd = -1, .root_fd = -1, .cwd_fd = -1, .ns = { -1, -1, -1, -1, -1, -1 } }

/* Errors: ERR_SYSTEM (no such process, it ended, it may not be examined),
 * ERR_USAGE (of another user, in no container), each with a next step. What was
 * opened belongs to one process, also when its number is given to another. */
int peer_open(pid_t pid, struct peer *ret, struct err *e) MUST_CHECK;
void peer_free(struct peer *p);
#define OWN_PEER OWN(peer_free)

/* Enter all of it but the pid namespace, which is for children: its root
 * becomes "/", its directory the working directory. Leaves full capabilities in
 * its user namespace. Single-threaded. Irrevocable, also when it fails. */
int peer_enter(const struct peer *p, struct err *e) MUST_CHECK;

/* "K=V" of the environment that the container's program was started with; empty
 * where it cannot be read. */
void peer_environment(const struct peer *p, struct strv *ret);

/* Does the container show this directory or file of the caller's, under the
 * same name? */
bool peer_shows(const struct peer *p, const char *path);

#endif
