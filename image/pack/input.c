#include "image/pack/input.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

int input_open(struct input *in, int fd, const char *name)
{
	in->fd = fd;
	in->name = name;
	in->wake = eventfd(0, EFD_CLOEXEC);
	return in->wake < 0 ? errno : 0;
}

void input_close(struct input *in)
{
	if (in->wake >= 0)
		close(in->wake);
	in->wake = -1;
}

void input_stop(struct input *in)
{
	uint64_t one = 1;

	while (write(in->wake, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

/* Is there something to read, or are we to stop? */
static int wait_input(struct input *in)
{
	struct pollfd p[2] = { { .fd = in->fd, .events = POLLIN }, { .fd = in->wake, .events = POLLIN } };

	while (poll(p, 2, -1) < 0)
		if (errno != EINTR)
			return -1;
	return p[1].revents ? 1 : 0;
}

ssize_t input_read(struct input *in, void *buf, size_t size)
{
	ssize_t n;
	int rc;

	do {
		rc = wait_input(in);
		if (rc > 0)
			return -1;
		n = rc < 0 ? -1 : read(in->fd, buf, size);
	} while (n < 0 && (errno == EINTR || errno == EAGAIN));
	if (n < 0)
		err_sys(&in->err, errno, "cannot read '%s'", in->name);
	else
		atomic_fetch_add(&in->bytes, (uint64_t)n);
	return n;
}

ssize_t input_fill(struct input *in)
{
	size_t have = in->have;

	in->have = 0;
	return have ? (ssize_t)have : input_read(in, in->buf, sizeof(in->buf));
}

ssize_t input_peek(struct input *in, size_t size)
{
	while (in->have < size) {
		ssize_t n = input_read(in, in->buf + in->have, size - in->have);

		if (n < 0)
			return -1;
		if (n == 0)
			break;
		in->have += (size_t)n;
	}
	return (ssize_t)in->have;
}
