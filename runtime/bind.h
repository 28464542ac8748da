/* The words of --bind, --mount and "bind path", as data. Pure: no file is
 * touched. (Grammar: docs/decisions/501-bind-grammar.md.) */
#ifndef SIF_RUNTIME_BIND_H
#define SIF_RUNTIME_BIND_H

#include "base/err.h"
#include "base/own.h"
#include "runtime/spec.h"

struct bind_list {
	struct bind_spec *v;
	size_t n, cap;
};

void bind_list_free(struct bind_list *l);
#define OWN_BIND_LIST OWN(bind_list_free)

/* Each of the three appends to ret what one word says; an empty word says
 * nothing. A destination that was left out is the source, as text: it is
 * relative exactly when the source is. origin: static, for messages.
 * Errors: ERR_USAGE; ret keeps what was parsed before. */

/* SRC[:DEST[:OPT[,OPT...]]][,SRC...]; OPT: ro rw image-src=PATH id=N. A comma
 * item that is no option begins the next bind. "\:" and "\," are literal. */
int bind_parse(const char *text, const char *origin, struct bind_list *ret, struct err *e) MUST_CHECK;
/* CSV fields type=bind, source|src=, destination|dst|target=, ro|readonly[=BOOL],
 * image-src=, id=, nonested; several lines are several mounts. */
int bind_parse_mount(const char *text, const char *origin, struct bind_list *ret, struct err *e) MUST_CHECK;
/* [-]SRC[:DEST[:OPT]]: a leading '-' makes it optional. */
int bind_parse_path(const char *text, const char *origin, struct bind_list *ret, struct err *e) MUST_CHECK;

#endif
