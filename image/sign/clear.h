/* Clear-signed OpenPGP messages (RFC 9580, section 7), and ASCII armor.
 * Framing only: GnuPG judges the signature. A message is all of an object's
 * bytes: whatever stands before or behind it is refused, so that nobody reads a
 * text that was not signed. */
#ifndef SIF_IMAGE_SIGN_CLEAR_H
#define SIF_IMAGE_SIGN_CLEAR_H

#include "base/err.h"
#include "base/str.h"

#define CLEAR_LEGACY "SIFHASH:\n" /* how the text of a signature before 2020 begins */

/* Does it begin as such a message? */
bool clear_is(const char *text, size_t len);
/* The signed text: dashes unescaped, the last line break left out. ERR_FORMAT. */
int clear_text(const char *text, size_t len, struct str *ret, struct err *e) MUST_CHECK;

/* The bytes inside an armor of this kind ("PGP PUBLIC KEY BLOCK"); the checksum
 * line is optional and not looked at. ERR_FORMAT. */
int clear_dearmor(const char *text, size_t len, const char *kind, struct str *ret, struct err *e) MUST_CHECK;

/* The same for PEM (RFC 7468), whose blocks have no headers and no checksum:
 * the first block of this kind. */
int pem_decode(const char *text, size_t len, const char *kind, struct str *ret, struct err *e) MUST_CHECK;

#endif
