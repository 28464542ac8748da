#include "runtime/server/server.h"

#include "base/log.h"
#include "base/pass.h"
#include "base/sys.h"
#include "runtime/serve/handover.h"
#include "runtime/server/holder.h"
#include "runtime/server/log.h"
#include "runtime/server/meet.h"
#include "runtime/server/scope.h"
#include "runtime/server/start.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#define DEVICE "/dev/fuse"
#define OVERFLOW_ID 65534
/* Seconds that a server outside of jobs stays after its last user: long enough
 * for the next command of a person or a script. */
#define LINGER 5
/* In a job whose end does not end its processes. */
#define LINGER_JOB 10
#define CAUSE_WAIT_MS 200

void server_link_free(struct server_link *l)
{
	own_fd_(&l->user_fd);
	own_fd_(&l->mount_fd);
	own_fd_(&l->control_fd);
}

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

/*
 * Step one: a server
 */

static int describe_key(const struct server_request *rq, const struct scope *scope, struct key *ret, struct err *e)
{
	struct stat image, user_ns, pid_ns;
	char access[32];

	if (fstat(rq->image_fd, &image) || stat("/proc/self/ns/user", &user_ns) || stat("/proc/self/ns/pid", &pid_ns))
		return err_sys(e, errno, "cannot identify the image or this process's namespaces");
	snprintf(access, sizeof(access), "engine %s", engine_name(rq->engine));
	return key_make(&(struct key_facts){ .uid = geteuid(), .gid = getegid(), .user_ns = &user_ns, .pid_ns = &pid_ns,
					     .scope = scope->text, .access = access, .image = &image,
					     .offset = rq->offset, .size = rq->size },
			ret, e);
}

static int open_log(const struct server_request *rq)
{
	if (rq->log_fd >= 0)
		return fcntl(rq->log_fd, F_DUPFD_CLOEXEC, 3);
	return rq->home ? server_log_open(rq->home) : -1;
}

static int start_alone(const struct server_request *rq, struct server_link *ret, struct err *e)
{
	OWN_FD int log_fd = open_log(rq);

	ret->control_fd = server_start(rq, NULL, log_fd, e);
	return ret->control_fd < 0 ? -1 : 0;
}

/* The end of a step ends its processes, the server with them. */
static int usual_linger(const struct scope *scope)
{
	if (scope->ends)
		return -1;
	return scope->job ? LINGER_JOB : LINGER;
}

/* The socket of a server that will not be. */
static void give_back(const struct meeting *m, const struct key *key)
{
	place_unlink(m->place.fd, key->name, 0);
	meet_tidy(m->place.fd);
}

static int start_shared(const struct server_request *rq, const struct key *key, const struct scope *scope,
			const struct meeting *m, struct server_link *ret, struct err *e)
{
	OWN_FD int log_fd = open_log(rq);
	const struct server_share share = {
		.key = key,
		.place = &m->place,
		.listen_fd = m->listen_fd,
		.linger = rq->linger >= 0 ? rq->linger : usual_linger(scope),
	};

	if (m->killed)
		log_warn("the server of '%s' was killed, for memory perhaps; programs that used it have failed",
			 rq->name);
	ret->control_fd = server_start(rq, &share, log_fd, e);
	if (ret->control_fd < 0) {
		give_back(m, key);
		return -1;
	}
	ret->shared = true;
	return 0;
}

/* As the overflow id every stranger would look like this user. */
static bool may_share(const struct server_request *rq)
{
	return rq->share && rq->record_fd < 0 && geteuid() != OVERFLOW_ID && getegid() != OVERFLOW_ID;
}

/* A server takes the first comer's limits along, as far as they are hard. */
static const char *limits_forbid(void)
{
	static const struct {
		__typeof__(RLIMIT_CPU) which; /* an enumeration in glibc, int in musl */
		rlim_t least;
		const char *why;
	} needs[] = {
		{ RLIMIT_CPU, RLIM_INFINITY, "a limit of CPU time would end a server that others use" },
		{ RLIMIT_AS, 1ull << 30, "the limit of address space is too low for a server that others use" },
		{ RLIMIT_NOFILE, 256, "the limit of open files is too low for a server that others use" },
	};
	struct rlimit now;

	for (size_t i = 0; i < ARRAY_SIZE(needs); i++)
		if (getrlimit(needs[i].which, &now) == 0 && now.rlim_max < needs[i].least)
			return needs[i].why;
	return NULL;
}

int server_find(const struct server_request *rq, struct server_link *ret, struct err *e)
{
	OWN_MEETING struct meeting m = MEETING_INIT;
	struct scope scope;
	struct key key;

	*ret = (struct server_link)SERVER_LINK_INIT;
	if (rq->engine == ENGINE_SQUASHFUSE && !engine_squashfuse()) {
		err_set(e, ERR_ENVIRONMENT, "the engine 'squashfuse' needs the program squashfuse_ll, which is not installed");
		return err_hint(e, "an administrator installs the package squashfuse (Debian, EPEL)");
	}
	if (may_share(rq)) {
		scope_here(&scope);
		if (describe_key(rq, &scope, &key, e))
			return -1;
		meet(&key, limits_forbid(), &m);
		if (m.kind == MEETING_JOINED) {
			ret->user_fd = TAKE_FD(m.ns[WIRE_USER_NS]);
			ret->mount_fd = TAKE_FD(m.ns[WIRE_MOUNT_NS]);
			ret->shared = true;
			return 0;
		}
		if (m.kind == MEETING_NONE)
			log_info("this launch shares its image server with no other: %s", m.why);
	}
	/* Asked now, since a server would be started for nothing. */
	if (access(DEVICE, R_OK | W_OK)) {
		int sys = errno;

		if (m.kind == MEETING_START)
			give_back(&m, &key);
		return no_fuse(e, sys, "cannot open '" DEVICE "'");
	}
	return m.kind == MEETING_START ? start_shared(rq, &key, &scope, &m, ret, e) : start_alone(rq, ret, e);
}

/*
 * Step two: its mount
 */

/* The kernel accepts a mount only when device and mount belong to the same user
 * namespace. */
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
	/* squashfuse_ll shows the image's owners: to this user they are strangers,
	 * whose closed directories belong to the image all the same. */
	if (rq->engine != ENGINE_SQUASHFUSE)
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

static int send_to_server(const struct server_link *l, const int fds[], size_t n, struct err *e)
{
	if (pass_send(l->control_fd, "", 1, fds, n) == 0)
		return 0;
	err_sys(e, errno, "the image server ended while it started");
	server_cause(l, e);
	return -1;
}

static int mount_alone(const struct server_request *rq, const struct server_link *l, struct err *e)
{
	OWN_FD int device_fd = open_device(e), mount_fd = -1;

	if (device_fd < 0)
		return -1;
	mount_fd = make_mount(rq, device_fd, e);
	if (mount_fd < 0 || send_to_server(l, &device_fd, 1, e))
		return -1;
	return TAKE_FD(mount_fd);
}

static int mount_shared(const struct server_request *rq, const struct server_link *l, struct err *e)
{
	OWN_FD int device_fd = open_device(e), user_fd = -1, pidfd = -1, holder_fd = -1, copy_fd = -1;
	int mount_fd;

	if (device_fd < 0)
		return -1;
	mount_fd = make_mount(rq, device_fd, e);
	if (mount_fd < 0)
		return -1;
	copy_fd = holder_make(mount_fd, &holder_fd, e);
	if (copy_fd < 0)
		return -1;
	user_fd = open("/proc/self/ns/user", O_RDONLY | O_CLOEXEC);
	pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0);
	if (user_fd < 0 || pidfd < 0)
		return err_sys(e, errno, "cannot describe this process to the image server");
	return send_to_server(l,
			      (int[WIRE_HANDED]){ [WIRE_DEVICE] = device_fd, [WIRE_HOLDER_USER] = user_fd,
						  [WIRE_HOLDER_MOUNT] = holder_fd, [WIRE_STARTER] = pidfd },
			      WIRE_HANDED, e) ?
		       -1 :
		       TAKE_FD(copy_fd);
}

int server_mount(const struct server_request *rq, struct server_link *l, struct err *e)
{
	if (l->control_fd < 0)
		return holder_fetch(l->mount_fd, e);
	return l->shared ? mount_shared(rq, l, e) : mount_alone(rq, l, e);
}

int server_wait(const struct server_link *l, struct err *e)
{
	return err_recv(l->control_fd, e) == 1 ? 0 : -1;
}

int server_cause(const struct server_link *l, struct err *e)
{
	struct pollfd wait = { .fd = l->control_fd, .events = POLLIN };
	struct err report;

	if (l->control_fd >= 0 && poll(&wait, 1, CAUSE_WAIT_MS) > 0 && err_recv(l->control_fd, &report) == 0) {
		*e = report;
		return 0;
	}
	return -1;
}
