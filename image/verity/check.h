/* Check a whole partition against its hash tree. */
#ifndef SIF_IMAGE_VERITY_CHECK_H
#define SIF_IMAGE_VERITY_CHECK_H

#include "image/verity/verity.h"

/* Read every block of v's partition from fd (borrowed) through the tree, with
 * this many threads. name: of the image, for messages. ERR_VERIFY names the
 * first damaged block that was met. done (may be NULL) is counted up by the
 * bytes checked. */
int verity_check(int fd, const char *name, const struct verity *v, unsigned threads, _Atomic uint64_t *done,
		 struct err *e) MUST_CHECK;

#endif
