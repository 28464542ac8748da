/* The mount family, and its only caller in the launch (runtime/server/server.c
 * makes the image's own mount). Everything is done by descriptor: a detached
 * mount is made (fsmount, open_tree), given its attributes, and attached to an
 * opened target; no path is looked up between check and use.
 * Source: fsopen(2), fsmount(2), open_tree(2), move_mount(2),
 * mount_setattr(2); Linux >= 5.12. */
#ifndef SIF_RUNTIME_MOUNT_H
#define SIF_RUNTIME_MOUNT_H

#include "base/err.h"
#include "base/own.h"

#include <stdbool.h>
#include <stdint.h>

enum mount_flag {
	MOUNT_RDONLY = 1,
	MOUNT_NOSUID = 2,
	MOUNT_NODEV = 4,
	MOUNT_NOEXEC = 8,
};

/* All mounts of this namespace receive from their peers and send nothing. */
int mount_slave(struct err *e) MUST_CHECK;

/* Detached copies, owned descriptors. name is for messages. */

/* Of PATH below dir_fd ("" = dir_fd itself), which must lie in this mount
 * namespace; a symbolic link at the end is not followed when path has a
 * dir_fd. nested: with the mounts below. */
int mount_clone(int dir_fd, const char *path, bool nested, unsigned attr, struct err *e) MUST_CHECK;
/* A new instance: tmpfs, proc, sysfs, devpts, mqueue. options: "key", "value",
 * ..., NULL; a value of NULL makes the key a flag; may be NULL. */
int mount_new(const char *type, const char *const options[], unsigned attr, struct err *e) MUST_CHECK;
/* An overlay; lower: descriptors, topmost first. upper_fd -1: read only. */
int mount_overlay(const int lower_fds[], unsigned n, int upper_fd, int work_fd, struct err *e) MUST_CHECK;

/* Change the attributes of an attached or detached mount. */
int mount_attributes(int mount_fd, bool nested, unsigned attr, struct err *e) MUST_CHECK;
/* Attach at an opened directory or file; mount_fd then refers to the attached
 * mount. target names it in messages. */
int mount_attach(int mount_fd, int target_fd, const char *target, struct err *e) MUST_CHECK;
/* Attach in the old tree, at a place that nobody will look at again. */
int mount_attach_aside(int mount_fd, struct err *e) MUST_CHECK;
/* root_fd, attached, becomes the root and the current directory of this
 * namespace; the old tree is detached. */
int mount_enter(int root_fd, struct err *e) MUST_CHECK;

/* Number that tells mounts apart; 0 when it cannot be had. */
uint64_t mount_id(int fd);

#endif
