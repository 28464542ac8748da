#include "base/fd.h"

#include "base/sys.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>

int fd_open(const char *path, int flags, struct err *e)
{
	int fd;

	/* Not open(): musl's makes a second call that sets FD_CLOEXEC again. */
	do
		fd = openat(AT_FDCWD, path, flags | O_CLOEXEC);
	while (fd < 0 && errno == EINTR);
	if (fd < 0)
		return err_sys(e, errno, "cannot open '%s'", path);
	return fd;
}

int fd_open_in_root(int root_fd, const char *path, int flags, mode_t mode, struct err *e)
{
	struct open_how how = {
		.flags = (uint64_t)(unsigned)(flags | O_CLOEXEC),
		.mode = flags & (O_CREAT | O_TMPFILE) ? mode : 0,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	int fd, tries = 0;

	/* EAGAIN: a rename or mount elsewhere raced with the walk (openat2(2)). */
	do
		fd = sys_openat2(root_fd, *path ? path : ".", &how, sizeof(how));
	while (fd < 0 && (errno == EINTR || (errno == EAGAIN && ++tries < 1000)));
	if (fd < 0) {
		int saved = errno;

		err_sys(e, saved, "cannot open '%s' in the image", path);
		if (saved == ENOSYS) {
			e->kind = ERR_ENVIRONMENT;
			err_hint(e, "sif needs openat2 (Linux 5.6 or newer)");
		}
		errno = saved;
		return -1;
	}
	return fd;
}

int fd_read_all(int fd, size_t limit, const char *what, char **ret, size_t *ret_len, struct err *e)
{
	OWN_FREE char *buf = NULL;
	size_t len = 0, cap = 0;

	for (;;) {
		ssize_t n;

		if (len + 1 >= cap) {
			size_t want = cap ? cap * 2 : 4096;
			char *more = realloc(buf, want);

			if (!more)
				return err_sys(e, ENOMEM, "cannot read '%s'", what);
			buf = more;
			cap = want;
		}
		n = read(fd, buf + len, cap - len - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, errno, "cannot read '%s'", what);
		if (n == 0)
			break;
		len += (size_t)n;
		if (len > limit)
			return err_set(e, ERR_FORMAT, "'%s' is larger than %zu bytes", what, limit);
	}
	buf[len] = '\0';
	*ret = TAKE_PTR(buf);
	if (ret_len)
		*ret_len = len;
	return 0;
}

int fd_read_file(const char *path, size_t limit, char **ret, size_t *ret_len, struct err *e)
{
	OWN_FD int fd = fd_open(path, O_RDONLY, e);

	if (fd < 0)
		return -1;
	return fd_read_all(fd, limit, path, ret, ret_len, e);
}

int fd_pread_full(int fd, void *buf, size_t n, uint64_t off, const char *what, struct err *e)
{
	char *p = buf;

	while (n) {
		ssize_t k;

		if (off > INT64_MAX)
			return err_set(e, ERR_FORMAT, "'%s': offset %llu is out of range", what,
				       (unsigned long long)off);
		k = pread(fd, p, n, (off_t)off);
		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			return err_sys(e, errno, "cannot read '%s'", what);
		if (k == 0)
			return err_set(e, ERR_FORMAT, "'%s' is truncated: it ends before byte %llu", what,
				       (unsigned long long)off + n);
		p += k;
		n -= (size_t)k;
		off += (uint64_t)k;
	}
	return 0;
}

int fd_pwrite_full(int fd, const void *buf, size_t n, uint64_t off, const char *what, struct err *e)
{
	const char *p = buf;

	while (n) {
		ssize_t k = pwrite(fd, p, n, (off_t)off);

		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			return err_sys(e, errno, "cannot write '%s'", what);
		p += k;
		n -= (size_t)k;
		off += (uint64_t)k;
	}
	return 0;
}

int fd_write_full(int fd, const void *buf, size_t n, const char *what, struct err *e)
{
	const char *p = buf;

	while (n) {
		ssize_t k = write(fd, p, n);

		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			return err_sys(e, errno, "cannot write '%s'", what);
		p += k;
		n -= (size_t)k;
	}
	return 0;
}

int fd_move_above(int fd, int low, struct err *e)
{
	int moved;

	if (fd >= low)
		return fd;
	moved = fcntl(fd, F_DUPFD_CLOEXEC, low);
	if (moved < 0)
		return err_sys(e, errno, "cannot move a descriptor");
	close(fd);
	return moved;
}

int fd_guard_standard(struct err *e)
{
	int fd;

	do {
		fd = openat(AT_FDCWD, "/dev/null", O_RDWR | O_CLOEXEC);
		if (fd < 0)
			return err_sys(e, errno, "cannot open '/dev/null'");
	} while (fd <= 2);
	close(fd);
	return 0;
}
