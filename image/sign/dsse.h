/* DSSE envelopes: a payload and signatures over it, in JSON (interop 2.5). */
#ifndef SIF_IMAGE_SIGN_DSSE_H
#define SIF_IMAGE_SIGN_DSSE_H

#include "base/err.h"
#include "base/str.h"

#include <stddef.h>

#define DSSE_TYPE "application/vnd.sylabs.sif-metadata+json"
#define DSSE_SIGNATURES_MAX 64

struct dsse_signature {
	char *keyid; /* "" = not said */
	struct str sig;
};

struct dsse {
	struct str payload;
	struct dsse_signature *signatures;
	size_t n;
};

void dsse_free(struct dsse *d);
#define OWN_DSSE OWN(dsse_free)

/* 1: an envelope of our payload type, in ret; 0: something else; -1: an envelope
 * with a fault (ERR_FORMAT). text: hostile. */
int dsse_parse(const char *text, size_t len, struct dsse *ret, struct err *e) MUST_CHECK;
/* The bytes that are signed for a payload. */
void dsse_pae(const char *payload, size_t len, struct str *out);
/* The envelope of one signature. */
void dsse_text(const char *payload, size_t len, const char *keyid, const void *sig, size_t sig_len, struct str *out);

#endif
