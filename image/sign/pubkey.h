/* Public keys of native signatures: Ed25519, ECDSA (P-256, P-384, P-521), RSA
 * from 2048 bits; checked by nettle (decision 900). */
#ifndef SIF_IMAGE_SIGN_PUBKEY_H
#define SIF_IMAGE_SIGN_PUBKEY_H

#include "base/err.h"
#include "base/own.h"

#include <stdbool.h>
#include <stddef.h>

#define PUBKEY_ID 51 /* "SHA256:", 43 digits, NUL */
#define PUBKEY_RSA_BITS 2048
#define PUBKEY_RSA_MAX 16384

struct pubkey;

/* From a PEM text: the first PUBLIC KEY or RSA PUBLIC KEY in it. name: where it
 * comes from, copied. ERR_FORMAT: no such key; a kind or size that is not
 * accepted. */
int pubkey_from_pem(const char *text, size_t len, const char *name, struct pubkey **ret, struct err *e) MUST_CHECK;
/* From a SubjectPublicKeyInfo in DER. */
int pubkey_from_der(const void *der, size_t len, const char *name, struct pubkey **ret, struct err *e) MUST_CHECK;
void pubkey_free(struct pubkey *k); /* NULL is fine */

const char *pubkey_name(const struct pubkey *k);
/* Its fingerprint as `ssh-keygen -l` prints it; key ids of signatures are this. */
const char *pubkey_id(const struct pubkey *k);
/* "ed25519", "ecdsa-p256", "rsa-4096" */
const char *pubkey_kind(const struct pubkey *k);

/* Is sig a signature of this key over the bytes? ECDSA and RSA (PKCS #1 v1.5)
 * with SHA-256. Hostile input; no error, just no. */
bool pubkey_verify(const struct pubkey *k, const void *data, size_t len, const void *sig, size_t sig_len);

#endif
