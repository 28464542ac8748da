#include "base/replace.h"

#include "base/fd.h"
#include "base/mem.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

static int split(struct replace *r, const char *path, struct err *e)
{
	OWN_FREE char *dir = xstrdup(path);
	char *slash = strrchr(dir, '/');

	r->path = xstrdup(path);
	if (!slash) {
		r->name = xstrdup(path);
		r->dir_fd = fd_open(".", O_RDONLY | O_DIRECTORY, e);
	} else {
		r->name = xstrdup(slash + 1);
		slash[slash == dir] = '\0';
		r->dir_fd = fd_open(dir, O_RDONLY | O_DIRECTORY, e);
	}
	if (r->dir_fd < 0) {
		err_ctx(e, "cannot create '%s'", path);
		return e->sys == ENOENT ? err_hint(e, "make the directory first: mkdir -p '%s'", dir) : -1;
	}
	if (!*r->name || strcmp(r->name, ".") == 0 || strcmp(r->name, "..") == 0) {
		err_set(e, ERR_USAGE, "'%s' names no file", path);
		return err_hint(e, "write a file's name, such as image.sif");
	}
	return 0;
}

int replace_begin(struct replace *r, const char *path, mode_t mode, struct err *e)
{
	struct stat st;

	*r = (struct replace)REPLACE_INIT;
	r->mode = mode;
	if (split(r, path, e)) {
		replace_abort(r);
		return -1;
	}
	if (fstatat(r->dir_fd, r->name, &st, 0) == 0 && S_ISDIR(st.st_mode)) {
		err_set(e, ERR_USAGE, "'%s' is a directory", path);
		err_hint(e, "name a file in it, or another file");
		replace_abort(r);
		return -1;
	}
	r->fd = openat(r->dir_fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, mode);
	if (r->fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == ENOENT || errno == EINVAL)) {
		r->part = xasprintf(".%.200s.%ld.part", r->name, (long)getpid());
		unlinkat(r->dir_fd, r->part, 0);
		r->fd = openat(r->dir_fd, r->part, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, mode);
		if (r->fd < 0) {
			free(r->part);
			r->part = NULL;
		}
	}
	if (r->fd < 0) {
		err_sys(e, errno, "cannot create '%s'", path);
		if (e->sys == EACCES || e->sys == EROFS)
			err_hint(e, "choose a directory that you can write");
		replace_abort(r);
		return -1;
	}
	return 0;
}

/* Give the nameless file a name: dst itself when it is free, else a temporary
 * one that is then renamed over dst (linkat(2) never replaces). */
static int name_it(struct replace *r, bool overwrite, struct err *e)
{
	OWN_FREE char *self = xasprintf("/proc/self/fd/%d", r->fd);

	if (r->part) {
		if (!overwrite && faccessat(r->dir_fd, r->name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
			goto exists;
	} else {
		if (linkat(AT_FDCWD, self, r->dir_fd, r->name, AT_SYMLINK_FOLLOW) == 0)
			return 0;
		if (errno != EEXIST)
			return err_sys(e, errno, "cannot name '%s'", r->path);
		if (!overwrite)
			goto exists;
		r->part = xasprintf(".%.200s.%ld.part", r->name, (long)getpid());
		unlinkat(r->dir_fd, r->part, 0);
		if (linkat(AT_FDCWD, self, r->dir_fd, r->part, AT_SYMLINK_FOLLOW))
			return err_sys(e, errno, "cannot name '%s'", r->path);
	}
	if (renameat(r->dir_fd, r->part, r->dir_fd, r->name))
		return err_sys(e, errno, "cannot rename to '%s'", r->path);
	free(r->part);
	r->part = NULL;
	return 0;
exists:
	err_set(e, ERR_USAGE, "'%s' exists already", r->path);
	return err_hint(e, "use --force to replace it");
}

int replace_commit(struct replace *r, bool overwrite, struct err *e)
{
	int rc = 0;

	if (fsync(r->fd) && errno != EINVAL)
		rc = err_sys(e, errno, "cannot write '%s' to the disk", r->path);
	if (!rc)
		rc = name_it(r, overwrite, e);
	if (!rc && fsync(r->dir_fd) && errno != EINVAL && errno != EBADF)
		rc = err_sys(e, errno, "cannot write the directory of '%s' to the disk", r->path);
	replace_abort(r);
	return rc;
}

void replace_abort(struct replace *r)
{
	int saved = errno;

	if (r->part)
		unlinkat(r->dir_fd, r->part, 0);
	if (r->fd >= 0)
		close(r->fd);
	if (r->dir_fd >= 0)
		close(r->dir_fd);
	free(r->path);
	free(r->name);
	free(r->part);
	*r = (struct replace)REPLACE_INIT;
	errno = saved;
}
