/* What a source fills (tar.c, dir.c, native.c): the tree, the file system that
 * grows beside it, and what must be noticed on the way. Internal to image/pack. */
#ifndef SIF_IMAGE_PACK_PACKER_H
#define SIF_IMAGE_PACK_PACKER_H

#include "image/pack/mkfs.h"
#include "image/pack/pack.h"
#include "image/pack/tree.h"

#include <time.h>

/* A small text that the image's metadata repeat (runscript, labels, ...). */
struct packer_text {
	const struct tree_inode *inode;
	char *data; /* NUL behind it */
	size_t len;
	struct packer_text *next;
};

#define PACKER_TEXT_MAX (1u << 20)
#define PACKER_TEXTS_MAX (8u << 20) /* all of them */
#define PACKER_MACHINES 16

struct packer {
	const struct pack_options *opt;
	struct pack_stats *stats;
	struct tree tree;
	struct mkfs *mkfs;
	uint32_t newest; /* time of the youngest entry */
	struct packer_text *texts;
	size_t texts_size;
	uint64_t machines[PACKER_MACHINES]; /* programs seen, by index into the table of ELF machines */
	struct packer_text *text;	    /* where the open file's contents are kept, too */
	uint64_t at;			    /* bytes of the open file so far */
	bool attrs_open;		    /* of the entry at hand, one was kept */
	int64_t last_tick;		    /* milliseconds */
};

void packer_init(struct packer *p, const struct pack_options *opt, struct pack_stats *stats);
void packer_clear(struct packer *p);

/* Does --exclude leave this path out? */
bool packer_excluded(const struct packer *p, const char *path);

/* Fill in owner and time, checked and cut to what SquashFS holds. */
int packer_owner(struct tree_inode *i, int64_t uid, int64_t gid, struct err *e) MUST_CHECK;
void packer_time(struct packer *p, struct tree_inode *i, int64_t mtime);
int packer_device(struct tree_inode *i, uint64_t major, uint64_t minor, struct err *e) MUST_CHECK;
int packer_target(struct tree_inode *i, const char *target, struct err *e) MUST_CHECK;

/* Contents of the regular file n, size bytes in all. */
int packer_file_begin(struct packer *p, const struct tree_name *n, uint64_t size, struct err *e) MUST_CHECK;
int packer_file_data(struct packer *p, const void *data, size_t len, struct err *e) MUST_CHECK;
int packer_file_hole(struct packer *p, uint64_t len, struct err *e) MUST_CHECK;
int packer_file_end(struct packer *p, struct err *e) MUST_CHECK;

/* Extended attributes of one entry: user.* and security.capability are kept,
 * others counted. */
int packer_attr(struct packer *p, const char *name, const void *value, size_t len, struct err *e) MUST_CHECK;
int packer_attrs_end(struct packer *p, struct tree_inode *i, struct err *e) MUST_CHECK;

/* Tell the caller how far we are, at most ten times a second. */
void packer_tick(struct packer *p);
/* The text of a captured file, NULL when the tree has none at path. */
const struct packer_text *packer_text(struct packer *p, const char *path);
/* Go name of the machine most programs are for, NULL when there are none. */
const char *packer_machine(const struct packer *p);

/* The sources. Each fills p->tree; dir_fd, fd: borrowed. */
int pack_tar(struct packer *p, int fd, const char *name, struct err *e) MUST_CHECK;
int pack_dir(struct packer *p, int dir_fd, const char *name, struct err *e) MUST_CHECK;

#endif
