/* The same image again, after its descriptor went stale (ESTALE: the file
 * system's server knows the file by another handle now, or not at all). */
#ifndef SIF_IMAGE_REOPEN_H
#define SIF_IMAGE_REOPEN_H

#include "base/err.h"
#include "base/own.h"

#include <stdint.h>

struct reopen;

/* Remember where the image behind fd stands and what it is: the folder that has
 * it now, its size, the bytes at its beginning (a SIF's header and first
 * descriptors) and at offset (a SquashFS' superblock and first data).
 * fd and name are borrowed and must outlive the result.
 * An image that has no name any more can be used and not be opened again. */
int reopen_new(int fd, uint64_t offset, const char *name, struct reopen **ret, struct err *e) MUST_CHECK;
void reopen_free(struct reopen *ro); /* NULL is fine */

/* For retry_options.reopen. Open the name again, in the folder remembered, and
 * put it in fd's place when it is the same image: reads in other threads meet
 * the old file or the new one, never a closed number. Else fd stays as it is:
 * ERR_SYSTEM, without .sys when another image stands there. Not for two threads
 * at once. */
int reopen_again(void *ro, struct err *e) MUST_CHECK;

#endif
