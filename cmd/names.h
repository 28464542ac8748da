/* Names: by which one the program was called, which command the words mean. */
#ifndef SIF_CMD_NAMES_H
#define SIF_CMD_NAMES_H

#include "cmd/command.h"

extern const struct opt global_options[]; /* offsets into struct invocation */

/* Fill inv->dialect and inv->name from argv[0]. Returns the words to go on
 * with: argv itself, or for run-singularity (an image file executed through
 * its first line) a new array that says "run --", to be freed, not its words. */
char **names_identify(struct invocation *inv, int *argc, char **argv);

/* The command that the first one or two words name; *words = how many. The
 * other dialects know some commands by other names (sif list = object list).
 * NULL when there is none. */
const struct command *names_find(enum run_dialect dialect, int argc, char *const argv[], int *words);

/* The commands whose first word is this one ("object"), by their whole names as
 * this dialect knows them. */
void names_group(enum run_dialect dialect, const char *word, struct strv *ret);

/* For the hint behind an unknown command, or NULL. */
const char *names_nearest_command(const char *word);
/* A command that Apptainer has and this version has not. */
bool names_is_later_command(const char *word);

/* What --version prints: "PRODUCT version VERSION". Workflow engines parse it
 * and choose options by it, so the other dialects state the version that they
 * are compatible with. */
const char *names_product(enum run_dialect dialect);
const char *names_version(enum run_dialect dialect);

#endif
