/* Theory of operation. A detached mount cannot be copied (before Linux 6.15), an
 * attached one only by a process in its mount namespace. So the image's mount is
 * attached in a namespace made for that, which stands empty otherwise: a copy of
 * the caller's table would keep the host's devices busy and automounts alive for
 * as long as the server stays. A comer goes there for one open_tree(2) and comes
 * back to its own, current table. The server holds the namespace by a descriptor
 * and is not in it, or it would never see the end of its own mount.
 *
 * The image is attached below a tmpfs and never looked into here: whoever asks a
 * FUSE mount for an inode before its server serves waits for it. */
#include "runtime/server/holder.h"

#include "runtime/mount.h"
#include "runtime/session.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>

#define IMAGE "image"

static int open_own(struct err *e)
{
	int fd = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);

	return fd < 0 ? err_sys(e, errno, "cannot open this mount namespace") : fd;
}

/* Which directory is "/"? A process in a chroot would come back elsewhere. */
struct root {
	dev_t dev;
	ino_t ino;
	uint64_t mount;
};

static int look_at_root(struct root *ret, struct err *e)
{
	OWN_FD int fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		return err_sys(e, errno, "cannot open '/'");
	*ret = (struct root){ .dev = st.st_dev, .ino = st.st_ino, .mount = mount_id(fd) };
	return 0;
}

static int come_back(int own_fd, const struct root *before, struct err *e)
{
	struct root now;

	if (setns(own_fd, CLONE_NEWNS))
		return err_sys(e, errno, "cannot come back to this mount namespace");
	if (look_at_root(&now, e))
		return -1;
	if (now.dev == before->dev && now.ino == before->ino && now.mount == before->mount)
		return 0;
	err_set(e, ERR_ENVIRONMENT, "this process is in a chroot, where images cannot be mounted");
	return err_hint(e, "the kernel does not let a process in a chroot make a user namespace; start sif outside of it");
}

static int copy_image(struct err *e)
{
	return mount_clone(AT_FDCWD, "/" IMAGE, false, 0, e);
}

/* Turns the namespace that was just made into the holder. */
static int furnish(int mount_fd, struct err *e)
{
	static const char *const options[] = { "mode", "0700", "size", "4096", NULL };
	OWN_FD int room = mount_new("tmpfs", options, MOUNT_NOSUID | MOUNT_NODEV | MOUNT_NOEXEC, e), point = -1;

	if (room < 0 || mount_attach_aside(room, e) || make_point(room, IMAGE, false, e))
		return -1;
	point = openat(room, IMAGE, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (point < 0)
		return err_sys(e, errno, "cannot open the image's mount point");
	return mount_attach(mount_fd, point, "/" IMAGE, e) ? -1 : mount_enter(room, e);
}

int holder_make(int mount_fd, int *ret_ns, struct err *e)
{
	OWN_FD int image = mount_fd, own = open_own(e), ns = -1, copy = -1;
	struct root before;

	if (own < 0 || look_at_root(&before, e))
		return -1;
	if (unshare(CLONE_NEWNS))
		return err_sys(e, errno, "cannot make a mount namespace for the image");
	ns = open_own(e);
	if (ns < 0 || furnish(image, e))
		return -1;
	copy = copy_image(e);
	if (copy < 0 || come_back(own, &before, e))
		return -1;
	*ret_ns = TAKE_FD(ns);
	return TAKE_FD(copy);
}

int holder_fetch(int ns_fd, struct err *e)
{
	OWN_FD int own = open_own(e), copy = -1;
	struct root before;

	if (own < 0 || look_at_root(&before, e))
		return -1;
	if (setns(ns_fd, CLONE_NEWNS))
		return err_sys(e, errno, "cannot enter the image server's mount namespace");
	copy = copy_image(e);
	if (come_back(own, &before, e) || copy < 0)
		return -1;
	return TAKE_FD(copy);
}
