/* Memory for programs: out of memory ends the program with one message
 * (exit status 125). Sizes that come from an image never go through here:
 * bound them, call malloc, and report a struct err. */
#ifndef SIF_BASE_MEM_H
#define SIF_BASE_MEM_H

#include <stddef.h>

void *xmalloc(size_t n) __attribute__((returns_nonnull, warn_unused_result));
void *xcalloc(size_t n, size_t size) __attribute__((returns_nonnull, warn_unused_result));
void *xreallocarray(void *p, size_t n, size_t size) __attribute__((returns_nonnull, warn_unused_result));
char *xstrdup(const char *s) __attribute__((returns_nonnull, warn_unused_result));
/* NULL stays NULL. */
char *xstrdup_or_null(const char *s) __attribute__((warn_unused_result));
char *xstrndup(const char *s, size_t n) __attribute__((returns_nonnull, warn_unused_result));
char *xasprintf(const char *fmt, ...) __attribute__((returns_nonnull, warn_unused_result, format(printf, 1, 2)));

#endif
