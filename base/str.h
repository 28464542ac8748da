/* Growable strings and argv-shaped lists.
 * Invariants: a struct str that was zeroed is a valid empty string; .s is
 * NUL-terminated whenever .s is not NULL; bytes before .len may contain NUL.
 * A strv's .v is always NULL-terminated once anything was added; it owns its
 * strings. Both die on out of memory (base/mem.h). */
#ifndef SIF_BASE_STR_H
#define SIF_BASE_STR_H

#include "base/own.h"

#include <stdbool.h>
#include <stddef.h>

struct str {
	char *s;
	size_t len, cap;
};

void str_free(struct str *b);
void str_clear(struct str *b); /* keeps the memory */
void str_cut(struct str *b, size_t len); /* to at most len bytes */
void str_add(struct str *b, const char *s);
void str_addn(struct str *b, const void *data, size_t n);
void str_addc(struct str *b, char c);
void str_addf(struct str *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The text, never NULL. */
const char *str_text(const struct str *b);
/* Give the text away (malloc'ed, never NULL); b is empty afterwards. */
char *str_take(struct str *b);
/* Append s as one word that a POSIX shell reads back unchanged. */
void str_add_quoted(struct str *b, const char *s);
/* Append s as a JSON string with its quotes; bytes that are no UTF-8 become U+FFFD. */
void str_add_json(struct str *b, const char *s);
/* Append "KEY": and s as above; where that lost bytes, also a member KEY_bytes
 * with all bytes of s in hexadecimal digits. key is of ours. */
void str_add_json_member(struct str *b, const char *key, const char *s);
void str_add_hex(struct str *b, const char *s);
bool str_is_utf8(const char *s);

/* Append s for a terminal: control characters and bytes that are no UTF-8 as
 * \xNN, so that a name from an image cannot steer the terminal. */
void str_add_printable(struct str *b, const char *s);

#define OWN_STR OWN(str_free)

struct strv {
	char **v;
	size_t n, cap;
};

void strv_free(struct strv *l);
void strv_add(struct strv *l, const char *s); /* copies */
void strv_take(struct strv *l, char *s);      /* takes ownership */
void strv_addf(struct strv *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Split text at any of the bytes in seps; empty fields are dropped. */
void strv_split(struct strv *l, const char *text, const char *seps);
bool strv_has(const struct strv *l, const char *s);

#define OWN_STRV OWN(strv_free)

bool str_starts(const char *s, const char *prefix);
bool str_ends(const char *s, const char *suffix);
static inline bool str_empty(const char *s) { return !s || !*s; }

#endif
