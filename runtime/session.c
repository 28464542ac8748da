#include "runtime/session.h"

#include "base/fd.h"
#include "runtime/mount.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

int session_open(struct session *s, uint64_t size, struct err *e)
{
	char bytes[32];
	const char *const options[] = { "mode", "0755", "size", bytes, NULL };

	snprintf(bytes, sizeof(bytes), "%llu", (unsigned long long)size);
	s->fd = mount_new("tmpfs", options, MOUNT_NOSUID | MOUNT_NODEV, e);
	return s->fd < 0 ? -1 : mount_attach_aside(s->fd, e);
}

void session_close(struct session *s)
{
	own_fd_(&s->fd);
}

static void next_name(struct session *s)
{
	snprintf(s->name, sizeof(s->name), "%u", s->count++);
}

int session_dir(struct session *s, mode_t mode, struct err *e)
{
	int fd;

	next_name(s);
	if (mkdirat(s->fd, s->name, mode) || (fd = openat(s->fd, s->name, O_PATH | O_DIRECTORY | O_CLOEXEC)) < 0)
		return err_sys(e, errno, "cannot make a directory in memory");
	return fd;
}

int session_file(struct session *s, const char *text, struct err *e)
{
	OWN_FD int fd = -1;

	next_name(s);
	fd = openat(s->fd, s->name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0)
		return err_sys(e, errno, "cannot make a file in memory");
	return fd_write_full(fd, text, strlen(text), "file in memory", e);
}

int session_mount(const struct session *s, unsigned attr, struct err *e)
{
	return mount_clone(s->fd, s->name, false, attr | MOUNT_NOSUID | MOUNT_NODEV, e);
}

int session_attach(struct session *s, int mount_fd, struct err *e)
{
	OWN_FD int dir_fd = session_dir(s, 0755, e);

	return dir_fd < 0 ? -1 : mount_attach(mount_fd, dir_fd, "a directory in memory", e);
}

int make_point(int dir_fd, const char *path, bool is_file, struct err *e)
{
	OWN_FD int held = -1;

	while (*(path += strspn(path, "/"))) {
		size_t n = strcspn(path, "/");
		bool last = !path[n + strspn(path + n, "/")];
		char name[NAME_MAX + 1];
		int fd, bad;

		if (n > NAME_MAX)
			return err_sys(e, ENAMETOOLONG, "cannot make a mount point");
		memcpy(name, path, n);
		name[n] = '\0';
		bad = last && is_file ? mknodat(dir_fd, name, S_IFREG | 0644, 0) : mkdirat(dir_fd, name, 0755);
		if (bad && errno != EEXIST)
			return err_sys(e, errno, "cannot make the mount point '%s'", name);
		if (last)
			return 0;
		fd = openat(dir_fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0)
			return err_sys(e, errno, "cannot make the mount point '%s'", name);
		own_fd_(&held);
		dir_fd = held = fd;
		path += n;
	}
	return 0;
}
