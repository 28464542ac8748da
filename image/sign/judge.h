/* Judging one signature. Internal to image/sign. */
#ifndef SIF_IMAGE_SIGN_JUDGE_H
#define SIF_IMAGE_SIGN_JUDGE_H

#include "base/str.h"
#include "image/sign/verify.h"

/* bytes: of the signature object s->object. Fills kind, verdict and signer of s;
 * payload gets the text that is signed. ERR_VERIFY: it does not count, and why;
 * other kinds: that could not be found out. */
int signature_judge(const struct str *bytes, const struct verify_options *opt, struct verify_signature *s,
		    struct str *payload, struct err *e) MUST_CHECK;

#endif
