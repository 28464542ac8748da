/* Add a hash tree to an image that has none, see image/verity/verity.h. */
#ifndef SIF_IMAGE_VERITY_ADD_H
#define SIF_IMAGE_VERITY_ADD_H

#include "image/verity/verity.h"

struct verity_added {
	uint32_t group; /* where the two objects are */
	bool own_group; /* it is new: the partition's was signed already, or is none */
};

/* Is there a signature over the group, or over an object of it? */
bool verity_group_signed(const struct sif_image *img, uint32_t group);

/* Hash the partition of fd (borrowed, O_RDWR) and add tree and JSON behind the
 * last object, crash-safe as sif_add is. img is as the file was read; read it
 * again afterwards. The caller has seen that there is no tree yet. progress
 * (may be NULL) is called now and then with the bytes done of part->size. */
int verity_add(int fd, const char *name, const struct sif_image *img, const struct sif_object *part,
	       void (*progress)(void *ctx, uint64_t done, uint64_t size), void *ctx, struct verity_added *ret,
	       struct err *e) MUST_CHECK;

#endif
