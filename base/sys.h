/* System calls that glibc 2.36 does not wrap, one wrapper each; they return
 * what the kernel returns (-1 and errno on failure). */
#ifndef SIF_BASE_SYS_H
#define SIF_BASE_SYS_H

#include <linux/openat2.h>
#include <stddef.h>
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

#endif
