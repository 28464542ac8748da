/* Lines of keys and values, the values in one column behind the longest key. */
#ifndef SIF_CMD_LINES_H
#define SIF_CMD_LINES_H

#include "base/str.h"

#include <stdint.h>

struct lines {
	struct strv keys, values;
};

void lines_add(struct lines *l, const char *key, const char *value);
void lines_addf(struct lines *l, const char *key, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* A text from an image: escaped for a terminal. */
void lines_printable(struct lines *l, const char *key, const char *text);
/* "2020-06-30 00:01:56 +0000 UTC"; no line for a deterministic image's time; a
 * number for years that gmtime does not know. */
void lines_time(struct lines *l, const char *key, int64_t seconds);
/* Rounded to whole units of 1024: "27 KiB". */
void lines_size(struct lines *l, const char *key, int64_t size);
/* INDENT KEY MARK, at least gap spaces, VALUE; l is empty afterwards. */
void lines_print(struct lines *l, const char *indent, const char *mark, int gap, struct str *out);

#endif
