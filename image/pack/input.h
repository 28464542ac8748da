/* The source of a tar as bytes: a file or a pipe, read by one thread that another
 * can end while it waits. */
#ifndef SIF_IMAGE_PACK_INPUT_H
#define SIF_IMAGE_PACK_INPUT_H

#include "base/err.h"
#include "base/own.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define INPUT_SIZE (128u << 10)

struct input {
	int fd, wake; /* fd is borrowed */
	const char *name;
	struct err err; /* of the read that failed; empty when input_stop ended it */
	atomic_uint_least64_t bytes; /* read so far; any thread may look */
	size_t have; /* bytes in buf that input_peek left there */
	uint8_t buf[INPUT_SIZE];
};

/* 0, or an errno. name is for messages, borrowed. */
int input_open(struct input *in, int fd, const char *name) MUST_CHECK;
void input_close(struct input *in);
/* From any thread: ends a read that waits, and each one that follows. */
void input_stop(struct input *in);

/* Up to size bytes; 0 = the end, -1 = see err. */
ssize_t input_read(struct input *in, void *buf, size_t size) MUST_CHECK;
/* The next bytes into buf, those that were peeked at first. */
ssize_t input_fill(struct input *in) MUST_CHECK;
/* Have size bytes in buf, fewer where the source ends before: how many, or -1. */
ssize_t input_peek(struct input *in, size_t size) MUST_CHECK;

#endif
