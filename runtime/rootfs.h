/* The image of a launch: what it is, and its tree as a mount. Opened once;
 * everything later works on the descriptor, never again on the name. */
#ifndef SIF_RUNTIME_ROOTFS_H
#define SIF_RUNTIME_ROOTFS_H

#include "base/cpus.h"
#include "base/err.h"
#include "base/own.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum rootfs_kind { ROOTFS_DIRECTORY, ROOTFS_SQUASH, ROOTFS_SIF };

struct rootfs {
	enum rootfs_kind kind;
	int fd;		/* owned */
	int log_fd;	/* owned: for its server's log, -1 = none */
	int record_fd;	/* borrowed: for its server's record, -1 = none */
	const struct cpus *comer; /* borrowed: CPUs of the caller, NULL = not known */
	char *name;	/* as typed, for messages */
	char *path;	/* absolute */
	uint64_t offset, size; /* of the SquashFS in the file, bytes; 0, 0 for a directory */
	uint64_t hot_offset, hot_size; /* of its hot list in the file, bytes; 0, 0 = none */
	uint32_t object;       /* id of the SIF's partition */
	const char *arch;      /* "amd64", ...; "unknown"; static */
};
#define ROOTFS_INIT { .fd = -1, .log_fd = -1, .record_fd = -1 }

/* What is wanted of an image file. */
struct rootfs_want {
	bool data;	/* for a bind: data partitions, any architecture */
	uint32_t object; /* this object of a SIF, 0 = the usual one */
};

/* Open and identify. Errors: ERR_SYSTEM (missing, not readable), ERR_FORMAT (no
 * image, empty, damaged), ERR_ENVIRONMENT (of another architecture, encrypted,
 * ext3), ERR_USAGE (a name of a registry). want may be NULL. */
int rootfs_open(const char *name, const struct rootfs_want *want, struct rootfs *ret, struct err *e) MUST_CHECK;
void rootfs_free(struct rootfs *r);
#define OWN_ROOTFS OWN(rootfs_free)

/* An image's tree as a detached mount. */
struct root_mount {
	int fd;	       /* owned */
	int report_fd; /* owned: the server's report (runtime/server/start.h), -1 = no server */
	pid_t starter; /* child that is starting the server, 0 = none */
};
#define ROOT_MOUNT_INIT { .fd = -1, .report_fd = -1 }

/* Inside the new namespaces: the directory itself, or what an image server
 * will serve. writable: a directory is mounted so. unpack, or a node that cannot
 * serve images: the tree that unpack_image made. */
int rootfs_mount(const struct rootfs *r, bool writable, bool unpack, struct root_mount *ret, struct err *e) MUST_CHECK;
/* To be called before anything is attached. */
int root_mount_settle(struct root_mount *m, struct err *e) MUST_CHECK;
void root_mount_free(struct root_mount *m);
#define OWN_ROOT_MOUNT OWN(root_mount_free)

#endif
