/* --join PID: one more program in a container that runs. */
#ifndef SIF_RUNTIME_JOIN_H
#define SIF_RUNTIME_JOIN_H

#include "base/err.h"
#include "runtime/options.h"

/* ERR_USAGE for an option of the command line that says how a container is
 * made: this one is there. What comes from the environment or sif.conf is meant
 * for launches and passed over. */
int join_check(const struct option_sources *src, struct err *e) MUST_CHECK;

/* As launch() of runtime/launch.h, in the container of process spec->join. Nothing is
 * mounted and nothing made. Where the container has a pid namespace of its own
 * this process waits for the program, else it becomes the program. */
int join_container(const struct run_spec *spec, char **ret_text, int *ret_status, struct err *e) MUST_CHECK;

#endif
