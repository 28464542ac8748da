#include "runtime/server/place.h"

#include "base/log.h"
#include "base/str.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>

#define LOCK_WAIT_MS 2000
#define OPEN_TRIES 8

static bool is_mine(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && st.st_uid == geteuid();
}

/* Where the n-th candidate is. sudo may leave $XDG_RUNTIME_DIR to a process of
 * another user, who must make nothing there. */
static int candidate(unsigned n, char *ret, size_t size)
{
	const char *xdg = getenv("XDG_RUNTIME_DIR");
	int len = 0;

	switch (n) {
	case 0:
		len = xdg && xdg[0] == '/' && is_mine(xdg) ? snprintf(ret, size, "%s/sif", xdg) : 0;
		break;
	case 1:
		len = snprintf(ret, size, "/run/user/%u/sif", geteuid());
		break;
	case 2:
		len = snprintf(ret, size, "/dev/shm/sif-%u", geteuid());
		break;
	case 3:
		len = snprintf(ret, size, "/tmp/sif-%u", geteuid());
		break;
	default:
		return -1;
	}
	return len > 0 && (size_t)len < size ? 0 : 1;
}

/* A socket on a file system that several nodes see is found by all and answers
 * on one. */
static bool is_local(int fd)
{
	static const unsigned long local[] = { TMPFS_MAGIC, RAMFS_MAGIC, EXT4_SUPER_MAGIC, XFS_SUPER_MAGIC,
					       BTRFS_SUPER_MAGIC, F2FS_SUPER_MAGIC, OVERLAYFS_SUPER_MAGIC,
					       0x2fc12fc1 /* ZFS */ };
	struct statfs fs;

	if (fstatfs(fd, &fs))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(local); i++)
		if ((unsigned long)fs.f_type == local[i])
			return true;
	return false;
}

static const char *distrust(int fd)
{
	struct stat st;

	if (fstat(fd, &st))
		return "it cannot be examined";
	if (st.st_uid != geteuid())
		return "it belongs to somebody else";
	if (st.st_mode & 077)
		return "others may enter it";
	if (!is_local(fd))
		return "it is not on a local file system";
	return NULL;
}

/* The last server in it removes it: it may go between the two calls. */
static int open_directory(const char *path, bool make)
{
	for (int i = 0; i < OPEN_TRIES; i++) {
		int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

		if (fd >= 0 || errno != ENOENT || !make)
			return fd;
		if (mkdir(path, 0700) && errno != EEXIST)
			return -1;
	}
	return -1;
}

int place_open(unsigned n, bool make, struct place *ret)
{
	OWN_FD int fd = -1;
	const char *why;
	int rc;

	*ret = (struct place)PLACE_INIT;
	rc = candidate(n, ret->path, sizeof(ret->path));
	if (rc)
		return rc;
	fd = open_directory(ret->path, make);
	if (fd < 0) {
		log_debug("no image servers in '%s': %s", ret->path, err_text(errno));
		return 1;
	}
	why = distrust(fd);
	if (why) {
		log_info("no image servers in '%s': %s", ret->path, why);
		return 1;
	}
	ret->fd = TAKE_FD(fd);
	return 0;
}

void place_close(struct place *p)
{
	own_fd_(&p->fd);
}

int place_lock(const struct place *p)
{
	struct stat st;

	for (int ms = 0; flock(p->fd, LOCK_EX | LOCK_NB); ms++) {
		if ((errno != EWOULDBLOCK && errno != EINTR) || ms >= LOCK_WAIT_MS)
			return -1;
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	}
	if (fstat(p->fd, &st) == 0 && st.st_nlink)
		return 0;
	place_unlock(p);
	errno = ENOENT;
	return -1;
}

void place_unlock(const struct place *p)
{
	flock(p->fd, LOCK_UN);
}

void place_name(const struct place *p, const char *name, char *ret, size_t size)
{
	snprintf(ret, size, "/proc/self/fd/%d/%s", p->fd, name);
}

/* The place, locked; its descriptor is owned. The lock must be an open file of its
 * own: the starter's descriptor and ours are one. -1 also when somebody sleeps on
 * the lock: a server's end must not wait for a process that was stopped. */
static int lock_place(int place_fd)
{
	struct place p = { .fd = openat(place_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) };

	if (p.fd >= 0 && place_lock(&p))
		place_close(&p);
	return p.fd;
}

void place_unlink(int place_fd, const char *socket, ino_t ino)
{
	OWN_FD int fd = lock_place(place_fd);
	struct stat st;

	if (fd >= 0 && fstatat(fd, socket, &st, AT_SYMLINK_NOFOLLOW) == 0 && (!ino || st.st_ino == ino))
		unlinkat(fd, socket, 0);
}

/* "sif" or "sif-UID": found by its number in the parent, since the server has no
 * other name for it. */
void place_remove(int place_fd)
{
	OWN_FD int fd = lock_place(place_fd), parent = openat(place_fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat here, there;
	char own[32];
	const char *const names[] = { "sif", own };

	snprintf(own, sizeof(own), "sif-%u", geteuid());
	if (fd < 0 || parent < 0 || fstat(fd, &here))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (fstatat(parent, names[i], &there, AT_SYMLINK_NOFOLLOW) == 0 && there.st_ino == here.st_ino &&
		    there.st_dev == here.st_dev)
			unlinkat(parent, names[i], AT_REMOVEDIR); /* refused unless it is empty */
}
