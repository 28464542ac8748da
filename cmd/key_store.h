/* Files in the caller's two folders, FOLDER/NAME.ENDING (runtime/trust/store.h).
 * folder: "keys" or "trust.d". Each is written whole or not at all; a private key
 * is its owner's alone from the first byte. */
#ifndef SIF_CMD_KEY_STORE_H
#define SIF_CMD_KEY_STORE_H

#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <sys/types.h>

#define KEY_FILE_MAX (64u << 10)
#define STORE_RING ".gpg"

/* malloc'ed. */
int key_path(const char *folder, const char *name, const char *ending, char **ret, struct err *e) MUST_CHECK;
/* Any file; makes its folder (0700). */
int key_write_file(const char *path, const struct str *text, mode_t mode, bool force, struct err *e) MUST_CHECK;
int key_store(const char *folder, const char *name, const char *ending, const struct str *text, bool force,
	      struct err *e) MUST_CHECK;
/* *text NULL: there is no such file. */
int key_read(const char *folder, const char *name, const char *ending, char **text, size_t *len,
	     struct err *e) MUST_CHECK;
bool key_is_stored(const char *folder, const char *name, const char *ending);

#endif
