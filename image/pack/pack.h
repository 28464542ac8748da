/* Pack a tree into a SIF: the public door of image/pack.
 *
 * SOURCE is a directory, a tar file in any compression that libarchive reads by
 * itself, "-" (a tar stream on standard input) or a SquashFS file, which is
 * wrapped as it is. One pass; contents go straight into their place in the new
 * file, only names and metadata are kept in memory, nothing is written anywhere
 * else. Owners, modes, times and device nodes are recorded, never made, so no
 * privilege is needed.
 *
 * The same input gives the same bytes, on any number of threads. */
#ifndef SIF_IMAGE_PACK_PACK_H
#define SIF_IMAGE_PACK_PACK_H

#include "base/err.h"
#include "base/own.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct pack_stats {
	uint64_t entries;	/* of the source, directories and links among them */
	uint64_t bytes_in;	/* contents of files */
	uint64_t bytes_out;	/* of the image so far */
	uint64_t read, total;	/* of the source; total 0 = not known */
	uint64_t dropped_attrs; /* extended attributes and ACLs that an image does not carry */
	uint64_t ignored;	/* non-zero bytes behind the end of the archive */
};

struct pack_options {
	const char *source;
	int out_fd;	      /* empty, O_RDWR; borrowed */
	const char *out_name; /* for messages */
	bool skip_out;	      /* the destination exists already: do not pack it into itself */
	dev_t out_dev;
	ino_t out_ino;
	const char *compress;	/* NULL = zstd:3 */
	const char *block_size; /* NULL = 128K */
	unsigned jobs;		/* threads that compress; 0 = one */
	const char *arch;	/* Go name; NULL = that of the programs in the tree, else the host's */
	const char *runscript;	/* text, NULL = the source's own or a default */
	const struct strv *environment, *labels; /* K=V */
	const struct strv *exclude;		 /* patterns */
	bool no_verity; /* leave the hash tree out (image/verity) */
	bool reference; /* UUID zero, times of the reference's deterministic mode */
	bool has_epoch; /* SOURCE_DATE_EPOCH: the image's time; later times are cut to it */
	int64_t epoch;
	const char *version; /* of the program, for the labels */
	/* Called now and then from pack_image's thread. */
	void (*progress)(void *ctx, const struct pack_stats *s);
	void *progress_ctx;
};

/* Write the whole SIF to out_fd; the caller syncs and names it (base/replace.h). */
int pack_image(const struct pack_options *opt, struct pack_stats *stats, struct err *e) MUST_CHECK;

#endif
