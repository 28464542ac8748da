/* Theory of operation
 *
 * DIR = PLACE/sif-UID/unpacked, all of it ours alone (0700). An image's tree is
 * DIR/KEY once it is complete; until then DIR/KEY.part, which whoever holds the
 * lock of DIR/KEY.lock may throw away: the unpacker was killed. The tree is
 * never changed after the rename, so that a launch needs no lock to use it. */
#include "runtime/unpack.h"

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/spawn.h"
#include "base/str.h"

#include <fcntl.h>
#include <ftw.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>

#define LUSTRE_SUPER_MAGIC 0x0bd00bd0
#define GPFS_SUPER_MAGIC 0x47504653
#define BEEGFS_SUPER_MAGIC 0x19830326

static bool is_network(int fd)
{
	static const unsigned long types[] = { NFS_SUPER_MAGIC, SMB_SUPER_MAGIC,  CIFS_SUPER_MAGIC,   SMB2_SUPER_MAGIC,
					       AFS_SUPER_MAGIC, CODA_SUPER_MAGIC, CEPH_SUPER_MAGIC,   LUSTRE_SUPER_MAGIC,
					       V9FS_MAGIC,	GPFS_SUPER_MAGIC, BEEGFS_SUPER_MAGIC, FUSE_SUPER_MAGIC };
	struct statfs fs;

	if (fstatfs(fd, &fs))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if ((unsigned long)fs.f_type == types[i])
			return true;
	return false;
}

/* A directory that belongs to us and nobody else can write; made when missing. */
static int own_directory(const char *path, struct err *e)
{
	struct stat st;
	int fd;

	if (mkdir(path, 0700) && errno != EEXIST)
		return err_sys(e, errno, "cannot make '%s'", path);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, errno, "cannot use '%s'", path);
	if (fstat(fd, &st) || st.st_uid != geteuid() || (st.st_mode & 022)) {
		close(fd);
		return err_set(e, ERR_ENVIRONMENT, "'%s' belongs to somebody else or can be written by others", path);
	}
	return fd;
}

/* The directory of all unpacked images. */
static int open_store(char **ret_path, struct err *e)
{
	const char *place = getenv("SIF_TMPDIR");
	OWN_FREE char *mine = NULL, *path = NULL;
	OWN_FD int mine_fd = -1, fd = -1;

	/* Not $TMPDIR, which may be of this one job: the tree serves later ones. */
	if (str_empty(place) || *place != '/')
		place = "/tmp";
	mine = xasprintf("%s/sif-%u", place, (unsigned)geteuid());
	path = xasprintf("%s/unpacked", mine);
	mine_fd = own_directory(mine, e);
	if (mine_fd < 0)
		return -1;
	if (is_network(mine_fd)) {
		err_set(e, ERR_ENVIRONMENT, "an image cannot be unpacked on the network file system of '%s'", place);
		return err_hint(e, "set SIF_TMPDIR to a directory on a disk of this node");
	}
	fd = own_directory(path, e);
	if (fd < 0)
		return -1;
	*ret_path = TAKE_PTR(path);
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int what, struct FTW *at)
{
	(void)st;
	(void)at;
	/* A directory's own mode may forbid to list it: FTW_DNR. */
	if (what == FTW_DNR)
		chmod(path, 0700);
	return remove(path) && errno != ENOENT && what != FTW_DNR ? -1 : 0;
}

static void remove_tree(const char *path)
{
	nftw(path, remove_one, 32, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

_Noreturn static void become_reader(const char *path, char *const argv[], int image_fd, int into_fd, int err_fd)
{
	if (dup2(err_fd, STDERR_FILENO) >= 0 && fcntl(image_fd, F_SETFD, 0) == 0 && fcntl(into_fd, F_SETFD, 0) == 0)
		execv(path, argv);
	_exit(127);
}

/* What the helper said on its standard error, as our error. */
static void take_message(int fd, const char *name, struct err *e)
{
	OWN_FREE char *text = NULL;
	struct err ignored;
	const char *cause = NULL, *hint = NULL;

	if (fd_read_all(fd, 65536, "sif-read", &text, NULL, &ignored) == 0) {
		cause = strstr(text, "]: ");
		hint = strstr(text, "hint: ");
	}
	if (cause)
		err_set(e, ERR_SYSTEM, "'%s': %.*s", name, (int)strcspn(cause + 3, "\n"), cause + 3);
	else if (text && *text) /* the dynamic linker's words, in a container without our libraries */
		err_set(e, ERR_SYSTEM, "unpacking '%s': %.*s", name, (int)strcspn(text, "\n"), text);
	else
		err_set(e, ERR_SYSTEM, "'%s': unpacking it failed", name);
	if (hint)
		err_hint(e, "%.*s", (int)strcspn(hint + 6, "\n"), hint + 6);
}

static int run_reader(const struct rootfs *image, int into_fd, struct err *e)
{
	char image_fd[16], offset[24], size[24], into[16];
	char *const argv[] = { (char[]){ "sif-read" }, (char[]){ "unpack" }, (char[]){ "--image-fd" }, image_fd,
			       (char[]){ "--offset" }, offset, (char[]){ "--size" }, size, (char[]){ "--into-fd" }, into,
			       NULL };
	OWN_FREE char *path = NULL;
	OWN_FD int reads = -1, writes = -1;
	struct err said;
	int p[2], status;
	pid_t pid;

	if (helper_path("sif-read", &path, e))
		return -1;
	snprintf(image_fd, sizeof(image_fd), "%d", image->fd);
	snprintf(offset, sizeof(offset), "%llu", (unsigned long long)image->offset);
	snprintf(size, sizeof(size), "%llu", (unsigned long long)image->size);
	snprintf(into, sizeof(into), "%d", into_fd);
	if (pipe2(p, O_CLOEXEC))
		return err_sys(e, errno, "cannot make a pipe");
	reads = p[0];
	writes = p[1];
	pid = fork();
	if (pid < 0)
		return err_sys(e, errno, "cannot start a process");
	if (pid == 0)
		become_reader(path, argv, image->fd, into_fd, writes);
	own_fd_(&writes);
	take_message(reads, image->name, &said);
	status = child_wait(pid, e);
	if (status > 0) {
		*e = said;
		if (!said.hint[0])
			err_hint(e, "sif-read ended with status %d; inside a container '--bind /dev/fuse' on the outer run spares the unpacking", status);
	}
	return status ? -1 : 0;
}

static int unpack_into(const struct rootfs *image, const char *part, const char *done, struct err *e)
{
	OWN_FD int fd = -1;

	remove_tree(part);
	if (mkdir(part, 0700))
		return err_sys(e, errno, "cannot make '%s'", part);
	fd = fd_open(part, O_RDONLY | O_DIRECTORY, e);
	if (fd < 0 || run_reader(image, fd, e)) {
		remove_tree(part);
		return -1;
	}
	if (fchmod(fd, 0755) || rename(part, done))
		return err_sys(e, errno, "cannot make '%s'", done);
	return 0;
}

int unpack_image(const struct rootfs *image, const char *why, char **ret_path, struct err *e)
{
	OWN_FREE char *store = NULL, *done = NULL, *part = NULL, *lock = NULL;
	OWN_FD int lock_fd = -1;
	struct stat st;

	if (fstat(image->fd, &st))
		return err_sys(e, errno, "image '%s'", image->name);
	if (open_store(&store, e))
		return -1;
	done = xasprintf("%s/%llx-%llx-%llx-%llx.%lx-%llx", store, (unsigned long long)st.st_dev,
			 (unsigned long long)st.st_ino, (unsigned long long)st.st_size,
			 (unsigned long long)st.st_mtim.tv_sec, (unsigned long)st.st_mtim.tv_nsec,
			 (unsigned long long)image->offset);
	part = xasprintf("%s.part", done);
	lock = xasprintf("%s.lock", done);
	lock_fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (lock_fd < 0)
		return err_sys(e, errno, "cannot make '%s'", lock);
	while (flock(lock_fd, LOCK_EX))
		if (errno != EINTR)
			return err_sys(e, errno, "cannot lock '%s'", lock);
	if (access(done, F_OK)) {
		log_warn("'%s' is unpacked to '%s' (%s)", image->name, done, why);
		if (unpack_into(image, part, done, e))
			return -1;
	}
	*ret_path = TAKE_PTR(done);
	return 0;
}
