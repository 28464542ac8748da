#include "runtime/serve/life.h"

#include "base/log.h"
#include "base/pass.h"
#include "runtime/serve/serve.h"
#include "runtime/server/meet.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>

#define STACK_SIZE (256 * 1024)
#define REQUEST_WAIT_S 1 /* for a comer that connected and says nothing */
#define EVENTS 16

struct user {
	int pidfd; /* owned */
	uint32_t pid;
};

static struct life {
	struct life_config cfg;
	ino_t socket_ino;
	int epoll_fd;
	struct user *users;
	size_t n, cap;
	time_t idle_since; /* valid while there are no users */
	bool full; /* no descriptor left for another user */
	bool stop; /* somebody asked for the end */
	atomic_bool retired;
	time_t started;
} life;

static time_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

/*
 * Users
 */

static int watch(int fd)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.fd = fd };

	return epoll_ctl(life.epoll_fd, EPOLL_CTL_ADD, fd, &ev);
}

/* Takes pidfd. -1: no room. */
static int add_user(int pidfd, uint32_t pid)
{
	if (life.n == life.cap) {
		size_t cap = life.cap ? 2 * life.cap : 16;
		struct user *more = reallocarray(life.users, cap, sizeof(*more));

		if (!more)
			return -1;
		life.users = more;
		life.cap = cap;
	}
	if (watch(pidfd))
		return -1;
	life.users[life.n++] = (struct user){ .pidfd = pidfd, .pid = pid };
	return 0;
}

static void remove_user(int pidfd)
{
	for (size_t i = 0; i < life.n; i++) {
		if (life.users[i].pidfd != pidfd)
			continue;
		life.users[i] = life.users[--life.n];
		life.idle_since = now();
		/* By name: it stays in the set while its sender has it open, too. */
		epoll_ctl(life.epoll_fd, EPOLL_CTL_DEL, pidfd, NULL);
		close(pidfd);
		return;
	}
}

/*
 * Requests
 */

static int answer(int sock, enum wire_answer what)
{
	const struct wire_head head = { .magic = WIRE_MAGIC, .version = WIRE_VERSION, .what = what };

	return pass_send(sock, &head, sizeof(head), NULL, 0);
}

static int let_in(int sock)
{
	const struct wire_head head = { .magic = WIRE_MAGIC, .version = WIRE_VERSION, .what = WIRE_OK };

	return pass_send(sock, &head, sizeof(head), life.cfg.namespaces, WIRE_NAMESPACES);
}

/* What it was sent beside the words; owned. */
struct parcel {
	int fds[1];
	size_t n;
};

static void parcel_free(struct parcel *p)
{
	while (p->n)
		close(p->fds[--p->n]);
}

static int join(int sock, const struct wire_join *rq, size_t len, uint32_t pid, struct parcel *parcel)
{
	const char *key = rq->key;
	size_t room = len - offsetof(struct wire_join, key);

	if (rq->head.version != WIRE_VERSION)
		return answer(sock, WIRE_OTHER_VERSION);
	if (strnlen(key, room) == room || strcmp(key, life.cfg.key))
		return answer(sock, WIRE_OTHER_KEY);
	if (parcel->n != 1)
		return answer(sock, WIRE_BAD);
	if (add_user(parcel->fds[0], pid)) {
		life.full = true;
		return answer(sock, WIRE_FULL);
	}
	parcel->n = 0;
	return let_in(sock);
}

static uint64_t resident(void)
{
	OWN_FILE FILE *f = fopen("/proc/self/statm", "re");
	unsigned long long pages = 0;

	if (!f || fscanf(f, "%*u %llu", &pages) != 1)
		return 0;
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static int tell_status(int sock)
{
	static struct wire_status st;

	st = (struct wire_status){
		.head = { .magic = WIRE_MAGIC, .version = WIRE_VERSION, .what = WIRE_OK },
		.pid = (uint32_t)getpid(),
		.users = (uint32_t)life.n,
		.started = life.started,
		.linger = life.cfg.linger,
		.memory = resident(),
	};
	for (size_t i = 0; i < life.n && i < WIRE_USERS; i++)
		st.user[i] = life.users[i].pid;
	life.cfg.describe(life.cfg.ctx, &st);
	return pass_send(sock, &st, sizeof(st), NULL, 0);
}

static int handle(int sock, const struct wire_join *rq, size_t len, uint32_t pid, struct parcel *parcel)
{
	if (len < sizeof(rq->head) || rq->head.magic != WIRE_MAGIC)
		return answer(sock, WIRE_BAD);
	switch (rq->head.what) {
	case WIRE_JOIN:
		return join(sock, rq, len, pid, parcel);
	case WIRE_STATUS:
		return tell_status(sock);
	case WIRE_STOP:
		life.stop = life.n == 0;
		return answer(sock, life.stop ? WIRE_OK : WIRE_BUSY);
	}
	return answer(sock, WIRE_BAD);
}

static void receive(int sock)
{
	const struct timeval wait = { .tv_sec = REQUEST_WAIT_S };
	OWN(parcel_free) struct parcel parcel = { 0 };
	struct wire_join rq = { 0 };
	struct ucred peer;
	socklen_t peer_len = sizeof(peer);
	ssize_t len;

	setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	setsockopt(sock, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait));
	if (getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &peer, &peer_len) || peer.uid != geteuid()) {
		(void)!answer(sock, WIRE_OTHER_USER);
		return;
	}
	len = pass_recv(sock, &rq, sizeof(rq), parcel.fds, ARRAY_SIZE(parcel.fds), &parcel.n);
	if (len < 0 && errno == EMSGSIZE) {
		life.full = true; /* the pidfd found no room */
		(void)!answer(sock, WIRE_FULL);
	}
	if (len > 0)
		(void)!handle(sock, &rq, (size_t)len, peer.pid > 0 ? (uint32_t)peer.pid : 0, &parcel);
}

/* false: nobody waits. */
static bool serve_comer(void)
{
	OWN_FD int sock = accept4(life.cfg.listen_fd, NULL, NULL, SOCK_CLOEXEC);

	if (sock < 0) {
		life.full |= errno == EMFILE || errno == ENFILE;
		return errno == ECONNABORTED || errno == EINTR;
	}
	receive(sock);
	return true;
}

/*
 * The end
 */

static void retire(void)
{
	atomic_store(&life.retired, true);
	place_unlink(life.cfg.place_fd, life.cfg.socket, life.socket_ino);
	/* Who connected before is let in: its mount keeps the server alive. */
	while (serve_comer())
		;
	meet_tidy(life.cfg.place_fd);
	close(life.cfg.listen_fd);
	for (size_t i = 0; i < WIRE_NAMESPACES; i++)
		close(life.cfg.namespaces[i]);
	while (life.n)
		close(life.users[--life.n].pidfd);
	close(life.epoll_fd);
}

/* Milliseconds to wait for the next event; -1 = for ever. */
static int patience(void)
{
	time_t rest;

	if (life.n || life.cfg.linger < 0)
		return -1;
	rest = life.idle_since + life.cfg.linger - now();
	return rest > 0 ? (int)(rest * 1000) : 0;
}

static void *live(void *arg)
{
	struct cpus cpus;

	(void)arg;
	(void)!serve_cpus_thread(life.cfg.cpus, life.cfg.comer, &cpus);
	while (!life.full && !life.stop) {
		struct epoll_event ev[EVENTS];
		int wait = patience(), n = epoll_wait(life.epoll_fd, ev, EVENTS, wait);

		for (int i = 0; i < n; i++) {
			if (ev[i].data.fd == life.cfg.listen_fd)
				serve_comer();
			else
				remove_user(ev[i].data.fd);
		}
		if (n <= 0 && patience() == 0)
			break;
	}
	retire();
	return NULL;
}

int life_begin(const struct life_config *cfg, struct err *e)
{
	pthread_attr_t attr;
	pthread_t thread;
	struct stat st;
	int rc;

	life = (struct life){ .cfg = *cfg, .epoll_fd = epoll_create1(EPOLL_CLOEXEC), .started = time(NULL) };
	if (life.epoll_fd < 0 || fcntl(cfg->listen_fd, F_SETFL, O_NONBLOCK) || watch(cfg->listen_fd) ||
	    add_user(cfg->starter, cfg->starter_pid))
		return err_sys(e, errno, "cannot wait for other launches");
	if (fstatat(cfg->place_fd, cfg->socket, &st, AT_SYMLINK_NOFOLLOW) == 0)
		life.socket_ino = st.st_ino;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_SIZE);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	rc = pthread_create(&thread, &attr, live, NULL);
	pthread_attr_destroy(&attr);
	return rc ? err_sys(e, rc, "cannot wait for other launches") : 0;
}

void life_end(int place_fd, const char *socket)
{
	if (atomic_load(&life.retired))
		return;
	place_unlink(place_fd, socket, life.socket_ino);
	meet_tidy(place_fd);
}
