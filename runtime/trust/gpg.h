/* GnuPG's programs: gpgv judges OpenPGP signatures, gpg makes them. What counts
 * is what they write to --status-fd (image/sign/pgp.h), never the exit status. */
#ifndef SIF_RUNTIME_TRUST_GPG_H
#define SIF_RUNTIME_TRUST_GPG_H

#include "base/err.h"
#include "base/str.h"
#include "image/sign/pgp.h"

/* Key rings, opened: what is read is the file that was looked at. */
struct gpg_rings {
	int *fds; /* owned */
	size_t n;
};

void gpg_rings_free(struct gpg_rings *r);
#define OWN_GPG_RINGS OWN(gpg_rings_free)
/* Add a ring of public keys, binary or armored. A file that does not exist is
 * none, unless it is needed. */
int gpg_rings_add(struct gpg_rings *r, const char *path, bool needed, struct err *e) MUST_CHECK;

/* Judge a clear-signed message by the keys of the rings. plain gets the text as
 * gpgv saw it. ERR_ENVIRONMENT: there is no gpgv. */
int gpg_verify(const struct gpg_rings *rings, const char *message, size_t len, struct pgp_result *ret,
	       struct str *plain, struct err *e) MUST_CHECK;

/* Clear-sign a text with the caller's own GnuPG. key: which (fingerprint, mail
 * address), NULL = GnuPG's default. home: GNUPGHOME, NULL = the caller's. ret gets
 * the message, fingerprint that of the primary key. An agent that this call
 * started is ended. */
int gpg_sign(const char *home, const char *key, const char *text, size_t len, struct str *ret,
	     uint8_t fingerprint[PGP_FINGERPRINT], struct err *e) MUST_CHECK;

#endif
