/* What the two halves of the parser share: script_parse.c reads commands,
 * script_word.c the words in them. */
#ifndef SIF_RUNTIME_SCRIPT_PARSER_H
#define SIF_RUNTIME_SCRIPT_PARSER_H

#include "runtime/script_ast.h"

#include <string.h>

enum { SCRIPT_DEPTH_MAX = 24 };

struct parser {
	const char *p, *end; /* what is left of the text */
	struct arena *arena;
	unsigned depth;
	const char *why; /* NULL, or the first reason to decline */
};

static inline bool decline(struct parser *s, const char *why)
{
	if (!s->why)
		s->why = why;
	return false;
}

static inline int peek(const struct parser *s)
{
	return s->p < s->end ? (unsigned char)*s->p : -1;
}

static inline int peek2(const struct parser *s)
{
	return s->end - s->p >= 2 ? (unsigned char)s->p[1] : -1;
}

static inline bool is_delimiter(int c)
{
	return c < 0 || strchr(" \t\n;&|<>()", c);
}

/* One word, up to a delimiter (script_word.c). */
bool parser_word(struct parser *s, struct word **ret);

#endif
