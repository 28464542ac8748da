/* The image of a launch: what it is, and its tree as a mount. Opened once;
 * everything later works on the descriptor, never again on the name. */
#ifndef SIF_RUNTIME_ROOTFS_H
#define SIF_RUNTIME_ROOTFS_H

#include "base/cpus.h"
#include "base/err.h"
#include "base/own.h"
#include "runtime/server/server.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum rootfs_kind { ROOTFS_DIRECTORY, ROOTFS_SQUASH, ROOTFS_SIF };

struct rootfs {
	enum rootfs_kind kind;
	int fd;		/* owned */
	char *name;	/* as typed, for messages */
	char *path;	/* absolute */
	uint64_t offset, size; /* of the SquashFS in the file, bytes; 0, 0 for a directory */
	uint64_t hot_offset, hot_size; /* of its hot list in the file, bytes; 0, 0 = none */
	uint32_t object;       /* id of the SIF's partition */
	const char *arch;      /* "amd64", ...; "unknown"; static */
	/* should it have to be unpacked (runtime/unpack.h): */
	uint64_t unpack_limit; /* bytes for all trees together, 0 = default */
	bool overlaid;	       /* it becomes the lower layer of an overlay */
};
#define ROOTFS_INIT { .fd = -1 }

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

/* An image's tree on its way to be a mount. */
struct root_mount {
	int fd;			   /* owned: detached mount, -1 = not made yet (the kernel's is, by rootfs_serve) */
	struct server_link server; /* owned */
	enum engine engine;
	bool writable;		   /* a directory is mounted so */
	char *unpack;		   /* owned: why the image is unpacked instead of served; NULL = it is not */
	int lease_fd;		   /* owned: keeps an unpacked tree from being removed, -1 = none */
};
#define ROOT_MOUNT_INIT { .fd = -1, .server = SERVER_LINK_INIT, .lease_fd = -1 }

struct root_wishes {
	bool writable;
	bool unpack;	  /* even where the image could be served */
	bool share;	  /* its server with other launches */
	int linger;	  /* seconds that the server stays after the last of them; -1 = the usual */
	int record_fd;	  /* for its server's record, -1 = none */
	enum engine engine;
	const char *cpus; /* where its server runs, "auto" or a list; NULL = auto */
	const struct cpus *comer; /* CPUs of the caller, NULL = not known */
	const char *home; /* for the server's log */
};

/* In the caller's own namespaces: find or start what will serve r. */
int rootfs_serve(const struct rootfs *r, const struct root_wishes *wishes, struct root_mount *ret,
		 struct err *e) MUST_CHECK;
/* Inside the new ones (m->server.user_fd's where it is set): the directory
 * itself, what the server serves, or, where this node cannot serve images, the
 * tree that unpack_image made. */
int rootfs_mount(const struct rootfs *r, struct root_mount *m, struct err *e) MUST_CHECK;
void root_mount_free(struct root_mount *m);
#define OWN_ROOT_MOUNT OWN(root_mount_free)

#endif
