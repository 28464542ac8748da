/* The image of a launch: what it is, and its tree as a mount. Opened once;
 * everything later works on the descriptor, never again on the name. */
#ifndef SIF_RUNTIME_ROOTFS_H
#define SIF_RUNTIME_ROOTFS_H

#include "base/err.h"
#include "base/own.h"

#include <stdbool.h>
#include <stdint.h>

enum rootfs_kind { ROOTFS_DIRECTORY, ROOTFS_SQUASH, ROOTFS_SIF };

struct rootfs {
	enum rootfs_kind kind;
	int fd;		/* owned */
	int log_fd;	/* owned: for its server's log, -1 = none */
	char *name;	/* as typed, for messages */
	char *path;	/* absolute */
	uint64_t offset, size; /* of the SquashFS in the file, bytes; 0, 0 for a directory */
	uint32_t object;       /* id of the SIF's partition */
	const char *arch;      /* "amd64", ...; "unknown"; static */
};
#define ROOTFS_INIT { .fd = -1, .log_fd = -1 }

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

/* Its tree as a detached mount, inside the new namespaces: the directory
 * itself, or a server's mount; *ret_report is then the server's report pipe
 * (runtime/server/start.h), else -1. writable: a directory is mounted so.
 * unpack, or a node that cannot serve images: the tree that unpack_image made. */
int rootfs_mount(const struct rootfs *r, bool writable, bool unpack, int *ret_mount, int *ret_report,
		 struct err *e) MUST_CHECK;

#endif
