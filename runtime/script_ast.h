/* The tree between parser and evaluator of runtime/script.h. Texts point into
 * the source; nodes live in an arena and die together. */
#ifndef SIF_RUNTIME_SCRIPT_AST_H
#define SIF_RUNTIME_SCRIPT_AST_H

#include "runtime/script.h"

#include <stdint.h>

struct word;

enum part_kind { PART_TEXT, PART_PARAM };

struct part {
	enum part_kind kind;
	bool quoted;
	const char *text; /* TEXT: as is; PARAM: its name, a number, or one of # @ * */
	size_t len;
	char op;	  /* PARAM: 0, '-' or '+' */
	bool colon;	  /* ... in the form with ':' */
	struct word *alt; /* ... and the word behind it */
	struct part *next;
};

struct word {
	struct part *parts;
	struct word *next;
};

enum cmd_kind { CMD_SIMPLE, CMD_IF, CMD_FOR };
enum cmd_join { JOIN_ALWAYS, JOIN_AND, JOIN_OR };

struct cmd {
	enum cmd_kind kind;
	enum cmd_join join; /* how it hangs on the command before it */
	bool negate;
	struct word *words; /* SIMPLE; FOR: the variable's name and the items */
	struct cmd *cond;   /* IF */
	struct cmd *body;   /* IF: then; FOR: do */
	struct cmd *other;  /* IF: else (an elif is an IF of its own in there) */
	struct cmd *next;
};

struct arena {
	struct arena_block *last;
	size_t used; /* bytes in all */
};

void arena_free(struct arena *a);
/* Zeroed; NULL when the bound is met or memory is short. */
void *arena_new(struct arena *a, size_t size);
#define OWN_ARENA OWN(arena_free)

/* NULL in *why: parsed (*ret may be NULL: nothing to do). Else declined. */
const char *script_parse(struct arena *a, const char *text, size_t len, struct cmd **ret);
/* The inside of a double-quoted string as one word. */
const char *script_parse_quoted(struct arena *a, const char *text, size_t len, struct word **ret);

/* Expansion (script_expand.c). All return false when declined, s->why says why. */
enum expand_mode {
	EXPAND_VALUE, /* behind NAME=: no splitting, no globs */
	EXPAND_DECL,  /* the same as a word of export: shells differ, decline what could be split */
};
bool expand_string(struct script *s, const struct part *first, size_t skip,
		   enum expand_mode mode, struct str *out);
/* Words of a command to fields, appended to out. */
bool expand_fields(struct script *s, const struct word *w, struct strv *out);

/* Length of NAME when the word begins NAME=, else 0. */
size_t word_assignment(const struct word *w);

/* The status of test/[ (script_test.c): 0, 1, or -1 declined. */
int script_test(struct script *s, char *const argv[], size_t n);

/* Read a regular file beneath s->root_fd; NULL when it cannot be. */
char *script_load(struct script *s, const char *path, size_t *len);

/* Bounds over all texts of one sequence. */
enum { SCRIPT_STEPS_MAX = 20000, SCRIPT_VARS_MAX = 8192 };

bool script_decline(struct script *s, const char *why); /* false */

/* Names that a shell gives a meaning or a value of its own. */
bool script_name_is_special(const char *name);
bool script_name_set_by_shell(const char *name);

#endif
