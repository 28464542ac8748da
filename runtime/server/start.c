/* Starting an image server.
 *
 * Theory of operation. The caller is inside its new user and mount namespaces
 * and will pivot_root and exec; the server must outlive it, and the mount must
 * not outlive the last namespace that has it. Hence the order:
 *
 *  1 /dev/fuse is opened here: the kernel accepts a mount only when device and
 *    mount belong to the same user namespace.
 *  2 The mount is made detached. It stands in no namespace yet, so that no copy
 *    of a namespace can hold it, and its INIT request is waiting in the device.
 *  3 A child takes a mount namespace of its own, turned into a slave so that
 *    what the caller mounts later (this mount among it) does not reach it: a
 *    server with a copy of its own mount would never see the end of it, and one
 *    whose root pivot_root moves into its own FUSE blocks for ever.
 *  4 A grandchild, in a session of its own, keeps five descriptors and becomes
 *    sif-fuse. The child ends, so that the server belongs to init and the
 *    program's wait() knows nothing of it; the caller waits for that before it
 *    attaches anything, which orders step 3 before any mount of its own.
 *
 * When every mount is gone the kernel answers ENODEV to the server's read, and
 * it ends: no timeout, no unmount, nothing to clean up after kill -9. */
#include "runtime/server/start.h"

#include "base/fd.h"
#include "base/spawn.h"
#include "base/str.h"
#include "runtime/serve/handover.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>

#define DEVICE "/dev/fuse"

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
	int device_fd, image_fd, report_fd, log_fd, record_fd;
};

static int no_fuse(struct err *e, int sys, const char *what)
{
	err_sys(e, sys, "%s", what);
	e->kind = ERR_ENVIRONMENT;
	switch (sys) {
	case EACCES:
	case EPERM:
		return err_hint(e, "an administrator must allow FUSE: chmod 0666 " DEVICE);
	case ENOENT:
	case ENODEV:
	case ENXIO:
		return err_hint(e, "an administrator must load FUSE: modprobe fuse");
	}
	return -1;
}

static int open_device(struct err *e)
{
	int fd = open(DEVICE, O_RDWR | O_CLOEXEC);

	return fd < 0 ? no_fuse(e, errno, "cannot open '" DEVICE "'") : fd;
}

/* One option of the mount; value NULL = a flag. Once rc is negative nothing
 * more is tried, so that a row of options is checked once. */
static void option(int *rc, int fs_fd, const char *key, const char *value)
{
	if (*rc >= 0)
		*rc = fsconfig(fs_fd, value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG, key, value, 0);
}

static void option_u32(int *rc, int fs_fd, const char *key, unsigned value)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", value);
	option(rc, fs_fd, key, text);
}

static int make_mount(const struct server_request *rq, int device_fd, struct err *e)
{
	OWN_FD int fs_fd = fsopen("fuse", FSOPEN_CLOEXEC);
	int rc = 0, mount_fd;

	if (fs_fd < 0)
		return no_fuse(e, errno, "cannot use the kernel's FUSE");
	/* The name is for people who read mountinfo: a file system called fuse.sif. */
	option(&rc, fs_fd, "source", rq->name);
	option(&rc, fs_fd, "subtype", "sif");
	option_u32(&rc, fs_fd, "fd", (unsigned)device_fd);
	option(&rc, fs_fd, "rootmode", "40000");
	option_u32(&rc, fs_fd, "user_id", rq->uid);
	option_u32(&rc, fs_fd, "group_id", rq->gid);
	option(&rc, fs_fd, "default_permissions", NULL);
	option_u32(&rc, fs_fd, "max_read", HANDOVER_MAX_READ);
	option(&rc, fs_fd, "ro", NULL);
	if (rc >= 0)
		rc = fsconfig(fs_fd, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
	if (rc < 0)
		return errno == EPERM ? no_fuse(e, errno, "cannot make a FUSE mount")
				      : err_sys(e, errno, "cannot make a FUSE mount for '%s'", rq->name);
	mount_fd = fsmount(fs_fd, FSMOUNT_CLOEXEC, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
	if (mount_fd < 0)
		return err_sys(e, errno, "cannot make a FUSE mount for '%s'", rq->name);
	return mount_fd;
}

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
static int arrange_descriptors(const struct server_exec *x, int *report_fd)
{
	int from[] = { x->device_fd, x->image_fd, x->report_fd, x->log_fd, x->record_fd };
	int null_fd = open("/dev/null", O_RDWR);

	if (null_fd < 0)
		return -1;
	for (int fd = 0; fd <= 2; fd++)
		if (dup2(null_fd, fd) < 0)
			return -1;
	for (size_t i = 0; i < ARRAY_SIZE(from); i++) {
		if (from[i] < 0)
			continue;
		from[i] = fcntl(from[i], F_DUPFD_CLOEXEC, HANDOVER_END);
		if (from[i] < 0)
			return -1;
	}
	for (size_t i = 0; i < ARRAY_SIZE(from); i++) {
		int to = HANDOVER_DEVICE + (int)i;

		if (from[i] < 0)
			close(to);
		else if (dup2(from[i], to) < 0)
			return -1;
	}
	*report_fd = HANDOVER_REPORT;
	return close_others();
}

/* Leave with e as the report. */
_Noreturn static void give_up(int report_fd, const struct err *e)
{
	err_send(report_fd, e);
	_exit(1);
}

_Noreturn static void become_server(const struct server_exec *x)
{
	int report_fd = x->report_fd;
	struct err e = {};

	if (arrange_descriptors(x, &report_fd)) {
		err_sys(&e, errno, "cannot arrange the image server's descriptors");
		give_up(report_fd, &e);
	}
	execve(x->path, x->argv, x->envp);
	err_sys(&e, errno, "cannot run '%s'", x->path);
	give_up(report_fd, &e);
}

/* 0 = in the grandchild, else its process id in the child. */
static pid_t detach(struct err *e)
{
	pid_t pid;

	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL))
		return err_sys(e, errno, "cannot give the image server its own mount namespace");
	if (setsid() < 0 || chdir("/"))
		return err_sys(e, errno, "cannot detach the image server");
	pid = fork();
	return pid < 0 ? err_sys(e, errno, "cannot start the image server") : pid;
}

_Noreturn static void be_the_child(const struct server_exec *x)
{
	struct err e = {};
	pid_t pid = detach(&e);

	if (pid < 0)
		give_up(x->report_fd, &e);
	if (pid == 0)
		become_server(x);
	_exit(0);
}

/* Signals stay blocked in the server until it ignores them (life.c): one that
 * hits the whole process group during the start must not take it away. */
static int fork_server(const struct server_exec *x, pid_t *ret_starter, struct err *e)
{
	sigset_t all, before;
	int saved;
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
	*ret_starter = pid;
	return 0;
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

static int start(const struct server_request *rq, int device_fd, int report_fd, pid_t *ret_starter, struct err *e)
{
	char offset[24], size[24], hot_offset[24], hot_size[24], uid[16], gid[16], name[] = "sif-fuse";
	OWN_FREE char *path = NULL, *image = NULL, *cpus = NULL;
	OWN_STR struct str comer = {};
	struct server_exec x = {
		.argv = { [HANDOVER_PROGRAM] = name, [HANDOVER_OFFSET] = offset, [HANDOVER_SIZE] = size,
			  [HANDOVER_UID] = uid, [HANDOVER_GID] = gid, [HANDOVER_HOT_OFFSET] = hot_offset,
			  [HANDOVER_HOT_SIZE] = hot_size },
		.device_fd = device_fd,
		.image_fd = rq->image_fd,
		.report_fd = report_fd,
		.log_fd = rq->log_fd,
		.record_fd = rq->record_fd,
	};

	if (helper_path("sif-fuse", &path, e))
		return -1;
	image = strdup(rq->name);
	cpus = strdup(rq->cpus ? rq->cpus : "auto");
	if (!image || !cpus)
		return err_sys(e, ENOMEM, "cannot start the image server");
	snprintf(offset, sizeof(offset), "%llu", (unsigned long long)rq->offset);
	snprintf(size, sizeof(size), "%llu", (unsigned long long)rq->size);
	snprintf(hot_offset, sizeof(hot_offset), "%llu", (unsigned long long)rq->hot_offset);
	snprintf(hot_size, sizeof(hot_size), "%llu", (unsigned long long)rq->hot_size);
	snprintf(uid, sizeof(uid), "%u", rq->uid);
	snprintf(gid, sizeof(gid), "%u", rq->gid);
	x.path = path;
	x.argv[HANDOVER_NAME] = image;
	x.argv[HANDOVER_CPUS] = cpus;
	if (rq->comer)
		cpus_format(rq->comer, &comer);
	str_addn(&comer, "", 0);
	x.argv[HANDOVER_COMER] = comer.s;
	keep_environment(&x);
	return fork_server(&x, ret_starter, e);
}

int server_begin(const struct server_request *rq, int *ret_mount_fd, int *ret_report_fd, pid_t *ret_starter,
		 struct err *e)
{
	OWN_FD int device_fd = open_device(e);
	OWN_FD int mount_fd = -1, report_fd = -1, report_write_fd = -1;
	int pipe_fds[2];

	if (device_fd < 0)
		return -1;
	mount_fd = make_mount(rq, device_fd, e);
	if (mount_fd < 0)
		return -1;
	if (pipe2(pipe_fds, O_CLOEXEC))
		return err_sys(e, errno, "cannot make a pipe");
	report_fd = pipe_fds[0];
	report_write_fd = pipe_fds[1];
	if (start(rq, device_fd, report_write_fd, ret_starter, e))
		return -1;
	*ret_mount_fd = TAKE_FD(mount_fd);
	*ret_report_fd = TAKE_FD(report_fd);
	return 0;
}

int server_settle(pid_t starter, int report_fd, struct err *e)
{
	int status = 0;

	/* ECHILD: the caller ignores SIGCHLD, and waitpid has waited all the same. */
	while (waitpid(starter, &status, 0) < 0)
		if (errno != EINTR)
			break;
	if (!status)
		return 0;
	if (err_recv(report_fd, e) == 1)
		err_set(e, ERR_SYSTEM, "the image server was killed while it started");
	return -1;
}

int server_start(const struct server_request *rq, int *ret_mount_fd, int *ret_report_fd, struct err *e)
{
	OWN_FD int mount_fd = -1, report_fd = -1;
	pid_t starter;

	if (server_begin(rq, &mount_fd, &report_fd, &starter, e) || server_settle(starter, report_fd, e))
		return -1;
	*ret_mount_fd = TAKE_FD(mount_fd);
	*ret_report_fd = TAKE_FD(report_fd);
	return 0;
}
