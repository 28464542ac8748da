#include "runtime/mount.h"

#include "base/str.h"
#include "base/sys.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#ifndef AT_RECURSIVE
#define AT_RECURSIVE 0x8000
#endif

#define STACK_MAX 64 /* mounts upon one root that are believed */

/* errno of the mount family lies; say what it means here. */
static int refused(struct err *e, int sys, const char *what)
{
	err_sys(e, sys, "%s", what);
	if (sys == ENOSYS) {
		e->kind = ERR_ENVIRONMENT;
		return err_hint(e, "sif needs Linux 5.12 or newer with its mount calls not blocked by seccomp");
	}
	if (sys == ENOSPC)
		return err_hint(e, "the limit of mounts is reached: sysctl fs.mount-max");
	return -1;
}

static uint64_t attr_bits(unsigned attr)
{
	return (attr & MOUNT_RDONLY ? MOUNT_ATTR_RDONLY : 0u) | (attr & MOUNT_NOSUID ? MOUNT_ATTR_NOSUID : 0u) |
	       (attr & MOUNT_NODEV ? MOUNT_ATTR_NODEV : 0u) | (attr & MOUNT_NOEXEC ? MOUNT_ATTR_NOEXEC : 0u);
}

int mount_slave(struct err *e)
{
	if (mount(NULL, "/", NULL, MS_SLAVE | MS_REC, NULL) == 0)
		return 0;
	return refused(e, errno, "cannot part this mount namespace from the host's");
}

int mount_attributes(int mount_fd, bool nested, unsigned attr, struct err *e)
{
	struct mount_attr set = { .attr_set = attr_bits(attr) };

	if (!set.attr_set)
		return 0;
	if (mount_setattr(mount_fd, "", AT_EMPTY_PATH | (nested ? AT_RECURSIVE : 0), &set, sizeof(set)) == 0)
		return 0;
	return refused(e, errno, "cannot set a mount's attributes");
}

int mount_clone(int dir_fd, const char *path, bool nested, unsigned attr, struct err *e)
{
	OWN_FD int fd = open_tree(dir_fd, path,
				  OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (nested ? AT_RECURSIVE : 0u) |
					  (*path ? 0u : AT_EMPTY_PATH) |
					  (dir_fd == AT_FDCWD ? 0u : AT_SYMLINK_NOFOLLOW));

	if (fd < 0) {
		int sys = errno;

		refused(e, sys, "cannot copy a mount");
		if (sys == EINVAL && !nested)
			err_hint(e, "mounts below it cannot be left out inside a user namespace");
		return -1;
	}
	if (mount_attributes(fd, nested, attr, e))
		return -1;
	return TAKE_FD(fd);
}

int mount_new(const char *type, const char *const options[], unsigned attr, struct err *e)
{
	OWN_FD int fs = fsopen(type, FSOPEN_CLOEXEC);
	int fd;

	if (fs < 0)
		goto fail;
	for (size_t i = 0; options && options[i]; i += 2) {
		unsigned cmd = options[i + 1] ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG;

		if (fsconfig(fs, cmd, options[i], options[i + 1], 0))
			goto fail;
	}
	if (fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		goto fail;
	fd = fsmount(fs, FSMOUNT_CLOEXEC, (unsigned)attr_bits(attr));
	if (fd >= 0)
		return fd;
fail:
	return refused(e, errno, "cannot make a new file system"), err_ctx(e, "%s", type);
}

/* The kernel resolves a layer's name itself; /proc/self/fd leads it to the
 * opened directory whatever its path is. */
int mount_overlay(const int lower_fds[], unsigned n, int upper_fd, int work_fd, struct err *e)
{
	OWN_STR struct str lower = { 0 };
	char upper[32], work[32];
	const char *options[10] = { "userxattr", NULL, "lowerdir", NULL, NULL };

	for (unsigned i = 0; i < n; i++)
		str_addf(&lower, "%s/proc/self/fd/%d", i ? ":" : "", lower_fds[i]);
	options[3] = str_text(&lower);
	if (upper_fd >= 0) {
		snprintf(upper, sizeof(upper), "/proc/self/fd/%d", upper_fd);
		snprintf(work, sizeof(work), "/proc/self/fd/%d", work_fd);
		options[4] = "upperdir";
		options[5] = upper;
		options[6] = "workdir";
		options[7] = work;
	}
	return mount_new("overlay", options, MOUNT_NOSUID | MOUNT_NODEV, e);
}

int mount_attach(int mount_fd, int target_fd, const char *target, struct err *e)
{
	struct stat from, to;
	int sys;

	if (move_mount(mount_fd, "", target_fd, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) == 0)
		return 0;
	sys = errno;
	if (fstat(mount_fd, &from) == 0 && fstat(target_fd, &to) == 0 && S_ISDIR(from.st_mode) != S_ISDIR(to.st_mode))
		return err_sys(e, ENOTDIR, "a directory and a file cannot be mounted on each other, at '%s'", target);
	return refused(e, sys, "cannot attach a mount"), err_ctx(e, "'%s'", target);
}

int mount_attach_aside(int mount_fd, struct err *e)
{
	/* Every host has a /sys, and no launch needs the host's own any more. */
	static const char *const places[] = { "/sys", "/" };

	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		if (move_mount(mount_fd, "", AT_FDCWD, places[i], MOVE_MOUNT_F_EMPTY_PATH) == 0)
			return 0;
	return refused(e, errno, "cannot attach a mount");
}

/* Where ".." of the root leads: to the mount that is stacked highest upon it. */
static uint64_t top_of_root(void)
{
	OWN_FD int fd = open("/..", O_PATH | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? 0 : mount_id(fd);
}

/* With one directory for both, pivot_root leaves the old root stacked upon the
 * new one. umount2 of "." takes the highest of a stack, and there may be more
 * (a caller whose own root is covered): what is left must be the new root
 * alone, or ".." would lead back to the host. */
static int leave_old_root(uint64_t root, struct err *e)
{
	for (unsigned i = 0; i < STACK_MAX; i++) {
		if (umount2(".", MNT_DETACH))
			return refused(e, errno, "cannot leave the old root");
		if (top_of_root() == root)
			return 0;
	}
	return err_set(e, ERR_BUG, "the old root is still there");
}

int mount_enter(int root_fd, struct err *e)
{
	uint64_t root = mount_id(root_fd);

	if (!root || fchdir(root_fd))
		return err_sys(e, errno, "cannot enter the new root");
	if (sys_pivot_root(".", ".")) {
		int sys = errno;

		refused(e, sys, "cannot change the root");
		if (sys == EINVAL)
			err_hint(e, "the root of this node is an initramfs or no mount point: boot it with switch_root");
		return -1;
	}
	return leave_old_root(root, e);
}

uint64_t mount_id(int fd)
{
	return sys_mount_id(fd);
}
