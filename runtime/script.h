/* The in-process evaluator of the closed set of shell forms that builders
 * write into images: environment scripts and OCI runscripts.
 *
 * Starting the image's sh costs more than the rest of a launch, and an image
 * may have none. So the forms that image builders generate are evaluated
 * here, with exactly the result that sh would compute; everything else is
 * declined, and the caller hands the whole sequence to a real sh. Declining is
 * never wrong, guessing always is: where POSIX shells differ (field splitting
 * of expansions, globs, tildes, echo with a backslash), the answer is to
 * decline.
 *
 * Evaluated: comments; `;` newline && || !; NAME=word; export, unset, :, true,
 * false, test and [, echo, exit, `. file`, set -- words, eval, exec; if, for;
 * quotes and backslashes; $NAME ${NAME} ${NAME:-word} ${NAME-word} with + for
 * -, and $1 $# "$@" "$*".
 *
 * The text is hostile: size, depth, steps, variables and output are bounded,
 * and a bound that is met declines, too. */
#ifndef SIF_RUNTIME_SCRIPT_H
#define SIF_RUNTIME_SCRIPT_H

#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>

/* Shell variables; a name may be exported without having a value. */
struct script_var {
	char *name;
	char *value; /* NULL: unset */
	bool exported;
	bool assigned; /* by a text or script_vars_set, not by script_vars_import */
};

struct script_vars {
	struct script_var *v;
	size_t n, cap;
};

void script_vars_free(struct script_vars *l);
/* NULL when unset. */
const char *script_vars_get(const struct script_vars *l, const char *name);
void script_vars_set(struct script_vars *l, const char *name, const char *value);
void script_vars_export(struct script_vars *l, const char *name, const char *value);
/* Exported "K=V" entries with valid names, as a shell takes its environment. */
void script_vars_import(struct script_vars *l, char *const envp[]);
void script_vars_unset(struct script_vars *l, const char *name);
/* "K=V" of every exported variable that has a value, appended to ret. */
void script_vars_environ(const struct script_vars *l, struct strv *ret);
#define OWN_SCRIPT_VARS OWN(script_vars_free)

/* Is s[0..n) a name by POSIX (XBD 3.216)? */
bool script_is_name(const char *s, size_t n);

enum script_end {
	SCRIPT_DECLINED, /* outside of the closed forms: let sh do it; .why says which */
	SCRIPT_DONE,	 /* ran to its end */
	SCRIPT_EXIT,	 /* met exit: .status, and what echo wrote in .out */
	SCRIPT_EXEC,	 /* met exec: argv in .exec */
};

struct script {
	struct script_vars vars;
	struct strv args; /* $1 and on */
	int root_fd;	  /* the root for file tests and `.`, borrowed; -1: both decline */
	/* sh would be started for this text alone: variables that a shell sets
	 * at its start (PS1, PATH) decline when they are not in vars */
	bool fresh_shell;

	struct str out;
	struct strv exec;
	int status;
	const char *why;      /* static text */
	bool listed;	      /* declined at a `set` without words: the OCI image has no command */
	unsigned steps, depth; /* spent so far, over all texts */
	size_t bytes;
};

#define SCRIPT_INIT { .root_fd = -1 }
/* A larger text is declined. */
#define SCRIPT_TEXT_MAX (256u << 10)

/* Evaluate one text; may be called again for the next one of a sequence.
 * After SCRIPT_DECLINED the variables are in an undefined (valid) state. */
enum script_end script_eval(struct script *s, const char *text, size_t len);

/* The value that `export X="VALUE"` gives, VALUE being the text between the
 * quotes with every '"' in it taken literally: how Apptainer injects variables.
 * NULL: outside of the closed forms. The result is malloc'ed. */
char *script_expand_quoted(struct script *s, const char *value);

void script_free(struct script *s);
#define OWN_SCRIPT OWN(script_free)

#endif
