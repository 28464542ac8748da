/* The /dev of a contained run: fd null ptmx pts random shm stderr stdin stdout
 * tty urandom zero, and console where there is a terminal. */
#ifndef SIF_RUNTIME_DEVICES_H
#define SIF_RUNTIME_DEVICES_H

#include "base/err.h"
#include "base/own.h"
#include "runtime/session.h"

/* Links and mount points in an empty directory of the session. tty: the
 * caller's terminal or NULL. */
int devices_make_points(int dir_fd, const char *tty, struct err *e) MUST_CHECK;
/* The host's devices, a pts of its own and an empty shm upon the attached /dev;
 * nothing can be made in it afterwards. */
int devices_attach(struct session *s, int dev_fd, const char *tty, struct err *e) MUST_CHECK;

#endif
