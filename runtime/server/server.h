/* The image server as a launch sees it: shared with other launches where that
 * can be, started where none serves yet. The server itself is runtime/serve, the
 * program sif-fuse. */
#ifndef SIF_RUNTIME_SERVER_SERVER_H
#define SIF_RUNTIME_SERVER_SERVER_H

#include "base/cpus.h"
#include "base/err.h"
#include "base/own.h"
#include "runtime/engine.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct server_request {
	int image_fd;	  /* the opened image, borrowed */
	uint64_t offset;  /* where its SquashFS starts, bytes */
	uint64_t size;	  /* its length, bytes */
	const char *name; /* the image as the user named it: messages, source of the mount */
	uid_t uid;	  /* the caller's ids as the new user namespace shows them; */
	gid_t gid;	  /* every file of the image is shown as theirs */
	enum engine engine; /* not ENGINE_KERNEL, which has no server */
	const char *cpus; /* where the server runs, "auto" or a list; NULL = auto */
	const struct cpus *comer; /* what the caller may run on; NULL = not known */
	uint64_t hot_offset, hot_size; /* the image's hot list, bytes; 0 = none */
	int record_fd;	  /* gets what is read first (image/squash/hot.h), borrowed; -1 = none.
			     Such a server is never shared */
	int log_fd;	  /* append-only file for the server's log, borrowed; -1 = the user's */
	const char *home; /* below which the user's log is; NULL = no log */
	int linger;	  /* seconds that a shared server stays after its last user; -1 = by its scope */
	bool share;	  /* with other launches of the same key (runtime/server/key.h) */
};

/* One launch's hold on a server. */
struct server_link {
	int user_fd;	/* owned: the user namespace to enter instead of making one; -1 */
	int mount_fd;	/* owned: the holder's namespace (runtime/server/holder.h); -1 */
	int control_fd; /* owned: to the server that this launch started; -1 */
	bool shared;
};
#define SERVER_LINK_INIT { .user_fd = -1, .mount_fd = -1, .control_fd = -1 }
void server_link_free(struct server_link *l);
#define OWN_SERVER_LINK OWN(server_link_free)

/* Step one, in the caller's own namespaces, single-threaded: find a server of
 * this image, or start one, which then waits for server_mount and ends when ret
 * is freed instead. It stays in these namespaces, has a session of its own, is
 * no child of this process, and has none of its descriptors.
 * When it cannot be shared, the launch gets a server of its own, and the log says
 * why at the info level.
 * Errors: ERR_ENVIRONMENT when sif-fuse is not installed, or, with .sys set, when
 * this node cannot serve images through FUSE (the caller may unpack instead);
 * ERR_SYSTEM for anything else. */
int server_find(const struct server_request *rq, struct server_link *ret, struct err *e) MUST_CHECK;

/* Step two, inside user and mount namespaces: ret->user_fd's where it is set,
 * new ones else; with CAP_SYS_ADMIN there and single-threaded. Returns an owned
 * descriptor of a DETACHED mount (for move_mount(2)): read only, nosuid, nodev,
 * default_permissions, no allow_other. It may be attached at once: the kernel
 * lets the first access wait for the server. The server ends when the last
 * mount of the image is gone, and not before a while has passed since its last
 * user, if it is shared.
 * Errors: as server_find; .sys = ENOENT (no /dev/fuse), EACCES or EPERM (not
 * permitted), ENODEV or ENXIO (no fuse module). Source: fsopen(2), fsmount(2),
 * fuse(4); Linux >= 5.2. */
int server_mount(const struct server_request *rq, struct server_link *l, struct err *e) MUST_CHECK;

/* After an access gave ENOTCONN or ECONNABORTED: why the server ended. Waits
 * for a moment. 0 = *e was replaced by its cause. */
int server_cause(const struct server_link *l, struct err *e);

/* The server serves, or its report is in e: waits for it. Only for a server that
 * this launch started. */
int server_wait(const struct server_link *l, struct err *e) MUST_CHECK;

#endif
