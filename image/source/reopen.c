/* An image is told by its bytes, not by its inode: a file that was copied back
 * by an administrator is as good as the one before. What is compared stays in
 * memory: no digest is needed for a few KiB, and it cannot be fooled. */
#include "image/source/reopen.h"

#include "base/fd.h"
#include "base/str.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#define WINDOW 8192u

struct identity {
	uint64_t size;
	uint8_t begin[WINDOW], part[WINDOW];
};

struct reopen {
	int fd;		  /* borrowed */
	int dir_fd;	  /* -1: not to be had */
	char *base;	  /* the image in it */
	const char *name; /* for messages, borrowed */
	uint64_t offset;
	struct identity is;
};

static size_t window(uint64_t size, uint64_t at)
{
	return size <= at ? 0 : size - at < WINDOW ? (size_t)(size - at) : WINDOW;
}

static int identify(const struct reopen *ro, int fd, struct identity *ret, struct err *e)
{
	struct stat st;

	if (fstat(fd, &st))
		return err_sys(e, errno, "cannot examine '%s'", ro->name);
	memset(ret, 0, sizeof(*ret));
	ret->size = (uint64_t)st.st_size;
	if (fd_pread_full(fd, ret->begin, window(ret->size, 0), 0, ro->name, e))
		return -1;
	return fd_pread_full(fd, ret->part, window(ret->size, ro->offset), ro->offset, ro->name, e);
}

/* The kernel knows the path behind the name that the user gave, which may be a
 * symbolic link to another one tomorrow. O_PATH: nothing is asked of the file
 * system for it that the image's own opening did not ask. */
static void find_folder(struct reopen *ro)
{
	char link[64], path[PATH_MAX], *slash;
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", ro->fd);
	n = readlink(link, path, sizeof(path) - 1);
	if (n <= 0 || path[0] != '/')
		return;
	path[n] = '\0';
	slash = strrchr(path, '/');
	ro->base = strdup(slash + 1);
	slash[slash == path] = '\0';
	if (ro->base)
		ro->dir_fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

int reopen_new(int fd, uint64_t offset, const char *name, struct reopen **ret, struct err *e)
{
	struct reopen *ro = calloc(1, sizeof(*ro));

	if (!ro)
		return err_sys(e, ENOMEM, "cannot open '%s'", name);
	*ro = (struct reopen){ .fd = fd, .dir_fd = -1, .name = name, .offset = offset };
	if (identify(ro, fd, &ro->is, e)) {
		reopen_free(ro);
		return -1;
	}
	find_folder(ro);
	*ret = ro;
	return 0;
}

void reopen_free(struct reopen *ro)
{
	if (!ro)
		return;
	if (ro->dir_fd >= 0)
		close(ro->dir_fd);
	free(ro->base);
	free(ro);
}

int reopen_again(void *arg, struct err *e)
{
	struct reopen *ro = arg;
	OWN_FREE struct identity *now = malloc(sizeof(*now));
	OWN_FD int fd = -1;

	if (!now)
		return err_sys(e, ENOMEM, "cannot open '%s' again", ro->name);
	if (ro->dir_fd < 0)
		return err_set(e, ERR_SYSTEM, "'%s' is stale and its folder is not known", ro->name);
	/* The base name is that of a file: a link there is something else.
	 * O_NONBLOCK: so is a FIFO, and it would keep us. */
	fd = openat(ro->dir_fd, ro->base, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, errno, "cannot open '%s' again", ro->name);
	if (identify(ro, fd, now, e))
		return -1;
	if (memcmp(now, &ro->is, sizeof(*now)) != 0)
		return err_set(e, ERR_SYSTEM, "'%s' was replaced by another image while it was in use", ro->name);
	if (dup3(fd, ro->fd, O_CLOEXEC) < 0)
		return err_sys(e, errno, "cannot open '%s' again", ro->name);
	return 0;
}
