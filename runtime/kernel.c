/* Theory of operation. The kernel gives one file system (superblock, page cache)
 * to all mounts of one block device, and a loop device of "autoclear" ends with
 * its last opener, of which a mount is one. So there is nothing to run or to
 * remember: a launch looks for a loop device that shows this part of this file,
 * holds it open, makes sure that it still does, and mounts it; or it makes one.
 * /dev/loop-control is locked meanwhile: of two launches that find none, one makes
 * it. A candidate is recognized by the numbers of its file (device, inode), not
 * by its name in sysfs, which says nothing where names lead elsewhere. */
#include "runtime/kernel.h"

#include "base/fd.h"
#include "base/log.h"
#include "runtime/mount.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#define CONTROL "/dev/loop-control"
#define UNIT 4096 /* a device of whole units: the kernel reads nothing beyond its last full sector */
#define TRIES 64  /* free devices that others took meanwhile */

struct part {
	struct stat file;
	uint64_t offset, size;
};

static int hint_modprobe(const char *module, struct err *e)
{
	e->kind = ERR_ENVIRONMENT;
	e->sys = 0; /* nothing to be solved by unpacking: this engine was asked for */
	return err_hint(e, "modprobe %s; or take the engine sif, which needs none of it", module);
}

static int check_root(struct err *e)
{
	OWN_FREE char *map = NULL;
	unsigned long long inside, outside, n;

	if (geteuid() == 0 && fd_read_file("/proc/self/uid_map", 65536, &map, NULL, e) == 0 &&
	    sscanf(map, "%llu %llu %llu", &inside, &outside, &n) == 3 && !inside && !outside && n == UINT32_MAX)
		return 0;
	err_set(e, ERR_ENVIRONMENT, "the engine 'kernel' needs root, outside of containers");
	return err_hint(e, "the engines sif and squashfuse need no rights");
}

/*
 * Loop devices
 */

static bool shows(int fd, const struct part *p)
{
	const unsigned want = LO_FLAGS_READ_ONLY | LO_FLAGS_AUTOCLEAR;
	struct loop_info64 info;

	return ioctl(fd, LOOP_GET_STATUS64, &info) == 0 && info.lo_device == p->file.st_dev &&
	       info.lo_inode == p->file.st_ino && info.lo_offset == p->offset && info.lo_sizelimit == p->size &&
	       (info.lo_flags & want) == want;
}

static int open_loop(unsigned n)
{
	char path[32];

	snprintf(path, sizeof(path), "/dev/loop%u", n);
	return open(path, O_RDONLY | O_CLOEXEC);
}

/* Is it of that offset? sysfs knows without an open, which would keep somebody
 * else's device for a moment. */
static bool may_show(const char *name, const struct part *p)
{
	OWN_FILE FILE *f = NULL;
	char path[300];
	unsigned long long offset;

	snprintf(path, sizeof(path), "/sys/block/%s/loop/offset", name);
	f = fopen(path, "re");
	return f && fscanf(f, "%llu", &offset) == 1 && offset == p->offset;
}

/* An opened device, its number in *ret_n; -1. */
static int find_loop(const struct part *p, unsigned *ret_n)
{
	OWN_DIR DIR *dir = opendir("/sys/block");

	for (struct dirent *d; dir && (d = readdir(dir));) {
		OWN_FD int fd = -1;

		if (sscanf(d->d_name, "loop%u", ret_n) != 1 || !may_show(d->d_name, p))
			continue;
		fd = open_loop(*ret_n);
		if (fd >= 0 && shows(fd, p))
			return TAKE_FD(fd);
	}
	return -1;
}

static int make_loop(int control_fd, int image_fd, const struct part *p, unsigned *ret_n, struct err *e)
{
	const struct loop_config config = {
		.fd = (uint32_t)image_fd,
		.info = { .lo_offset = p->offset, .lo_sizelimit = p->size,
			  .lo_flags = LO_FLAGS_READ_ONLY | LO_FLAGS_AUTOCLEAR },
	};

	for (unsigned i = 0; i < TRIES; i++) {
		int n = ioctl(control_fd, LOOP_CTL_GET_FREE);
		OWN_FD int fd = n < 0 ? -1 : open_loop((unsigned)n);

		if (n < 0)
			return err_sys(e, errno, "cannot get a loop device");
		if (fd < 0)
			return err_sys(e, errno, "cannot open '/dev/loop%d'", n);
		*ret_n = (unsigned)n;
		if (ioctl(fd, LOOP_CONFIGURE, &config) == 0)
			return TAKE_FD(fd);
		if (errno != EBUSY)
			return err_sys(e, errno, "cannot set up '/dev/loop%d'", n);
	}
	return err_sys(e, EBUSY, "cannot get a loop device");
}

static int open_part(int image_fd, const struct part *p, bool share, unsigned *ret_n, struct err *e)
{
	OWN_FD int control = open(CONTROL, O_RDWR | O_CLOEXEC);
	int fd = -1;

	if (control < 0) {
		err_sys(e, errno, "cannot open '" CONTROL "'");
		return e->sys == ENOENT || e->sys == ENODEV || e->sys == ENXIO ? hint_modprobe("loop", e) : -1;
	}
	if (share && flock(control, LOCK_EX) == 0)
		fd = find_loop(p, ret_n);
	return fd >= 0 ? fd : make_loop(control, image_fd, p, ret_n, e);
}

static int mount_loop(unsigned n, struct err *e)
{
	char path[32];
	const char *options[] = { "source", path, "ro", NULL, NULL };
	int fd;

	snprintf(path, sizeof(path), "/dev/loop%u", n);
	fd = mount_new("squashfs", options, MOUNT_RDONLY | MOUNT_NOSUID | MOUNT_NODEV, e);
	if (fd >= 0)
		return fd;
	if (e->sys == ENODEV)
		return hint_modprobe("squashfs", e);
	if (e->sys == EINVAL || e->sys == EIO)
		err_hint(e, "the kernel cannot read this SquashFS, because of its codec perhaps, or it is not padded to 4 KiB: "
			    "dmesg tells; the engine sif can");
	return -1;
}

int kernel_mount(int image_fd, uint64_t offset, uint64_t size, bool share, struct err *e)
{
	struct part p = { .offset = offset, .size = (size + UNIT - 1) / UNIT * UNIT };
	OWN_FD int loop = -1;
	unsigned n;
	int fd;

	if (check_root(e))
		return -1;
	if (fstat(image_fd, &p.file))
		return err_sys(e, errno, "cannot examine the image");
	loop = open_part(image_fd, &p, share, &n, e);
	if (loop < 0)
		return -1;
	fd = mount_loop(n, e);
	if (fd >= 0)
		log_info("the kernel reads the image from /dev/loop%u", n);
	return fd;
}
