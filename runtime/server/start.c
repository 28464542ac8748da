/* Starting an image server.
 *
 * Theory of operation. The launch will enter new namespaces, change its root and
 * become the program; the server must outlive it. So it is forked before all
 * that, and stays in the namespaces of the caller: whoever comes later proves its
 * user id there (inside a user namespace with a single id every stranger has the
 * same one), no pivot_root moves its root into its own mount, where it would wait
 * for itself, and it is in no namespace that has that mount, which would never
 * end.
 *
 * The child takes a session of its own and forks again, so that the server belongs
 * to init and the program's wait() knows nothing of it. Device and namespaces do
 * not exist yet; they follow through the control socket (runtime/server/server.c),
 * while the server reads the image. */
#include "runtime/server/start.h"

#include "base/fd.h"
#include "base/mem.h"
#include "base/spawn.h"
#include "base/str.h"
#include "base/sys.h"
#include "runtime/serve/handover.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

/* The server inherits no more of the environment than its libraries need:
 * neither LD_PRELOAD (tracers, monitors) nor anybody's secrets. */
static const char *const kept_environment[] = {
	"LD_LIBRARY_PATH=",
#ifdef WITH_SANITIZERS
	"ASAN_OPTIONS=",
	"UBSAN_OPTIONS=",
	"LSAN_OPTIONS=",
#endif
};

struct server_exec {
	const char *path;
	char *argv[HANDOVER_ARGC + 1];
	char *envp[ARRAY_SIZE(kept_environment) + 1];
	int fds[HANDOVER_END - HANDOVER_CONTROL]; /* -1 = not handed over */
};

/* Everything up to exec runs between fork and exec: no allocation, no locks. */

static int close_others(void)
{
	if (close_range(HANDOVER_END, ~0u, 0) == 0)
		return 0;
	if (errno != ENOSYS)
		return -1;
	for (int fd = HANDOVER_END; fd < 65536; fd++)
		close(fd);
	return 0;
}

/* Put the descriptors where sif-fuse looks for them. They may stand in each
 * other's places: move all out of the way first. */
static int arrange_descriptors(const struct server_exec *x, int *control_fd)
{
	int from[ARRAY_SIZE(x->fds)];
	int null_fd = open("/dev/null", O_RDWR);

	if (null_fd < 0)
		return -1;
	for (int fd = 0; fd <= 2; fd++)
		if (dup2(null_fd, fd) < 0)
			return -1;
	for (size_t i = 0; i < ARRAY_SIZE(from); i++) {
		from[i] = x->fds[i] < 0 ? -1 : fcntl(x->fds[i], F_DUPFD_CLOEXEC, HANDOVER_END);
		if (x->fds[i] >= 0 && from[i] < 0)
			return -1;
	}
	for (size_t i = 0; i < ARRAY_SIZE(from); i++) {
		int to = HANDOVER_CONTROL + (int)i;

		if (from[i] < 0)
			close(to);
		else if (dup2(from[i], to) < 0)
			return -1;
	}
	/* Left closed, its number would become that of the device or of a comer. */
	if (x->fds[HANDOVER_LOG - HANDOVER_CONTROL] < 0 && dup2(STDERR_FILENO, HANDOVER_LOG) < 0)
		return -1;
	*control_fd = HANDOVER_CONTROL;
	return close_others();
}

_Noreturn static void become_server(const struct server_exec *x)
{
	int control_fd = x->fds[0];
	struct err e = {};

	if (chdir("/") || arrange_descriptors(x, &control_fd)) {
		err_sys(&e, errno, "cannot arrange the image server's descriptors");
	} else {
		execve(x->path, x->argv, x->envp);
		err_sys(&e, errno, "cannot run '%s'", x->path);
	}
	err_send(control_fd, &e);
	_exit(1);
}

_Noreturn static void be_the_child(const struct server_exec *x)
{
	pid_t pid;

	if (setsid() < 0)
		_exit(1);
	pid = fork();
	if (pid == 0)
		become_server(x);
	_exit(pid < 0);
}

/* Signals stay blocked in the server until it ignores them (serve/confine.c):
 * one that hits the whole process group during the start must not take it away. */
static int fork_server(const struct server_exec *x, struct err *e)
{
	sigset_t all, before;
	int saved, status = 0;
	pid_t pid;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	pid = fork();
	if (pid == 0)
		be_the_child(x);
	saved = errno;
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (pid < 0)
		return err_sys(e, saved, "cannot start the image server");
	/* ECHILD: the caller ignores SIGCHLD, and waitpid has waited all the same. */
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			break;
	return status ? err_set(e, ERR_SYSTEM, "cannot start the image server: its starter failed") : 0;
}

static void keep_environment(struct server_exec *x)
{
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(kept_environment); i++)
		for (char **v = environ; *v; v++)
			if (str_starts(*v, kept_environment[i])) {
				x->envp[n++] = *v;
				break;
			}
}

/* In the order of enum handover_arg. */
static void say(struct server_exec *x, struct strv *words, const struct server_request *rq,
		const struct server_share *share)
{
	OWN_STR struct str comer = { 0 };

	strv_add(words, "sif-fuse");
	strv_addf(words, "%llu", (unsigned long long)rq->offset);
	strv_addf(words, "%llu", (unsigned long long)rq->size);
	strv_addf(words, "%u", rq->uid);
	strv_addf(words, "%u", rq->gid);
	strv_addf(words, "%llu", (unsigned long long)rq->hot_offset);
	strv_addf(words, "%llu", (unsigned long long)rq->hot_size);
	strv_add(words, rq->name);
	strv_add(words, rq->cpus ? rq->cpus : "auto");
	if (rq->comer)
		cpus_format(rq->comer, &comer);
	strv_add(words, str_text(&comer));
	strv_add(words, share ? share->key->text : "");
	strv_add(words, share ? share->key->name : "");
	strv_addf(words, "%u", share ? (unsigned)share->linger : 0);
	strv_add(words, rq->engine == ENGINE_SQUASHFUSE ? engine_squashfuse() : "");
	for (size_t i = 0; i < words->n; i++)
		x->argv[i] = words->v[i];
}

int server_start(const struct server_request *rq, const struct server_share *share, int log_fd, struct err *e)
{
	OWN_FREE char *path = NULL;
	OWN_STRV struct strv words = { 0 };
	OWN_FD int ours = -1, theirs = -1;
	struct server_exec x = { 0 };
	int pair[2];

	if (helper_path("sif-fuse", &path, e))
		return -1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return err_sys(e, errno, "cannot make a socket");
	ours = pair[0];
	theirs = pair[1];
	x.path = path;
	x.fds[HANDOVER_CONTROL - HANDOVER_CONTROL] = theirs;
	x.fds[HANDOVER_IMAGE - HANDOVER_CONTROL] = rq->image_fd;
	x.fds[HANDOVER_LOG - HANDOVER_CONTROL] = log_fd;
	x.fds[HANDOVER_RECORD - HANDOVER_CONTROL] = rq->record_fd;
	x.fds[HANDOVER_LISTEN - HANDOVER_CONTROL] = share ? share->listen_fd : -1;
	x.fds[HANDOVER_PLACE - HANDOVER_CONTROL] = share ? share->place->fd : -1;
	say(&x, &words, rq, share);
	keep_environment(&x);
	return fork_server(&x, e) ? -1 : TAKE_FD(ours);
}
