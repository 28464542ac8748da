/* The process's namespaces, ids and privileges. */
#ifndef SIF_RUNTIME_NAMESPACE_H
#define SIF_RUNTIME_NAMESPACE_H

#include "base/err.h"
#include "base/own.h"

#include <stdbool.h>

struct namespaces {
	int user_fd;	      /* enter this user namespace; -1 = make one */
	bool ipc, net, uts;   /* besides user and mount */
	const char *hostname; /* NULL = keep; needs uts */
};

/* Enter a user namespace, a new mount namespace and those asked for; the caller's ids are
 * the only ones there are inside (an unprivileged process can map no other).
 * Errors: ERR_ENVIRONMENT when the node forbids it; the hint names the switch. */
int namespace_enter(const struct namespaces *ns, struct err *e) MUST_CHECK;

/* No capability in any set, now and after any exec. Irrevocable. */
int privileges_drop(struct err *e) MUST_CHECK;

#endif
