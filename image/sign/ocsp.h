/* OCSP (RFC 6960) for the certificates of a chain. Internal to image/sign. */
#ifndef SIF_IMAGE_SIGN_OCSP_H
#define SIF_IMAGE_SIGN_OCSP_H

#include "image/sign/cert.h"

#include <openssl/x509.h>

/* Each certificate of the chain but self-signed ones: from opt's stored answers,
 * else by asking the responder that the certificate names (HTTP, 10 s). */
int ocsp_check(STACK_OF(X509) * chain, STACK_OF(X509) * intermediates, X509_STORE *store,
	       const struct cert_options *opt, struct err *e) MUST_CHECK;

#endif
