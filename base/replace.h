/* Replace a file atomically: the destination is the old file or the whole new
 * one, whatever happens in between, kill -9 and a full disk included.
 *
 * The new file has no name (O_TMPFILE) until it is complete and synced; where
 * the file system cannot do that (NFS, some FUSE) it carries the name
 * ".NAME.PID.part" beside the destination and is removed by replace_abort. */
#ifndef SIF_BASE_REPLACE_H
#define SIF_BASE_REPLACE_H

#include "base/err.h"
#include "base/own.h"

#include <stdbool.h>
#include <sys/types.h>

struct replace {
	int fd;	      /* the new file, O_RDWR | O_CLOEXEC; owned */
	int dir_fd;   /* the destination's directory; owned */
	char *path;   /* as the caller named it, for messages */
	char *name;   /* last component */
	char *part;   /* name of the unfinished file, NULL while it has none */
	mode_t mode;
};

#define REPLACE_INIT { .fd = -1, .dir_fd = -1 }

/* mode is masked by the umask. Fails before anything is written when the
 * directory is missing or not writable, or path is a directory. */
int replace_begin(struct replace *r, const char *path, mode_t mode, struct err *e) MUST_CHECK;
/* fsync, give the name, fsync the directory. overwrite false: an existing
 * destination is ERR_USAGE. r is cleared in either case. */
int replace_commit(struct replace *r, bool overwrite, struct err *e) MUST_CHECK;
/* Drop the unfinished file. Does nothing after a commit. */
void replace_abort(struct replace *r);

#define OWN_REPLACE OWN(replace_abort)

#endif
