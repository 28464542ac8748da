/* Images on nodes without /dev/fuse: unpacked once into a private directory of
 * this node, which every later launch of the same image finds there. */
#ifndef SIF_RUNTIME_UNPACK_H
#define SIF_RUNTIME_UNPACK_H

#include "base/err.h"
#include "base/own.h"
#include "runtime/rootfs.h"

/* Path of the unpacked tree of an image file, malloc'ed: below $SIF_TMPDIR, else
 * /tmp, in sif-UID/unpacked, named by what the file is (device,
 * inode, size, time, offset). Unpacks it when it is not there, one process at a
 * time; others wait for that one. A network file system is refused, and so is
 * one without room for it. Says in one line what it does and why. */
int unpack_image(const struct rootfs *image, const char *why, char **ret_path, struct err *e) MUST_CHECK;

#endif
