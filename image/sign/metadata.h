/* What a signature over a SIF group says: a JSON text with digests of the
 * header, of each object's descriptor and of each object's bytes. Written byte
 * for byte as other SIF programs write it (interop 2.2).
 *
 * Not covered, on purpose of the format: times and architecture in the header,
 * and group, offset and modification time of a descriptor. */
#ifndef SIF_IMAGE_SIGN_METADATA_H
#define SIF_IMAGE_SIGN_METADATA_H

#include "base/err.h"
#include "base/str.h"
#include "image/digest/digest.h"
#include "image/sif/read.h"

struct meta_digest {
	const struct digest_alg *alg;
	uint8_t value[DIGEST_MAX];
};

struct meta_object {
	uint32_t id; /* relative: from the smallest id of the group */
	struct meta_digest descriptor, object;
};

struct metadata {
	struct meta_digest header;
	struct meta_object *objects;
	size_t n;
};

void metadata_free(struct metadata *m);
#define OWN_METADATA OWN(metadata_free)

/* Smallest object id of a group; 0 when it has none. */
uint32_t metadata_base(const struct sif_image *img, uint32_t group);

/* The digests over header and descriptor that are signed. */
void metadata_header(const struct sif_image *img, const struct digest_alg *alg, struct meta_digest *ret);
void metadata_descriptor(const struct sif_image *img, const struct sif_object *o, const struct digest_alg *alg,
			 struct meta_digest *ret);
bool metadata_same(const struct meta_digest *a, const struct meta_digest *b);

void metadata_text(const struct metadata *m, struct str *out);
/* text: hostile until the signature over it was checked, and parsed as if it
 * were. ERR_FORMAT. */
int metadata_parse(const char *text, size_t len, struct metadata *ret, struct err *e) MUST_CHECK;

#endif
