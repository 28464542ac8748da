/* Helper programs: where they are, and running them. */
#ifndef SIF_BASE_SPAWN_H
#define SIF_BASE_SPAWN_H

#include "base/err.h"
#include "base/own.h"

#include <sys/types.h>

/* Full path of helper NAME (sif-fuse, sif-read, ...), malloc'ed: found beside
 * the running program, so that an installed tree can be moved:
 * DIR/../libexec/sif/NAME, then DIR/NAME (build tree). ERR_ENVIRONMENT when
 * neither is there. */
int helper_path(const char *name, char **ret, struct err *e) MUST_CHECK;

/* Find out where this program is, before a namespace is left. helper_path does
 * it by itself otherwise. */
int helper_remember(struct err *e) MUST_CHECK;

/* Replace this process by a helper; returns only on failure. argv[0] included. */
int helper_exec(const char *name, char *const argv[], struct err *e);

/* Wait for a child: its exit status, or 128 + signal. -1 when waiting failed. */
int child_wait(pid_t pid, struct err *e);

#endif
