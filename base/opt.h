/* Options as data. One table per command drives parsing, --help, the man page
 * check, completion, the environment twins (SIF_X, APPTAINER_X) and the
 * options of the Slurm plugin: an option is written down once.
 *
 * A table is an array of struct opt that ends with { .name = NULL }; .offset
 * is the field of the command's own options structure. */
#ifndef SIF_BASE_OPT_H
#define SIF_BASE_OPT_H

#include "base/err.h"
#include "base/str.h"

#include <stddef.h>

enum opt_kind {
	OPT_TRUE,  /* bool := true;  --name, --no-name and --name=false undo it */
	OPT_FALSE, /* bool := false */
	OPT_STR,   /* char *: the last one counts (old value freed) */
	OPT_LIST,  /* struct strv: every occurrence is appended */
	OPT_CALL,  /* .parse decides; .arg NULL = takes no argument */
};

enum opt_flag {
	OPT_HIDDEN = 1,	  /* accepted, not shown by --help */
	OPT_NO_ENV = 2,	  /* no environment twin */
};

struct opt {
	const char *name; /* long name */
	char letter;	  /* short name, 0 = none */
	int kind;	  /* enum opt_kind */
	size_t offset;
	const char *arg;  /* the argument's name in --help; NULL for flags */
	const char *help; /* one line, lower case, no full stop */
	int (*parse)(void *options, const char *arg, struct err *e);
	const char *alias; /* other long names, comma separated */
	const char *env;   /* twins without prefix, comma separated; NULL = from the name */
	unsigned flags;	   /* enum opt_flag */
};

/* Parse argv[*index...] up to the first word that is no option ("--" ends
 * them, too); *index is left on that word. options: the structure that the
 * offsets refer to. Errors: ERR_USAGE, nothing is undone. */
int opt_parse(const struct opt *table, int argc, char *const argv[], int *index, void *options,
	      struct err *e) MUST_CHECK;

/* Set one option by its long name, as configuration and environment do. */
int opt_set(const struct opt *table, const char *name, const char *arg, void *options,
	    struct err *e) MUST_CHECK;
const struct opt *opt_find(const struct opt *table, const char *name);

/* The options part of --help. */
void opt_help(const struct opt *table, struct str *out);

#endif
