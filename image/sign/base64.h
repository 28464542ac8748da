/* Base64 (RFC 4648), as DSSE and PEM use it. */
#ifndef SIF_IMAGE_SIGN_BASE64_H
#define SIF_IMAGE_SIGN_BASE64_H

#include "base/str.h"

#include <stdint.h>

/* Append the bytes as text. pad: with '=' at the end. */
void base64_add(struct str *out, const void *data, size_t len, bool pad);
/* Append the decoded bytes of text. Both alphabets, padding or none; line breaks
 * and blanks are skipped. 0, or -1: something else stands there, or the last
 * digits do not make whole bytes. */
int base64_decode(const char *text, size_t len, struct str *out) MUST_CHECK;

#endif
