/* A command's words when options may stand anywhere among them
 * ("sif object add IMAGE FILE --datatype 7"). "--" ends the options. */
#ifndef SIF_CMD_WORDS_H
#define SIF_CMD_WORDS_H

#include "base/opt.h"
#include "cmd/command.h"

/* Fill options from table, and words[0..max-1] with the other words; *n = how
 * many there are. ERR_USAGE: fewer than min, more than max; usage says what is
 * expected ("IMAGE FILE"). argv[0] = the command's word. */
int words_parse(const struct opt *table, int argc, char *const argv[], void *options, const char *words[],
		unsigned min, unsigned max, unsigned *n, const char *usage, struct err *e) MUST_CHECK;

/* The same, and then the environment twins of what was not typed. Lists that were
 * typed do not grow by their twin's value. */
int words_parse_env(const struct invocation *inv, const struct opt *table, int argc, char *const argv[], void *options,
		    const char *words[], unsigned min, unsigned max, unsigned *n, const char *usage,
		    struct err *e) MUST_CHECK;

#endif
