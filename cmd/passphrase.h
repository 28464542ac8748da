/* Where a passphrase comes from: the terminal or a file, never the command line. */
#ifndef SIF_CMD_PASSPHRASE_H
#define SIF_CMD_PASSPHRASE_H

#include "base/err.h"
#include "base/own.h"

#include <stddef.h>

#define PASSPHRASE_MAX 1024

/* Ask on the terminal, without echo. Its length, or -1: ERR_USAGE when there is
 * no terminal or nothing was typed. */
int passphrase_ask(const char *prompt, char *buf, size_t room, struct err *e) MUST_CHECK;
/* The same twice, for a new one. */
int passphrase_new(char *buf, size_t room, struct err *e) MUST_CHECK;
/* The first line of a file. */
int passphrase_read(const char *path, char *buf, size_t room, struct err *e) MUST_CHECK;

/* For struct passphrase of image/sign/private.h; ctx: path of a file, or NULL. */
int passphrase_for_key(void *ctx, const char *name, char *buf, size_t room, struct err *e);

#endif
