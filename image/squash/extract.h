/* Write a tree of an image below a directory of the host.
 *
 * Nothing outside of that directory is touched, whatever the image says: every
 * object is made by its parent's descriptor and one name that holds no '/', must
 * be new (no link is ever followed, nothing is overwritten), and a second entry
 * of the same name is ERR_FORMAT. Directories are the caller's own (0700) until
 * all of their entries are there. */
#ifndef SIF_IMAGE_SQUASH_EXTRACT_H
#define SIF_IMAGE_SQUASH_EXTRACT_H

#include "image/squash/squash.h"

struct squash_extract_options {
	unsigned threads; /* that unpack and write files; 0 = one */
	bool owners;	  /* chown, setuid bits and every xattr: needs root. Else the
			   * files are the caller's, setuid and setgid are dropped and
			   * only user.* attributes are set. */
};

struct squash_extract_stats {
	uint64_t files, bytes;
	uint64_t devices; /* left out: only root can make them */
	uint64_t xattrs;  /* left out: the file system refused them */
};

/* start's entries into the directory into_fd (name NULL, start a directory, whose
 * own mode and times go to into_fd as well), or start itself as name in into_fd.
 * into_fd is borrowed. When it fails, what was written so far stays. */
int squash_extract(struct squash *fs, const struct squash_inode *start, int into_fd, const char *name,
		   const struct squash_extract_options *opt, struct squash_extract_stats *ret,
		   struct err *e) MUST_CHECK;

/* One regular file into fd (empty, opened for writing), holes kept; then owner,
 * attributes, mode and times. Only opt->owners counts. */
int squash_extract_file(struct squash *fs, const struct squash_inode *file, int fd,
			const struct squash_extract_options *opt, struct squash_extract_stats *ret,
			struct err *e) MUST_CHECK;

#endif
