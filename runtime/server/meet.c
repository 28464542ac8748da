/* Theory of operation.
 *
 * The socket of a key is made by the one who will start the server, before the
 * server exists, while the place is locked: of two starters one makes it, the
 * other finds it. Who connects to it waits for the server's answer, not for a
 * lock. When the starter or the server dies, its descriptors close, the comer's
 * connection breaks, and the comer begins again: now nobody listens, and it
 * becomes the starter. A socket file without a listener (ECONNREFUSED) was left
 * by somebody who was killed; it is removed under the lock, after a second look,
 * since another comer may have been faster.
 *
 * A server that retires unlinks its socket under the same lock, and then still
 * answers whoever had connected before (runtime/serve/life.c). */
#include "runtime/server/meet.h"

#include "base/log.h"
#include "base/pass.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>

#define TRIES 16
#define BACKLOG 4096
/* An image on a file system that stalls delays its server as long; beyond this
 * a launch rather starts a server of its own. */
#define ANSWER_WAIT_S 30

static int address(const struct place *p, const char *name, struct sockaddr_un *ret)
{
	*ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
	place_name(p, name, ret->sun_path, sizeof(ret->sun_path));
	return (int)sizeof(*ret);
}

/* The other side must be the same user, as seen from here: its right to make the
 * socket in this place is not asked. */
static bool peer_is_me(int sock)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	return getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 && peer.uid == geteuid();
}

static int reach(const struct place *p, const char *name)
{
	const struct timeval wait = { .tv_sec = ANSWER_WAIT_S };
	struct sockaddr_un to;
	OWN_FD int sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (sock < 0)
		return -1;
	setsockopt(sock, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait));
	setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	if (connect(sock, (struct sockaddr *)&to, (socklen_t)address(p, name, &to)))
		return -1;
	if (!peer_is_me(sock)) {
		errno = EPERM;
		return -1;
	}
	return TAKE_FD(sock);
}

static bool nobody_there(int sys)
{
	return sys == ENOENT || sys == ECONNREFUSED;
}

/* As server_ask, with descriptors in both directions; 2 = the server went away
 * before it answered. */
static int ask(const struct place *p, const char *name, const void *request, size_t len, const int given[], size_t n,
	       void *reply, size_t reply_len, int fds[], size_t max, size_t *ret_n)
{
	OWN_FD int sock = reach(p, name);
	ssize_t got;

	*ret_n = 0;
	if (sock < 0)
		return nobody_there(errno) ? 1 : -1;
	if (pass_send(sock, request, len, given, n))
		return errno == EPIPE || errno == ECONNRESET ? 2 : -1;
	got = pass_recv(sock, reply, reply_len, fds, max, ret_n);
	if (got < 0)
		return errno == ECONNRESET ? 2 : -1;
	if (got == 0)
		return 2;
	if ((size_t)got == reply_len)
		return 0;
	while (*ret_n)
		close(fds[--*ret_n]);
	errno = EPROTO;
	return -1;
}

int server_ask(const struct place *p, const char *name, const void *request, size_t len, void *reply, size_t reply_len,
	       int fds[], size_t max, size_t *ret_n)
{
	int rc = ask(p, name, request, len, NULL, 0, reply, reply_len, fds, max, ret_n);

	return rc == 2 ? 1 : rc;
}

/* Ask to join. 0 = joined, 1 = nobody there, 2 = gone meanwhile, -1 = it cannot
 * be shared, and m->why says why. */
static int join(const struct key *k, struct meeting *m)
{
	struct wire_join rq = { .head = { .magic = WIRE_MAGIC, .version = WIRE_VERSION, .what = WIRE_JOIN } };
	struct wire_head reply;
	OWN_FD int pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0);
	size_t n, len = strlen(k->text) + 1;
	int rc;

	memcpy(rq.key, k->text, len);
	if (pidfd < 0)
		rc = -1;
	else
		rc = ask(&m->place, k->name, &rq, offsetof(struct wire_join, key) + len, &pidfd, 1, &reply, sizeof(reply),
			 m->ns, WIRE_NAMESPACES, &n);
	if (rc > 0)
		return rc;
	if (rc < 0)
		snprintf(m->why, sizeof(m->why), "the running server does not answer: %s", err_text(errno));
	else if (reply.magic != WIRE_MAGIC || reply.what != WIRE_OK || n != WIRE_NAMESPACES)
		snprintf(m->why, sizeof(m->why), "the running server refuses (%u)", reply.what);
	else
		return 0;
	return -1;
}

/* What a connection meets, without waiting: 0 or an errno; EAGAIN = a server with
 * many who wait. With the place locked, ECONNREFUSED means that nobody will ever
 * listen: a starter binds and listens under the lock. */
static int probe(const struct place *p, const char *name)
{
	OWN_FD int sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un to;

	return sock < 0 || connect(sock, (struct sockaddr *)&to, (socklen_t)address(p, name, &to)) ? errno : 0;
}

/* With the place locked: remove sockets on which nobody listens. */
static void sweep(const struct place *p)
{
	OWN_FD int fd = openat(p->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	OWN_DIR DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (dir)
		fd = -1;
	for (struct dirent *d; dir && (d = readdir(dir));)
		if (d->d_type == DT_SOCK && probe(p, d->d_name) == ECONNREFUSED)
			unlinkat(p->fd, d->d_name, 0);
}

void meet_tidy(int place_fd)
{
	/* An open file of its own: the lock belongs to that. */
	struct place p = { .fd = openat(place_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) };

	if (p.fd >= 0 && place_lock(&p) == 0) {
		sweep(&p);
		place_unlock(&p);
	}
	place_close(&p);
	place_remove(place_fd);
}

static int listen_at(const struct place *p, const char *name)
{
	OWN_FD int sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	struct sockaddr_un at;

	if (sock < 0 || bind(sock, (struct sockaddr *)&at, (socklen_t)address(p, name, &at)))
		return -1;
	if (listen(sock, BACKLOG)) {
		unlinkat(p->fd, name, 0);
		return -1;
	}
	return TAKE_FD(sock);
}

/* Nobody listened a moment ago. 0 = ours to start; 1 = look again; -1 with errno. */
static int claim(const struct key *k, struct meeting *m)
{
	int met, rc = 1;

	if (place_lock(&m->place))
		return errno == ENOENT ? 1 : -1;
	met = probe(&m->place, k->name);
	if (nobody_there(met)) {
		m->killed = met == ECONNREFUSED;
		sweep(&m->place);
		m->listen_fd = listen_at(&m->place, k->name);
		rc = m->listen_fd < 0 ? -1 : 0;
	}
	place_unlock(&m->place);
	return rc;
}

static int open_place(unsigned n, bool make, struct meeting *m)
{
	place_close(&m->place);
	return place_open(n, make, &m->place);
}

/* 0 = m is complete; 1 = not in this place. */
static int meet_in(const struct key *k, const char *why_not, unsigned n, struct meeting *m)
{
	for (int i = 0; i < TRIES; i++) {
		int rc = join(k, m);

		if (rc == 0)
			m->kind = MEETING_JOINED;
		if (rc <= 0)
			return 0;
		if (rc == 2)
			continue;
		if (why_not) {
			snprintf(m->why, sizeof(m->why), "%s", why_not);
			return 1;
		}
		rc = claim(k, m);
		if (rc == 0)
			m->kind = MEETING_START;
		if (rc == 0)
			return 0;
		if (rc < 0) {
			snprintf(m->why, sizeof(m->why), "no socket can be made in '%s': %s", m->place.path,
				 err_text(errno));
			meet_tidy(m->place.fd);
			return 1;
		}
		/* The directory may have been removed by the last server in it. */
		if (open_place(n, true, m))
			return 1;
	}
	snprintf(m->why, sizeof(m->why), "servers come and go in '%s'", m->place.path);
	return 1;
}

void meet(const struct key *k, const char *why_not, struct meeting *ret)
{
	*ret = (struct meeting)MEETING_INIT;
	for (unsigned n = 0;; n++) {
		int rc = open_place(n, !why_not, ret);

		if (rc < 0)
			break;
		if (rc == 0 && meet_in(k, why_not, n, ret) == 0)
			return;
	}
	if (!ret->why[0])
		snprintf(ret->why, sizeof(ret->why), "none of the directories for sockets can be used");
}

void meeting_free(struct meeting *m)
{
	for (size_t i = 0; i < WIRE_NAMESPACES; i++)
		own_fd_(&m->ns[i]);
	own_fd_(&m->listen_fd);
	place_close(&m->place);
}
