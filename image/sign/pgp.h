/* What GnuPG says of an OpenPGP signature: its status lines alone count. The
 * exit status does not: it is 0 for keys that are expired or revoked. */
#ifndef SIF_IMAGE_SIGN_PGP_H
#define SIF_IMAGE_SIGN_PGP_H

#include "base/own.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is known of a signature, native ones too. */
enum verdict {
	VERDICT_GOOD,
	VERDICT_EXPIRED_KEY, /* good, by a key that is past its date */
	VERDICT_REVOKED_KEY, /* good, by a key that its owner took back */
	VERDICT_EXPIRED,     /* good, the signature's own date is past */
	VERDICT_UNKNOWN,     /* by a key that is not known here */
	VERDICT_INVALID,     /* not a signature of what it should sign */
};

/* "good", "expired-key", ... */
const char *verdict_word(enum verdict v);

#define PGP_FINGERPRINT 20

struct pgp_result {
	enum verdict verdict;
	char name[256];			      /* user id, "" when not known */
	uint8_t fingerprint[PGP_FINGERPRINT]; /* of the primary key; of the issuer when unknown */
	bool has_fingerprint;		      /* not for keys of version 6, whose fingerprints are longer */
	char key[65];			      /* what the message calls the key, upper-case digits */
};

/* text: status lines ("[GNUPG:] GOODSIG ..."). Anything that is not exactly one
 * signature, judged, is VERDICT_INVALID. */
void pgp_parse_status(const char *text, size_t len, struct pgp_result *ret);

#endif
