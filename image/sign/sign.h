/* Sign a SIF image: what is signed, and the signature as an object. */
#ifndef SIF_IMAGE_SIGN_SIGN_H
#define SIF_IMAGE_SIGN_SIGN_H

#include "image/sign/metadata.h"

/* Digests (SHA-256, as all signers write) of header, descriptors and bytes.
 * only: one object of the group, NULL = all. done (may be NULL) counts bytes.
 * ERR_USAGE: the group has no objects. */
int sign_metadata(int fd, const char *name, const struct sif_image *img, uint32_t group, const struct sif_object *only,
		  _Atomic uint64_t *done, struct metadata *ret, struct err *e) MUST_CHECK;

/* Add a signature over a group: bytes is an envelope or a clear-signed message,
 * fingerprint that of an OpenPGP key (20 bytes) or NULL. Crash-safe (sif_add). */
int sign_add(int fd, const char *name, uint32_t group, const char *bytes, size_t len, const uint8_t *fingerprint,
	     struct err *e) MUST_CHECK;

#endif
