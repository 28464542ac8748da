/* Start an image server and get its mount (the launch's side; the server
 * itself is runtime/serve, the program sif-fuse). */
#ifndef SIF_RUNTIME_SERVER_START_H
#define SIF_RUNTIME_SERVER_START_H

#include "base/cpus.h"
#include "base/err.h"
#include "base/own.h"

#include <stdint.h>
#include <sys/types.h>

struct server_request {
	int image_fd;	  /* the opened image, borrowed */
	uint64_t offset;  /* where its SquashFS starts, bytes */
	uint64_t size;	  /* its length, bytes */
	const char *name; /* the image as the user named it: messages, source of the mount */
	uid_t uid;	  /* the caller's ids as the new user namespace shows them; */
	gid_t gid;	  /* every file of the image is shown as theirs */
	const char *cpus; /* where the server runs, "auto" or a list; NULL = auto */
	const struct cpus *comer; /* what the caller may run on; NULL = not known */
	int log_fd;	  /* append-only file for the server's log, borrowed; -1 = none */
	int record_fd;	  /* gets what is read first (image/squash/hot.h), borrowed; -1 = none */
	uint64_t hot_offset, hot_size; /* the image's hot list, bytes; 0 = none */
};

/* Start a server of one image and make its mount. To be called by a
 * single-threaded process inside the new user and mount namespaces, with
 * CAP_SYS_ADMIN there, before the mount is attached anywhere.
 *
 * ret_mount_fd: owned descriptor of a DETACHED mount (for move_mount(2)): read
 * only, nosuid, nodev, default_permissions, no allow_other. It may be attached
 * at once: the kernel lets the first access wait for the server.
 * ret_report_fd: owned pipe for err_recv(): end of file = the server serves;
 * else the struct err that says why it ended. Accesses to the mount of a server
 * that ended give ENOTCONN (or ECONNABORTED): read the report then. A caller
 * that does not want to wait closes it behind its own last check.
 *
 * The server is nobody's child that the later program could wait for, has its
 * own session and mount namespace, holds no descriptor but its own, and ends
 * when the last namespace with the mount is gone (or, when the mount was never
 * attached, when ret_mount_fd is closed).
 *
 * Errors: ERR_ENVIRONMENT when this node cannot serve images through FUSE (the
 * caller may unpack instead), with .sys = ENOENT (no /dev/fuse), EACCES or
 * EPERM (not permitted), ENODEV or ENXIO (no fuse module); ERR_ENVIRONMENT with
 * .sys = 0 when sif-fuse is not installed; ERR_SYSTEM for anything else.
 * Source: fsopen(2), fsmount(2), fuse(4); Linux >= 5.2. */
int server_start(const struct server_request *rq, int *ret_mount_fd, int *ret_report_fd,
		 struct err *e) MUST_CHECK;

/* The same in two halves, for a caller that has something to do in between
 * which attaches no mount: server_begin returns while a child of the caller,
 * *ret_starter, is still starting the server; server_settle waits for it. */
int server_begin(const struct server_request *rq, int *ret_mount_fd, int *ret_report_fd, pid_t *ret_starter,
		 struct err *e) MUST_CHECK;
int server_settle(pid_t starter, int report_fd, struct err *e) MUST_CHECK;

#endif
