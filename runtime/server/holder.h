/* The namespace that holds a shared image's mount for those who come later. */
#ifndef SIF_RUNTIME_SERVER_HOLDER_H
#define SIF_RUNTIME_SERVER_HOLDER_H

#include "base/err.h"
#include "base/own.h"

/* Inside the launch's user and mount namespaces, single-threaded. Both come back
 * to the mount namespace they were called in; the current directory is then its
 * root. */

/* Make a mount namespace that holds mount_fd (detached before, consumed) and
 * nothing else, least of all a mount of the host. *ret_ns: the namespace, owned.
 * Returns a detached copy of the mount, owned; -1. */
int holder_make(int mount_fd, int *ret_ns, struct err *e) MUST_CHECK;

/* A detached copy, owned, of the mount that the namespace ns_fd holds. -1. */
int holder_fetch(int ns_fd, struct err *e) MUST_CHECK;

#endif
