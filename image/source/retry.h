/* A source that goes on when the storage below it fails for a while: a network
 * or parallel file system that fails over, a server that restarts.
 *
 * EIO, ESTALE, ETIMEDOUT, ENOTCONN and ESHUTDOWN may pass: the read is tried
 * again after a pause that grows, up to a limit. Anything else (a file that
 * became shorter, damage) is final and comes back at once.
 *
 * A reader that waits holds no lock: readers whose bytes can be read, or are
 * cached above, go on. Once a reader has waited for the limit in vain, new reads
 * are tried once only, until one succeeds: a program on storage that is gone
 * gets its error after one limit, not after one for each read. */
#ifndef SIF_IMAGE_RETRY_H
#define SIF_IMAGE_RETRY_H

#include "image/source/source.h"

#include <stdbool.h>

#define RETRY_LIMIT_MS 60000u

/* Each is said once, however many readers meet it, until the next one comes. */
enum retry_event {
	RETRY_FAILS,	/* reads fail and are tried again; cause: with what */
	RETRY_RESUMES,	/* reads succeed and no reader waits; cause: NULL */
	RETRY_GIVES_UP, /* a reader has waited for the limit; cause: with what it fails */
	RETRY_FINAL,	/* once only: the image became shorter, or is another one now */
};

struct retry_options {
	unsigned limit_ms; /* how long one read is tried; 0 = RETRY_LIMIT_MS */
	/* After ESTALE: open the image again (reopen_again). A failure that may
	 * pass is tried again, too; any other one is final. NULL = no such way. */
	int (*reopen)(void *ctx, struct err *e);
	void *reopen_ctx;
	/* Both are called with no lock held; either may be NULL. */
	void (*report)(void *ctx, enum retry_event what, const struct err *cause);
	/* Before each pause of a reader: how many it had. A server lets somebody
	 * else answer meanwhile. false = nobody wants the bytes any more. */
	bool (*wait)(void *ctx, unsigned pauses);
	void *ctx;
};

/* Can this failure of a read go away by itself? */
bool retry_may_pass(const struct err *e);

/* inner is borrowed and must outlive the source. Close to the file: what checks
 * or decrypts stands above. */
int source_retry_new(struct source *inner, const struct retry_options *opt, struct source **ret,
		     struct err *e) MUST_CHECK;

#endif
