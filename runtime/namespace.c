/* Traps met here:
 * - A process that changed its ids, or whose program file is not readable, is
 *   not "dumpable": /proc/self/uid_map belongs to root and cannot be opened for
 *   writing. PR_SET_DUMPABLE 1 makes it ours again.
 * - gid_map can be written only after setgroups was switched off.
 * - Inside its new namespace not even root has the right to map more ids than
 *   its own; that right is checked in the namespace that was left. */
#include "runtime/namespace.h"

#include "runtime/mount.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* First number of a file of /proc, -1 when it cannot be read. */
static long read_switch(const char *path)
{
	OWN_FILE FILE *f = fopen(path, "re");
	long value;

	return f && fscanf(f, "%ld", &value) == 1 ? value : -1;
}

/* Why this node refuses user namespaces, and which switch allows them. */
static int explain(int sys, const char *what, struct err *e)
{
	err_sys(e, sys, "%s", what);
	e->kind = ERR_ENVIRONMENT;
	if (sys == ENOSPC && read_switch("/proc/sys/user/max_user_namespaces") == 0)
		return err_hint(e, "user namespaces are switched off: sysctl user.max_user_namespaces must be above 0; "
				   "only an administrator can change it");
	if (sys == ENOSPC)
		return err_hint(e, "the limit of namespaces is reached: sysctl user.max_user_namespaces and "
				   "user.max_mnt_namespaces");
	if (read_switch("/proc/sys/kernel/unprivileged_userns_clone") == 0)
		return err_hint(e, "user namespaces are switched off: sysctl kernel.unprivileged_userns_clone must be 1; "
				   "only an administrator can change it");
	if (read_switch("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") > 0)
		return err_hint(e, "AppArmor restricts user namespaces: an administrator gives sif a profile with 'userns,' "
				   "or sets sysctl kernel.apparmor_restrict_unprivileged_userns to 0");
	if (sys == EINVAL || sys == ENOSYS)
		return err_hint(e, "this kernel is built without user namespaces (CONFIG_USER_NS)");
	return err_hint(e, "a surrounding container or a chroot may forbid it (seccomp); "
			   "'unshare --user --map-current-user true' shows the same");
}

static int write_map(const char *path, const char *text, struct err *e)
{
	OWN_FD int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 && errno == EACCES && prctl(PR_GET_DUMPABLE) != 1) {
		prctl(PR_SET_DUMPABLE, 1);
		fd = open(path, O_WRONLY | O_CLOEXEC);
	}
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		return err_sys(e, errno, "cannot write '%s'", path);
	return 0;
}

static int map_one(const char *path, unsigned id, struct err *e)
{
	char map[64];

	snprintf(map, sizeof(map), "%u %u 1\n", id, id);
	return write_map(path, map, e);
}

static int map_ids(uid_t uid, gid_t gid, struct err *e)
{
	if (write_map("/proc/self/setgroups", "deny", e) || map_one("/proc/self/uid_map", uid, e) ||
	    map_one("/proc/self/gid_map", gid, e))
		return -1;
	return 0;
}

/* A new network namespace has a loopback that is down; programs expect it up. */
static int raise_loopback(struct err *e)
{
	OWN_FD int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq rq = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };

	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &rq))
		return err_sys(e, errno, "cannot raise the loopback interface");
	return 0;
}

static int make_user_namespace(int others, struct err *e)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();

	if (unshare(CLONE_NEWUSER | others))
		return explain(errno, "this node does not let you make a user namespace", e);
	if (map_ids(uid, gid, e) == 0)
		return 0;
	if (e->sys == EPERM || e->sys == EACCES)
		return explain(e->sys, "this node does not let you use a user namespace", e);
	return -1;
}

static int join_user_namespace(int user_fd, int others, struct err *e)
{
	if (setns(user_fd, CLONE_NEWUSER))
		return err_sys(e, errno, "cannot enter the user namespace of the image's server");
	if (unshare(others))
		return err_sys(e, errno, "cannot make namespaces");
	return 0;
}

int namespace_enter(const struct namespaces *ns, struct err *e)
{
	int others = CLONE_NEWNS | (ns->ipc ? CLONE_NEWIPC : 0) | (ns->net ? CLONE_NEWNET : 0) |
		     (ns->uts ? CLONE_NEWUTS : 0);

	if (ns->user_fd >= 0 ? join_user_namespace(ns->user_fd, others, e) : make_user_namespace(others, e))
		return -1;
	if (mount_slave(e)) {
		if (e->sys == EPERM || e->sys == EACCES)
			return explain(e->sys, "this node does not let you mount inside a user namespace", e);
		return -1;
	}
	if (ns->hostname && sethostname(ns->hostname, strlen(ns->hostname)))
		return err_sys(e, errno, "cannot set the host name '%s'", ns->hostname);
	return ns->net ? raise_loopback(e) : 0;
}

int privileges_drop(struct err *e)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	const struct __user_cap_data_struct none[2] = { 0 };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return err_sys(e, errno, "cannot give up new privileges");
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	/* The bounding set ends at the first number that the kernel does not know. */
	for (int cap = 0; prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) == 0; cap++)
		;
	if (errno != EINVAL)
		return err_sys(e, errno, "cannot shrink the set of capabilities");
	if (syscall(SYS_capset, &head, none))
		return err_sys(e, errno, "cannot drop the capabilities");
	return 0;
}
