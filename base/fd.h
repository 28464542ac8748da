/* Descriptors: born CLOEXEC, read and written whole, names resolved beneath a
 * root descriptor only. All return 0 or -1 with *e filled, unless said. */
#ifndef SIF_BASE_FD_H
#define SIF_BASE_FD_H

#include "base/err.h"
#include "base/own.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* open(2) of a name in the caller's own view; O_CLOEXEC is added.
 * Returns an owned descriptor or -1. */
int fd_open(const char *path, int flags, struct err *e) MUST_CHECK;

/* openat2(2) with RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS: every symbolic link
 * and ".." of path is resolved as if root_fd were "/"; retried on EAGAIN.
 * There is no fallback to a plain open. Returns an owned descriptor or -1 with
 * errno set and e filled. */
int fd_open_in_root(int root_fd, const char *path, int flags, mode_t mode, struct err *e) MUST_CHECK;

/* Read to end of file into *ret (malloc'ed, NUL behind the last byte). More
 * than limit bytes is ERR_FORMAT. what names the subject in messages. */
int fd_read_all(int fd, size_t limit, const char *what, char **ret, size_t *ret_len, struct err *e) MUST_CHECK;
/* Same for a file by name. */
int fd_read_file(const char *path, size_t limit, char **ret, size_t *ret_len, struct err *e) MUST_CHECK;

/* Exactly n bytes at off; a shorter file is ERR_FORMAT "truncated". */
int fd_pread_full(int fd, void *buf, size_t n, uint64_t off, const char *what, struct err *e) MUST_CHECK;
int fd_pwrite_full(int fd, const void *buf, size_t n, uint64_t off, const char *what, struct err *e) MUST_CHECK;
int fd_write_full(int fd, const void *buf, size_t n, const char *what, struct err *e) MUST_CHECK;

/* Descriptors 0 to 2 that the caller closed stay closed for the program, but no
 * file of ours may take their numbers: a message would go into it. */
int fd_guard_standard(struct err *e) MUST_CHECK;

/* Move a descriptor to a number >= low, CLOEXEC kept; the old one is closed. */
int fd_move_above(int fd, int low, struct err *e) MUST_CHECK;

#endif
