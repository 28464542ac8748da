/* The unpacked images of this user on this node (nodes without /dev/fuse):
 * PLACE/sif-UID/unpacked, PLACE being $SIF_TMPDIR or /tmp. How trees are kept,
 * used and removed is told in runtime/store.c. */
#ifndef SIF_RUNTIME_STORE_H
#define SIF_RUNTIME_STORE_H

#include "base/err.h"
#include "base/own.h"

#include <stdbool.h>
#include <stdint.h>

struct store {
	char *path;
	int fd;
};
#define STORE_INIT { .fd = -1 }

/* Make it when it is missing. ERR_ENVIRONMENT: it lies on a network file system,
 * or others may write it. */
int store_open(struct store *ret, struct err *e) MUST_CHECK;
void store_close(struct store *s);
#define OWN_STORE OWN(store_close)

/* Use the tree of key: 1 = it is there, and stays there as long as *ret_lease
 * (owned) is open or a mount of it exists; 0 = it is not there; -1. overlaid: no
 * mount will show it, so that this process must be remembered by its number. */
int store_hold(const struct store *s, const char *key, bool overlaid, int *ret_lease, struct err *e) MUST_CHECK;

/* Be the one unpacker of this user: waits for another one. *ret_lock owned. */
int store_lock(const struct store *s, int *ret_lock, struct err *e) MUST_CHECK;

/* The rest needs that lock. */

/* Remove what was begun and given up, trees of batch jobs that are over, and then
 * those that were used longest ago until need more bytes fit into limit.
 * ERR_ENVIRONMENT when they cannot. */
int store_make_room(const struct store *s, uint64_t need, uint64_t limit, struct err *e) MUST_CHECK;
/* An empty directory for a new tree of so many bytes; *ret_fd owned. */
int store_begin(const struct store *s, const char *key, uint64_t bytes, int *ret_fd, struct err *e) MUST_CHECK;
/* The tree is complete, or is given up. */
int store_finish(const struct store *s, const char *key, struct err *e) MUST_CHECK;
void store_abandon(const struct store *s, const char *key);

#endif
