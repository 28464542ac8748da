/* Images on nodes without /dev/fuse: unpacked once into a private directory of
 * this node, which every later launch of the same image finds there. */
#ifndef SIF_RUNTIME_UNPACK_H
#define SIF_RUNTIME_UNPACK_H

#include "base/err.h"
#include "base/own.h"
#include "runtime/rootfs.h"

/* Bytes that all unpacked images of a user take together, unless configured. */
#define UNPACK_LIMIT (UINT64_C(32) << 30)

/* Path of the unpacked tree of an image file, malloc'ed: in the store
 * (runtime/store.h), named by what the file is (device, inode, size, time of
 * change, offset). Unpacks it when it is not there, one process at a time; others
 * wait for that one. A network file system is refused, and so is one without room
 * for it. Says in one line what it does and why. The tree stays as long as it is
 * mounted or *ret_lease (owned) is open. */
int unpack_image(const struct rootfs *image, const char *why, char **ret_path, int *ret_lease, struct err *e) MUST_CHECK;

#endif
