#include "runtime/serve/protocol.h"

#include "base/log.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>

/* Nothing that writes reaches a read-only mount, so that requests are short:
 * a header, fixed arguments, at most two names. The kernel wants room for
 * max_write (INIT) bytes and never less than this. */
#define REQUEST_MAX (2 * FUSE_MIN_READ_BUFFER)

_Static_assert(sizeof(struct fuse_in_header) + 2 * 4096 < REQUEST_MAX, "two names fit");

int channel_open(struct channel *c, int device_fd, struct err *e)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t in = (REQUEST_MAX + page) / page * page;

	*c = (struct channel){ .map_len = in + page + CHANNEL_DATA };
	c->map = mmap(NULL, c->map_len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (c->map == MAP_FAILED) {
		c->map_len = 0;
		return err_sys(e, errno, "cannot start a worker");
	}
	c->in = c->map;
	c->data = c->in + in + page;
	c->fd = device_fd;
	return 0;
}

void channel_close(struct channel *c)
{
	if (c->map_len)
		munmap(c->map, c->map_len);
	*c = (struct channel){ .fd = -1 };
}

int channel_receive(struct channel *c, struct request *ret, struct err *e)
{
	ssize_t n;

	for (;;) {
		n = read(c->fd, c->in, REQUEST_MAX);
		if (n >= 0)
			break;
		/* ENODEV: unmounted. ECONNABORTED: aborted by an administrator. */
		if (errno == ENODEV || errno == ECONNABORTED)
			return 0;
		/* ENOENT: the request was taken back before we got it. */
		if (errno != EINTR && errno != EAGAIN && errno != ENOENT)
			return err_sys(e, errno, "cannot read a request from the kernel");
	}
	ret->head = (const struct fuse_in_header *)(const void *)c->in;
	if ((size_t)n < sizeof(*ret->head) || ret->head->len != (size_t)n)
		return err_set(e, ERR_BUG, "a request from the kernel has %zd bytes", n);
	ret->arg = c->in + sizeof(*ret->head);
	ret->arg_len = (size_t)n - sizeof(*ret->head);
	c->in[n] = '\0';
	return 1;
}

bool channel_pending(const struct channel *c)
{
	struct pollfd p = { .fd = c->fd, .events = POLLIN };

	return poll(&p, 1, 0) == 1 && p.revents & POLLIN;
}

static int send_reply(struct channel *c, uint64_t unique, int error, size_t len)
{
	struct fuse_out_header *head = (struct fuse_out_header *)(void *)(c->data - sizeof(*head));
	ssize_t n;

	head->len = (uint32_t)(sizeof(*head) + len);
	head->error = error;
	head->unique = unique;
	do
		n = write(c->fd, head, head->len);
	while (n < 0 && errno == EINTR);
	/* ENOENT: the requester was killed meanwhile; ENODEV: the mount is gone. */
	return n < 0 && errno != ENOENT && errno != ENODEV ? -1 : 0;
}

void channel_reply(struct channel *c, const struct request *rq, ssize_t result)
{
	uint64_t unique = rq->head->unique;

	if (send_reply(c, unique, result < 0 ? (int)result : 0, result < 0 ? 0 : (size_t)result) == 0)
		return;
	/* Without any answer the requester would wait for ever. */
	log_warn("the kernel refused a reply to request %u of %zd bytes: %s", rq->head->opcode, result,
		 err_text(errno));
	if (result != -EIO)
		send_reply(c, unique, -EIO, 0);
}
