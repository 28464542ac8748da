/* THE table of run options: parsed by `sif run|exec|shell|test` and by the
 * Slurm plugin, set by environment twins and by "default" lines of sif.conf,
 * shown by --help, completion and the manual. Links libc only.
 *
 * Sources are applied from the strongest to the weakest: a single value stays
 * with the first source that sets it, lists grow in that order. */
#ifndef SIF_RUNTIME_OPTIONS_H
#define SIF_RUNTIME_OPTIONS_H

#include "base/err.h"
#include "base/opt.h"
#include "runtime/spec.h"

enum option_source {
	SOURCE_NONE, /* the built-in default */
	SOURCE_COMMAND_LINE,
	SOURCE_ENVIRONMENT,
	SOURCE_USER_FILE,
	SOURCE_SYSTEM_FILE,
};

enum { RUN_OPTIONS_MAX = 128 };

/* For each row of run_options: the strongest source that set it. */
struct option_sources {
	unsigned char from[RUN_OPTIONS_MAX];
};

extern const struct opt run_options[]; /* offsets into struct run_spec */

/* The prefixes of environment twins in order of strength; NULL at the end. */
const char *const *options_prefixes(enum run_dialect dialect);

/* Words up to the image; *index is left on it. Errors as opt_parse. */
int options_from_words(struct run_spec *s, int argc, char *const argv[], int *index, struct option_sources *src,
		       struct err *e) MUST_CHECK;
/* SIF_X, APPTAINER_X, SINGULARITY_X. */
int options_from_env(struct run_spec *s, char *const environ_[], struct option_sources *src,
		     struct err *e) MUST_CHECK;
/* After the last source: what one option implies for others (--containall,
 * --compat, --hostname, --no-mount). ERR_USAGE for words that mean nothing. */
int options_settle(struct run_spec *s, struct err *e) MUST_CHECK;

/* Who set this option (long name). */
enum option_source options_source(const struct option_sources *src, const char *name);

#endif
