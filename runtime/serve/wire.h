/* What comers and a shared image server say to each other, on a SOCK_SEQPACKET
 * socket: one request with descriptors, one reply with descriptors, the end.
 *
 * WIRE_VERSION is part of the key (runtime/server/key.h): launches never talk to
 * a server of another version, so that the rest may change freely. Only `sif
 * mounts` meets other versions: the heads below keep their layout for ever. */
#ifndef SIF_RUNTIME_SERVE_WIRE_H
#define SIF_RUNTIME_SERVE_WIRE_H

#include <stdint.h>

#ifndef WIRE_VERSION /* a test builds a second one */
#define WIRE_VERSION 1
#endif
#define WIRE_MAGIC 0x46495357u /* "WSIF" in the bytes of a little-endian host */
#define WIRE_KEY_MAX 1024      /* with its NUL */

enum wire_verb {
	WIRE_JOIN = 1, /* with the key, and the comer's pidfd; answered with enum wire_namespace */
	WIRE_STATUS,   /* answered with a struct wire_status */
	WIRE_STOP,     /* end as soon as nobody is left; refused while somebody is there */
};

enum wire_answer {
	WIRE_OK,
	WIRE_OTHER_VERSION,
	WIRE_OTHER_KEY,	 /* two keys with one hash */
	WIRE_OTHER_USER, /* the comer is not of the server's user */
	WIRE_BUSY,	 /* WIRE_STOP: somebody uses the image */
	WIRE_FULL,	 /* the server can take no more comers */
	WIRE_BAD,	 /* no request */
};

/* Descriptors of the answer to WIRE_JOIN, in this order. */
enum wire_namespace { WIRE_USER_NS, WIRE_MOUNT_NS, WIRE_NAMESPACES };

struct wire_head {
	uint32_t magic, version;
	uint32_t what; /* enum wire_verb; in an answer enum wire_answer */
	uint32_t reserved;
};

struct wire_join {
	struct wire_head head;
	char key[WIRE_KEY_MAX];
};

#define WIRE_USERS 256 /* process ids in a status */

struct wire_status {
	struct wire_head head;
	uint32_t pid;	      /* of the server */
	uint32_t users;	      /* launches that are still there */
	uint32_t user[WIRE_USERS]; /* their process ids, as many as fit; 0 = of another pid namespace */
	int64_t started;      /* seconds since the epoch */
	int64_t linger;	      /* seconds after the last user; -1 = until the job step ends */
	uint64_t memory;      /* resident bytes */
	uint64_t memory_max;  /* bytes of metadata and blocks it may hold */
	uint64_t metadata, blocks; /* bytes held now */
	uint64_t reads, hits, misses; /* answered READs; blocks found and not found in memory */
	char engine[16];
	char image[4096];
};

/* The starter's one message to the server it started: the device, and for a
 * shared server the namespaces and its own pidfd. */
enum wire_hand_over { WIRE_DEVICE, WIRE_HOLDER_USER, WIRE_HOLDER_MOUNT, WIRE_STARTER, WIRE_HANDED };

#endif
