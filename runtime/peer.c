/* Traps met here:
 * - The number of a process may be given to another one between two look-ups in
 *   /proc. A pidfd is opened first; if its process still lives at the end, all
 *   that was opened was its own.
 * - A launch with --pid is a process outside of the pid namespace and two
 *   inside. The caller knows the outer one, whose own pid namespace is the
 *   host's; pid_for_children is the container's for all three.
 * - A launch that is still at work has the namespaces, but the host's root.
 * - setns(2) to a mount namespace leaves the process at that namespace's root,
 *   which need not be the root of the process that was asked for. */
#include "runtime/peer.h"

#include "base/fd.h"
#include "base/num.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

enum { ENVIRONMENT_MAX = 4 << 20, STATUS_MAX = 64 << 10, DEPTH_MAX = 3 };

static const struct {
	const char *file;
	int flag;
} kinds[PEER_NAMESPACES] = {
	[PEER_USER] = { "user", CLONE_NEWUSER }, [PEER_NET] = { "net", CLONE_NEWNET },
	[PEER_IPC] = { "ipc", CLONE_NEWIPC },	 [PEER_UTS] = { "uts", CLONE_NEWUTS },
	[PEER_PID] = { "pid_for_children", CLONE_NEWPID }, [PEER_MOUNT] = { "mnt", CLONE_NEWNS },
};

void peer_free(struct peer *p)
{
	own_fd_(&p->pid_fd);
	own_fd_(&p->root_fd);
	own_fd_(&p->cwd_fd);
	for (size_t i = 0; i < PEER_NAMESPACES; i++)
		own_fd_(&p->ns[i]);
}

static int is_gone(pid_t pid, struct err *e)
{
	err_set(e, ERR_SYSTEM, "there is no process %d", (int)pid);
	e->sys = ESRCH;
	return err_hint(e, "--join takes the id of a process that runs in a container: ps -u $USER shows yours");
}

static int cannot_examine(pid_t pid, int sys, struct err *e)
{
	if (sys == ENOENT || sys == ESRCH)
		return is_gone(pid, e);
	err_sys(e, sys, "process %d may not be examined", (int)pid);
	return err_hint(e, "its program may have protected itself (it is not \"dumpable\"), or a security module of this "
			   "node forbids it");
}

static int open_of(pid_t pid, const char *what, int flags, struct err *e)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, what);
	fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? cannot_examine(pid, errno, e) : fd;
}

/* "Uid:" of its status, which anybody may read: the effective id. */
static int check_owner(pid_t pid, struct err *e)
{
	OWN_FREE char *text = NULL;
	char path[64];
	const char *line;
	unsigned uid;
	struct err cause;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	if (fd_read_file(path, STATUS_MAX, &text, NULL, &cause)) {
		if (cause.sys != ENOENT && cause.sys != ESRCH)
			return cannot_examine(pid, cause.sys, e);
		/* A pidfd of it could be had. */
		err_set(e, ERR_SYSTEM, "process %d is not shown in /proc", (int)pid);
		return err_hint(e, "it belongs to another user (hidepid), or it has just ended");
	}
	line = strstr(text, "\nUid:");
	if (!line || sscanf(line + 5, "%*u %u", &uid) != 1)
		return err_set(e, ERR_SYSTEM, "the status of process %d names no user", (int)pid);
	if (uid == geteuid())
		return 0;
	err_set(e, ERR_USAGE, "process %d belongs to user %u, not to user %u", (int)pid, uid, (unsigned)geteuid());
	return err_hint(e, "a container can be joined by the user who started it");
}

static int open_namespace(pid_t pid, const char *file, int *ret, bool *same, struct err *e)
{
	char name[40], own[64];
	struct stat theirs, ours;

	snprintf(name, sizeof(name), "ns/%s", file);
	snprintf(own, sizeof(own), "/proc/self/ns/%s", file);
	*ret = open_of(pid, name, O_RDONLY, e);
	if (*ret < 0)
		return -1;
	if (fstat(*ret, &theirs) || stat(own, &ours))
		return err_sys(e, errno, "cannot compare '%s' with the namespace of process %d", own, (int)pid);
	*same = theirs.st_dev == ours.st_dev && theirs.st_ino == ours.st_ino;
	return 0;
}

static int open_namespaces(struct peer *p, struct err *e)
{
	OWN_FD int own_pid = -1;
	struct stat inner, outer;
	bool same;

	for (size_t i = 0; i < PEER_NAMESPACES; i++) {
		if (open_namespace(p->pid, kinds[i].file, &p->ns[i], &same, e))
			return -1;
		if (same)
			own_fd_(&p->ns[i]);
	}
	if (p->ns[PEER_PID] < 0)
		return 0;
	if (open_namespace(p->pid, "pid", &own_pid, &same, e))
		return -1;
	if (fstat(own_pid, &inner) || fstat(p->ns[PEER_PID], &outer))
		return err_sys(e, errno, "cannot examine the pid namespace of process %d", (int)p->pid);
	p->waits = inner.st_ino != outer.st_ino;
	return 0;
}

static int check_container(const struct peer *p, struct err *e)
{
	if (p->ns[PEER_MOUNT] >= 0 && p->ns[PEER_USER] >= 0)
		return 0;
	err_set(e, ERR_USAGE, "process %d is not in a container", (int)p->pid);
	if (p->ns[PEER_MOUNT] < 0)
		return err_hint(e, "it sees the same files as this one; the ids of a container's programs are in "
				   "'sif mounts' and ps");
	return err_hint(e, "it has mounts of its own, but sif did not make them: it is in this user namespace");
}

/*
 * The program of a container
 */

static bool read_environment(pid_t pid, struct strv *ret)
{
	OWN_FREE char *text = NULL;
	struct err ignored;
	char path[64];
	size_t len;

	strv_free(ret);
	snprintf(path, sizeof(path), "/proc/%d/environ", (int)pid);
	if (fd_read_file(path, ENVIRONMENT_MAX, &text, &len, &ignored))
		return false;
	for (size_t at = 0; at < len; at += strlen(text + at) + 1)
		strv_add(ret, text + at);
	return true;
}

static pid_t first_child(pid_t pid)
{
	char path[96];
	OWN_FILE FILE *f = NULL;
	int child;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)pid, (int)pid);
	f = fopen(path, "re");
	return f && fscanf(f, "%d", &child) == 1 ? (pid_t)child : 0;
}

static bool is_programs(const struct strv *environ_)
{
	for (size_t i = 0; i < environ_->n; i++)
		if (str_starts(environ_->v[i], "APPTAINER_CONTAINER="))
			return true;
	return false;
}

/* One that waits was started with the host's environment and stands nowhere in
 * the container: the program is its child or, with a process 1 between them, that
 * one's child. */
static pid_t find_program(const struct peer *p)
{
	pid_t pid = p->pid;

	for (unsigned i = 0; p->waits && i < DEPTH_MAX && pid > 0; i++) {
		OWN_STRV struct strv environ_ = { 0 };

		if (read_environment(pid, &environ_) && is_programs(&environ_))
			return pid;
		pid = first_child(pid);
	}
	return p->pid;
}

void peer_environment(const struct peer *p, struct strv *ret)
{
	(void)!read_environment(p->program, ret);
}

/* A launch has its namespaces before it has its root: what joined it then would
 * run among the host's files. */
static int check_started(const struct peer *p, struct err *e)
{
	struct stat theirs, ours;

	if (fstat(p->root_fd, &theirs) || stat("/", &ours))
		return err_sys(e, errno, "cannot examine the root of process %d", (int)p->pid);
	if (theirs.st_dev != ours.st_dev || theirs.st_ino != ours.st_ino)
		return 0;
	err_set(e, ERR_SYSTEM, "process %d still has this root: its container is being started", (int)p->pid);
	return err_hint(e, "try again in a moment");
}

static bool has_ended(int pid_fd)
{
	struct pollfd p = { .fd = pid_fd, .events = POLLIN };

	return poll(&p, 1, 0) != 0;
}

int peer_open(pid_t pid, struct peer *ret, struct err *e)
{
	OWN_PEER struct peer p = PEER_INIT;

	p.pid = pid;
	p.pid_fd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (p.pid_fd < 0)
		return errno == ENOSYS || errno == EPERM ? err_sys(e, errno, "cannot open process %d", (int)pid) :
							   is_gone(pid, e);
	if (check_owner(pid, e) || open_namespaces(&p, e) || check_container(&p, e))
		return -1;
	p.root_fd = open_of(pid, "root", O_PATH | O_DIRECTORY, e);
	if (p.root_fd < 0 || check_started(&p, e))
		return -1;
	p.program = find_program(&p);
	p.cwd_fd = open_of(p.program, "cwd", O_PATH | O_DIRECTORY, e);
	if (p.cwd_fd < 0)
		return -1;
	if (has_ended(p.pid_fd))
		return is_gone(pid, e);
	*ret = p;
	p = (struct peer)PEER_INIT;
	return 0;
}

static int cannot_enter(const struct peer *p, enum peer_namespace which, int sys, struct err *e)
{
	err_sys(e, sys, "cannot enter the %s namespace of process %d",
		which == PEER_PID ? "pid" : which == PEER_MOUNT ? "mount" : kinds[which].file, (int)p->pid);
	if (sys == EPERM && which == PEER_USER)
		return err_hint(e, "its container was not started from this user namespace: join it from where it was");
	if (sys == EPERM)
		return err_hint(e, "that namespace was not made by the container of this process");
	return -1;
}

/* A container whose directory is gone, or lies behind a closed one, is entered
 * all the same. */
static void enter_directory(int fd)
{
	char name[4096];

	/* "(unreachable)/...": not below the root */
	if (fchdir(fd) || !getcwd(name, sizeof(name)) || name[0] != '/')
		(void)!chdir("/");
}

int peer_enter(const struct peer *p, struct err *e)
{
	for (size_t i = 0; i < PEER_NAMESPACES; i++)
		if (p->ns[i] >= 0 && setns(p->ns[i], kinds[i].flag))
			return cannot_enter(p, (enum peer_namespace)i, errno, e);
	if (fchdir(p->root_fd) || chroot("."))
		return err_sys(e, errno, "cannot enter the root of process %d", (int)p->pid);
	enter_directory(p->cwd_fd);
	return 0;
}

bool peer_shows(const struct peer *p, const char *path)
{
	struct err ignored;
	struct stat outside, inside;
	OWN_FD int fd = fd_open_in_root(p->root_fd, path, O_PATH, 0, &ignored);

	return fd >= 0 && fstat(fd, &inside) == 0 && stat(path, &outside) == 0 && inside.st_dev == outside.st_dev &&
	       inside.st_ino == outside.st_ino;
}
