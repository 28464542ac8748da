/* What to say about a file name that is not there. */
#ifndef SIF_BASE_NEAR_H
#define SIF_BASE_NEAR_H

#include "base/err.h"

/* Hint at what stands in the directory of path: a name like it, none, or that
 * there is no such directory. Nothing when the directory cannot be read. */
int near_hint(const char *path, struct err *e);

#endif
