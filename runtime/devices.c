#include "runtime/devices.h"

#include "runtime/mount.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static const char *const nodes[] = { "null", "zero", "random", "urandom", "tty" };
static const struct {
	const char *name, *target;
} links[] = {
	{ "fd", "/proc/self/fd" },	  { "stdin", "/proc/self/fd/0" },  { "stdout", "/proc/self/fd/1" },
	{ "stderr", "/proc/self/fd/2" }, { "ptmx", "pts/ptmx" },
};

int devices_make_points(int dir_fd, const char *tty, struct err *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(nodes); i++)
		if (make_point(dir_fd, nodes[i], true, e))
			return -1;
	for (size_t i = 0; i < ARRAY_SIZE(links); i++)
		if (symlinkat(links[i].target, dir_fd, links[i].name))
			return err_sys(e, errno, "cannot make the link '/dev/%s'", links[i].name);
	if (make_point(dir_fd, "pts", false, e) || make_point(dir_fd, "shm", false, e))
		return -1;
	return tty ? make_point(dir_fd, "console", true, e) : 0;
}

static int attach_at(int dev_fd, const char *name, int tree, struct err *e)
{
	OWN_FD int target = openat(dev_fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);

	if (target < 0)
		return err_sys(e, errno, "'/dev/%s'", name);
	return mount_attach(tree, target, name, e);
}

static int attach_node(int dev_fd, const char *name, const char *source, struct err *e)
{
	OWN_FD int tree = mount_clone(AT_FDCWD, source, false, MOUNT_NOSUID | MOUNT_NOEXEC, e);

	if (tree < 0)
		return err_ctx(e, "'%s'", source);
	return attach_at(dev_fd, name, tree, e);
}

int devices_attach(struct session *s, int dev_fd, const char *tty, struct err *e)
{
	/* No gid=5: only the caller's group is mapped. */
	static const char *const pts_options[] = { "newinstance", NULL, "ptmxmode", "0666", "mode", "620", NULL };
	OWN_FD int pts = -1, shm_dir = -1, shm = -1;
	char source[32];

	for (size_t i = 0; i < ARRAY_SIZE(nodes); i++) {
		snprintf(source, sizeof(source), "/dev/%s", nodes[i]);
		if (attach_node(dev_fd, nodes[i], source, e))
			return -1;
	}
	if (tty && attach_node(dev_fd, "console", tty, e))
		return -1;
	pts = mount_new("devpts", pts_options, MOUNT_NOSUID | MOUNT_NOEXEC, e);
	if (pts < 0 || attach_at(dev_fd, "pts", pts, e))
		return -1;
	shm_dir = session_dir(s, 01777, e);
	if (shm_dir < 0)
		return -1;
	shm = session_mount(s, 0, e);
	if (shm < 0 || attach_at(dev_fd, "shm", shm, e))
		return -1;
	return mount_attributes(dev_fd, false, MOUNT_RDONLY, e);
}
