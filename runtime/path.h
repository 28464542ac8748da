/* Absolute paths as text: no file is touched. */
#ifndef SIF_RUNTIME_PATH_H
#define SIF_RUNTIME_PATH_H

#include <stdbool.h>

/* "a//b/./c/../d/" to "/a/b/d": always absolute, "/" for nothing. malloc'ed.
 * Symbolic links are unknown here; ".." is cut as text. */
char *path_clean(const char *path);
/* Clean DIR/PATH; an absolute path stands alone. malloc'ed. */
char *path_join(const char *dir, const char *path);
/* What stands behind dir in path, by whole components: "" when they are the
 * same, "/rest" below, NULL elsewhere. Both are clean. */
const char *path_below(const char *path, const char *dir);
/* Number of components of a clean path; 0 for "/". */
unsigned path_depth(const char *path);

#endif
