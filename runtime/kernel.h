/* The engine kernel: an image's SquashFS mounted by the kernel from a loop
 * device. For root in the initial user namespace: the kernel reads no file system
 * out of a file for anybody else. */
#ifndef SIF_RUNTIME_KERNEL_H
#define SIF_RUNTIME_KERNEL_H

#include "base/err.h"
#include "base/own.h"

#include <stdbool.h>
#include <stdint.h>

/* Returns an owned descriptor of a detached mount: read only, nosuid, nodev. To be
 * called before a user namespace is entered, and attached inside of it.
 * image_fd: borrowed. offset, size: of the SquashFS, bytes. share: with every
 * other launch on the same file, through one loop device; else a device for this
 * one. Nothing has to be cleaned up: the device belongs to the mount and goes with
 * its last user, however that ends.
 * Errors: ERR_ENVIRONMENT: not root, no loop devices, no SquashFS in the kernel;
 * ERR_SYSTEM. Source: loop(4), linux/loop.h; Linux >= 5.8 (LOOP_CONFIGURE). */
int kernel_mount(int image_fd, uint64_t offset, uint64_t size, bool share, struct err *e) MUST_CHECK;

#endif
