/* Digests: the SHA-2 family, by nettle (decision 900). Nothing here fails. */
#ifndef SIF_IMAGE_DIGEST_H
#define SIF_IMAGE_DIGEST_H

#include <nettle/sha2.h>
#include <stddef.h>
#include <stdint.h>

#define DIGEST_MAX 64  /* bytes of the longest digest */
#define DIGEST_SHA256 32
#define DIGEST_TEXT (12 + 2 * DIGEST_MAX) /* "sha512_256:HEX" and the final NUL */

/* One algorithm; the table ends with .name = NULL. */
struct digest_alg {
	const char *name; /* as signed metadata and SIF tools spell it */
	size_t len;
	const void *nettle;
};
extern const struct digest_alg digest_algs[];

/* NULL when there is none of that name. */
const struct digest_alg *digest_find(const char *name, size_t len);

struct digest {
	const struct digest_alg *alg;
	union {
		struct sha256_ctx sha256;
		struct sha512_ctx sha512;
	} ctx;
};

void digest_init(struct digest *d, const struct digest_alg *alg);
void digest_add(struct digest *d, const void *data, size_t len);
/* ret has d->alg->len bytes; d may be initialised again. */
void digest_end(struct digest *d, uint8_t *ret);

/* All at once. */
void digest_sha256(const void *data, size_t len, uint8_t ret[DIGEST_SHA256]);

/* Lower-case hexadecimal digits with a NUL: ret has 2 * len + 1 bytes. */
void digest_hex(const uint8_t *bytes, size_t len, char *ret);
/* Exactly 2 * len digits, either case. 0 or -1. */
int digest_unhex(const char *text, size_t text_len, uint8_t *ret, size_t len);

#endif
