/* The shared image servers of this user on this node. */
#ifndef SIF_RUNTIME_SERVER_LIST_H
#define SIF_RUNTIME_SERVER_LIST_H

#include "base/err.h"
#include "base/own.h"
#include "runtime/serve/wire.h"

#include <stdbool.h>
#include <stddef.h>

struct server_entry {
	struct wire_status status; /* strings end with NUL; when .other, only the heads count */
	bool other;		   /* of another version of sif, or it does not answer */
	char socket[320];	   /* its path */
	bool stopped;		   /* by server_list */
};

struct server_entries {
	struct server_entry *v; /* owned */
	size_t n;
};
void server_entries_free(struct server_entries *l);
#define OWN_SERVER_ENTRIES OWN(server_entries_free)

/* Ask all that listen; sockets on which nobody does are removed. stop: tell those
 * without users to end, which they do as soon as nothing stands in their mount.
 * Servers that are shared with nobody have no socket and are not listed. */
int server_list(bool stop, struct server_entries *ret, struct err *e) MUST_CHECK;

#endif
