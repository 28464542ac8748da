/* Private keys of native signatures, by OpenSSL: only programs that sign link
 * this. */
#ifndef SIF_IMAGE_SIGN_PRIVATE_H
#define SIF_IMAGE_SIGN_PRIVATE_H

#include "base/err.h"
#include "base/str.h"
#include "image/sign/pubkey.h"

struct private_key;

/* Asked when a key is encrypted: a passphrase of at most room bytes into buf;
 * its length, or -1 with *e filled. NULL: encrypted keys are refused. */
struct passphrase {
	int (*ask)(void *ctx, const char *name, char *buf, size_t room, struct err *e);
	void *ctx;
};

/* kind: "ed25519", "ecdsa-p256", "ecdsa-p384", "ecdsa-p521", "rsa-2048" to
 * "rsa-16384". ERR_USAGE. */
int private_new(const char *kind, struct private_key **ret, struct err *e) MUST_CHECK;
/* PEM: PKCS #8 (encrypted or not), PKCS #1, SEC 1. ERR_FORMAT. */
int private_from_pem(const char *text, size_t len, const char *name, const struct passphrase *pass,
		     struct private_key **ret, struct err *e) MUST_CHECK;
void private_free(struct private_key *k); /* NULL is fine */

/* PKCS #8; encrypted (AES-256, scrypt) when pass is not NULL. Clear the text
 * with private_wipe. */
int private_to_pem(const struct private_key *k, const char *pass, struct str *ret, struct err *e) MUST_CHECK;
int private_to_public_pem(const struct private_key *k, struct str *ret, struct err *e) MUST_CHECK;
const struct pubkey *private_pubkey(const struct private_key *k);
void private_wipe(void *bytes, size_t len);

/* As pubkey_verify wants it. */
int private_sign(const struct private_key *k, const void *data, size_t len, struct str *ret, struct err *e) MUST_CHECK;

#endif
