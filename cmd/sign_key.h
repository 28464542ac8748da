/* Which private key is meant. */
#ifndef SIF_CMD_SIGN_KEY_H
#define SIF_CMD_SIGN_KEY_H

#include "image/sign/private.h"

/* word: a file, or the name of one of the caller's keys; NULL: the key 'default',
 * or the only one there is. passphrase_file may be NULL: it is asked for. */
int sign_key_load(const char *word, char *passphrase_file, struct private_key **ret, struct err *e) MUST_CHECK;

#endif
