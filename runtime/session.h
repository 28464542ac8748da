/* The session: a small tmpfs that lives as long as the container and holds
 * what is in no image and on no host: generated files, empty directories,
 * mount points, the upper layer of a writable root. Each thing is a numbered
 * entry of its top directory and is shown inside by a mount of its own. */
#ifndef SIF_RUNTIME_SESSION_H
#define SIF_RUNTIME_SESSION_H

#include "base/err.h"
#include "base/own.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct session {
	int fd; /* owned: the tmpfs */
	unsigned count;
	char name[16]; /* of the newest entry */
};
#define SESSION_INIT { .fd = -1 }

int session_open(struct session *s, uint64_t size, struct err *e) MUST_CHECK;
void session_close(struct session *s);
#define OWN_SESSION OWN(session_close)

/* A new directory: an owned O_PATH descriptor. */
int session_dir(struct session *s, mode_t mode, struct err *e) MUST_CHECK;
/* A new file with this text. */
int session_file(struct session *s, const char *text, struct err *e) MUST_CHECK;
/* The newest entry as a detached mount. attr: enum mount_flag. */
int session_mount(const struct session *s, unsigned attr, struct err *e) MUST_CHECK;

/* Attach a mount to an entry of its own. It stays out of every path: mounts can
 * be copied, and become the root, only once they stand somewhere. */
int session_attach(struct session *s, int mount_fd, struct err *e) MUST_CHECK;

/* Make the mount point PATH ("a/b/c") below dir_fd, a directory that is ours:
 * directories, and a file or directory at the end. Links are not followed. */
int make_point(int dir_fd, const char *path, bool is_file, struct err *e) MUST_CHECK;

#endif
