/* The tree of an image while it is packed: names and metadata, no contents.
 *
 * A name and the inode that it shows are two things, as in a file system: a
 * hard link is a second name of one inode, and a name that a later entry of the
 * archive replaces gets another inode while other names keep the old one.
 *
 * Paths are an archive's: any bytes but NUL, relative to the image's root.
 * Everything stays beneath that root: ".." is refused, a symbolic link in the
 * middle of a path is resolved as if the root were "/" (at most 40 of them), and
 * no name of the host is ever looked up. Dies on out of memory. */
#ifndef SIF_IMAGE_PACK_TREE_H
#define SIF_IMAGE_PACK_TREE_H

#include "base/err.h"
#include "base/own.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define TREE_NAME_MAX 255
#define TREE_PATH_MAX 4095
#define TREE_NO_XATTR 0xffffffffu

struct sqfs_inode_generic_t;

struct tree_inode {
	mode_t mode;
	uint32_t uid, gid, mtime;
	uint32_t rdev;  /* as SquashFS stores it */
	uint32_t xattr; /* index in the table of sets, TREE_NO_XATTR = none */
	uint32_t nlink, number; /* filled by tree_finish */
	bool implied; /* no entry named this directory: its time is the image's */
	bool written; /* ref is valid */
	uint64_t ref; /* place in the inode table */
	char *target; /* of a symbolic link; owned */
	struct sqfs_inode_generic_t *file; /* blocks of a regular file; owned */
	struct tree_inode *next;
};

struct tree_name {
	struct tree_inode *inode; /* NULL = a later entry removed it */
	struct tree_name *parent, *children, *sibling, *chain;
	uint32_t hash;
	uint32_t len;
	char name[];
};

struct tree {
	struct tree_name *root;
	struct tree_inode *inodes; /* all that ever were: the packer's threads may still fill replaced ones */
	struct tree_name **table;
	size_t names, slots;
	uint32_t count; /* of inodes with a name; filled by tree_finish */
};

/* A tree with a root directory (0755, owner 0). */
void tree_init(struct tree *t);
void tree_free(struct tree *t);
#define OWN_TREE OWN(tree_free)

/* The name at path, made when it is not there (then its inode is NULL), with
 * its parents as implied directories. "", "." and "/" are the root. Errors:
 * ERR_FORMAT for "..", a parent that is no directory, a loop, a name too long. */
int tree_place(struct tree *t, const char *path, struct tree_name **ret, struct err *e) MUST_CHECK;
/* 1 and the name at path, 0 when there is none; a symbolic link in the last
 * component is not followed. */
int tree_find(struct tree *t, const char *path, struct tree_name **ret, struct err *e) MUST_CHECK;
/* The child of a directory, NULL when there is none. */
struct tree_name *tree_child(struct tree *t, struct tree_name *dir, const char *name);

/* Give n an inode of the type in mode. A directory on a directory keeps it and
 * its children; anything else replaces what was there, children included. The
 * root stays a directory: other types are ERR_FORMAT. */
int tree_set(struct tree *t, struct tree_name *n, mode_t mode, struct tree_inode **ret, struct err *e) MUST_CHECK;
/* Make n another name of what target shows (no directory). */
int tree_link(struct tree *t, struct tree_name *n, struct tree_name *target, struct err *e) MUST_CHECK;

/* The path of n without a leading slash, for messages and tests. */
void tree_path(const struct tree_name *n, struct str *out);

/* Drop the removed names of one directory and order the others by their bytes. */
void tree_sort(struct tree_name *dir);
/* No more changes: drop removed names, sort each directory by its bytes, give
 * implied directories the time, count links and number the inodes: children
 * before their directory, the root last, 1 to t->count. */
void tree_finish(struct tree *t, uint32_t time);

#endif
