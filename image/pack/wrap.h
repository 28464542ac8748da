/* A SquashFS file becomes a partition as it is. Internal to image/pack. */
#ifndef SIF_IMAGE_PACK_WRAP_H
#define SIF_IMAGE_PACK_WRAP_H

#include "image/pack/pack.h"
#include "image/pack/trail.h"

/* Does a file begin like a SquashFS? */
bool wrap_is_squashfs(const void *data, size_t len);

struct wrap_result {
	uint64_t size; /* bytes written, a multiple of 4096 */
	uint32_t time; /* the file system's own */
	uint32_t inodes;
	uint8_t digest[32]; /* of the bytes */
};

/* Copy the file system in fd (borrowed) to offset of out_fd; trail (or NULL) is
 * told. ERR_FORMAT when it is cut short or no SquashFS 4.0. */
int wrap_copy(int fd, const char *name, int out_fd, uint64_t offset, struct trail *trail, struct wrap_result *ret,
	      struct err *e) MUST_CHECK;

#endif
