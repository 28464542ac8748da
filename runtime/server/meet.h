/* Find the shared server of a key, or become the one who starts it. */
#ifndef SIF_RUNTIME_SERVER_MEET_H
#define SIF_RUNTIME_SERVER_MEET_H

#include "base/err.h"
#include "base/own.h"
#include "runtime/server/key.h"
#include "runtime/server/place.h"

enum meeting_kind {
	MEETING_NONE,	/* no sharing: .why says why not */
	MEETING_JOINED, /* a server serves; .ns are its namespaces */
	MEETING_START,	/* nobody does: the server to start listens on .listen_fd */
};

struct meeting {
	enum meeting_kind kind;
	int ns[WIRE_NAMESPACES]; /* owned */
	int listen_fd;		 /* owned */
	struct place place;	 /* owned; where the socket is */
	bool killed;		 /* MEETING_START: the server before was; its socket was still there */
	char why[400];
};
#define MEETING_INIT { .ns = { -1, -1 }, .listen_fd = -1, .place = PLACE_INIT }

/* why_not: NULL, or why this launch can join a server but not start one that
 * others will use. Late comers wait here until the server serves: the socket is
 * there before the server is, and the kernel keeps what they ask.
 * Never fails; what goes wrong ends in MEETING_NONE. */
void meet(const struct key *k, const char *why_not, struct meeting *ret);
void meeting_free(struct meeting *m);
#define OWN_MEETING OWN(meeting_free)

/* Ask a server that listens on the socket place/name: one request, one reply.
 * 0; 1 = nobody listens there (a socket left by a server that was killed, or
 * none); -1 with errno. fds: as pass_recv. */
int server_ask(const struct place *p, const char *name, const void *request, size_t len, void *reply, size_t reply_len,
	       int fds[], size_t max, size_t *ret_n) MUST_CHECK;

/* A server leaves: remove the sockets of those that were killed, and the
 * directory when nothing else is in it. Takes the lock itself. */
void meet_tidy(int place_fd);

#endif
