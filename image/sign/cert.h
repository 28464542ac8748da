/* The key of a certificate that leads to a root, for signing code: chain, usage,
 * dates at the current time, and whether one of the chain was revoked (OCSP). By
 * OpenSSL, so only programs that sign or verify by hand link this. */
#ifndef SIF_IMAGE_SIGN_CERT_H
#define SIF_IMAGE_SIGN_CERT_H

#include "base/err.h"
#include "base/str.h"
#include "image/sign/pubkey.h"

enum ocsp_mode {
	OCSP_OFF,
	OCSP_SOFT,    /* a revoked certificate is refused, no answer is a warning */
	OCSP_REQUIRE, /* each certificate needs a good answer */
};

struct cert_options {
	const char *certificate;   /* PEM file; its first certificate */
	const char *intermediates; /* PEM file of some, or NULL */
	const char *roots;	   /* PEM file of those to believe; NULL: the system's */
	enum ocsp_mode ocsp;
	const struct strv *responses; /* DER files, tried before the network; may be NULL */
};

/* "require", "soft", "off". ERR_USAGE. */
int cert_ocsp_mode(const char *word, enum ocsp_mode *ret, struct err *e) MUST_CHECK;

/* ERR_VERIFY: the certificate is not to be believed; ERR_NETWORK: whether it was
 * revoked could not be found out, and is required. */
int cert_pubkey(const struct cert_options *opt, struct pubkey **ret, struct err *e) MUST_CHECK;

#endif
