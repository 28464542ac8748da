/* The wire to the kernel: one request in, one reply out (linux/fuse.h). */
#ifndef SIF_RUNTIME_SERVE_PROTOCOL_H
#define SIF_RUNTIME_SERVE_PROTOCOL_H

#include "base/err.h"
#include "base/own.h"
#include "runtime/serve/handover.h"

#include <linux/fuse.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* What one worker needs to talk. A reply is built in place: its data begin
 * page-aligned, the header stands right before them, and one write sends both. */
struct channel {
	int fd;		/* the device, borrowed */
	uint8_t *in;	/* request buffer */
	uint8_t *data;	/* reply buffer, CHANNEL_DATA bytes */
	void *map;	/* what both lie in */
	size_t map_len;
};
#define CHANNEL_DATA HANDOVER_MAX_READ

struct request {
	const struct fuse_in_header *head;
	const void *arg; /* behind the header; NUL-terminated */
	size_t arg_len;
};

/* device_fd is borrowed; channels of one device may be used at the same time. */
int channel_open(struct channel *c, int device_fd, struct err *e) MUST_CHECK;
void channel_close(struct channel *c);

/* Wait for a request: 1, or 0 when the mount is gone, -1. */
int channel_receive(struct channel *c, struct request *ret, struct err *e) MUST_CHECK;
/* Is another request there already? */
bool channel_pending(const struct channel *c);
/* Answer it: result = how many bytes of c->data, or -errno. A requester that
 * gave up meanwhile is no error. */
void channel_reply(struct channel *c, const struct request *rq, ssize_t result);

#endif
