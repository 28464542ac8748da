/* System calls that the C library does not wrap, one wrapper each; they return
 * what the kernel returns (-1 and errno on failure). glibc 2.36 lacks the first
 * two, musl 1.2 the others, under their usual names. */
#ifndef SIF_BASE_SYS_H
#define SIF_BASE_SYS_H

#include <linux/openat2.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

static inline int sys_openat2(int dirfd, const char *path, struct open_how *how, size_t size)
{
	return (int)syscall(SYS_openat2, dirfd, path, how, size);
}

static inline int sys_pivot_root(const char *new_root, const char *put_old)
{
	return (int)syscall(SYS_pivot_root, new_root, put_old);
}

/* The number of the mount that fd is in, 0 = not known. Of statx(2), whose
 * structure some C libraries do not declare and others without this field. */
static inline uint64_t sys_mount_id(int fd)
{
	enum { FLAGS = 0x1000 | 0x4000 /* AT_EMPTY_PATH, AT_STATX_DONT_SYNC */, MOUNT_ID = 0x1000, AT = 144 };
	union {
		uint32_t mask;
		uint64_t words[32];
	} st;

	if (syscall(SYS_statx, fd, "", FLAGS, MOUNT_ID, &st) || !(st.mask & MOUNT_ID))
		return 0;
	return st.words[AT / sizeof(st.words[0])];
}

#ifndef __GLIBC__

#include <linux/mount.h>

#ifndef OPEN_TREE_CLOEXEC
#define OPEN_TREE_CLOEXEC O_CLOEXEC
#endif

static inline int fsopen(const char *type, unsigned flags)
{
	return (int)syscall(SYS_fsopen, type, flags);
}

static inline int fsconfig(int fs_fd, unsigned cmd, const char *key, const void *value, int aux)
{
	return (int)syscall(SYS_fsconfig, fs_fd, cmd, key, value, aux);
}

static inline int fsmount(int fs_fd, unsigned flags, unsigned attributes)
{
	return (int)syscall(SYS_fsmount, fs_fd, flags, attributes);
}

static inline int open_tree(int dir_fd, const char *path, unsigned flags)
{
	return (int)syscall(SYS_open_tree, dir_fd, path, flags);
}

static inline int move_mount(int from_fd, const char *from, int to_fd, const char *to, unsigned flags)
{
	return (int)syscall(SYS_move_mount, from_fd, from, to_fd, to, flags);
}

static inline int mount_setattr(int dir_fd, const char *path, unsigned flags, struct mount_attr *attr, size_t size)
{
	return (int)syscall(SYS_mount_setattr, dir_fd, path, flags, attr, size);
}

static inline int close_range(unsigned first, unsigned last, int flags)
{
	return (int)syscall(SYS_close_range, first, last, flags);
}

#endif
#endif
