/* Write an image anew so that what a program reads first lies together: the
 * files that were touched, in that order, at the beginning of the SquashFS, and
 * a hot list (image/squash/hot.h) that the image server reads ahead.
 *
 * Nothing is packed anew but small files' tails that change their neighbours:
 * stored blocks are copied. Names, owners, modes, times, extended attributes,
 * hard links and holes stay as they are, and so do the other objects of the SIF. A
 * hash tree is made anew; signatures over bytes that change are left out. The same
 * image and the same record give the same bytes. */
#ifndef SIF_IMAGE_PACK_REPACK_H
#define SIF_IMAGE_PACK_REPACK_H

#include "base/err.h"
#include "base/own.h"
#include "image/squash/hot.h"

#include <stddef.h>
#include <stdint.h>

struct repack_options {
	int in_fd; /* a SIF; borrowed */
	const char *in_name;
	int out_fd; /* empty, O_RDWR; borrowed */
	const char *out_name;
	const struct squash_touch *touched; /* in the order of first touch */
	size_t n;
};

struct repack_stats {
	uint64_t files, blocks; /* touched */
	uint64_t hot_bytes;	/* of the range that holds them */
	uint64_t bytes;		/* of the new image */
	unsigned left_out;	/* signatures */
};

int repack_image(const struct repack_options *opt, struct repack_stats *ret, struct err *e) MUST_CHECK;

#endif
