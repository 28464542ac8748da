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
	OPT_HIDDEN = 1, /* accepted, not shown by --help */
	OPT_NO_ENV = 2, /* no environment twin */
	OPT_MANY = 4,	/* OPT_CALL that collects: a weaker source adds to a stronger one */
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
	const char *group; /* heading above this option in --help, or NULL */
};

/* e->status of a word that is no option (or no command): some callers must
 * answer it with an exit status of its own. */
enum { OPT_UNKNOWN = -1 };

/* Parse argv[*index...] up to the first word that is no option ("--" ends
 * them, too); *index is left on that word. options: the structure that the
 * offsets refer to. Errors: ERR_USAGE, nothing is undone.
 * --help, and -h where the table has no such letter, end with -1 and
 * e->kind == ERR_NONE: the program prints the help and succeeds. */
int opt_parse(const struct opt *table, int argc, char *const argv[], int *index, void *options,
	      struct err *e) MUST_CHECK;

/* Several sources fill one structure, the strongest first: a single value that
 * is marked in from[] stays as it is, lists grow. from[] has opt_count() bytes
 * and gets source (not 0) for each option met. opt_parse is opt_parse_from
 * without a memory. */
int opt_parse_from(const struct opt *table, int argc, char *const argv[], int *index, void *options,
		   unsigned char *from, int source, struct err *e) MUST_CHECK;
/* The environment twins: PREFIX_NAME for each prefix, the first prefix that
 * has the variable wins; an empty variable counts as unset. */
int opt_env(const struct opt *table, const char *const prefixes[], char *const environ_[], void *options,
	    unsigned char *from, int source, struct err *e) MUST_CHECK;
/* Set one option by its long name, as the configuration does. arg NULL = as a
 * flag without "=VALUE". from as above, may be NULL. */
int opt_set(const struct opt *table, const char *name, const char *arg, void *options, unsigned char *from,
	    int source, struct err *e) MUST_CHECK;

const struct opt *opt_find(const struct opt *table, const char *name);
size_t opt_count(const struct opt *table);
bool opt_takes_value(const struct opt *o);
/* The i-th name of the twins of o without prefix ("BIND"), malloc'ed; NULL
 * behind the last one. */
char *opt_env_name(const struct opt *o, size_t i);
/* The name of the variable that opt_env would take for o, malloc'ed; NULL when
 * none is set. */
char *opt_env_found(const struct opt *o, const char *const prefixes[], char *const environ_[]);

/* The options part of --help. */
void opt_help(const struct opt *table, struct str *out);

/* The word of the NULL-terminated list nearest to word, for "did you mean";
 * NULL when none is near. */
const char *opt_nearest(const char *word, const char *const list[]);

#endif
