/* The conductor: from a run_spec to a running program, in the eight steps of
 * docs/ARCHITECTURE.md. */
#ifndef SIF_RUNTIME_LAUNCH_H
#define SIF_RUNTIME_LAUNCH_H

#include "base/err.h"
#include "runtime/spec.h"

/* Does not return on success: the program replaces this process. Returns -1
 * with e filled (e->status: 126 or 127 when the program cannot be executed or
 * found). With spec->dry_run: 0, and the plan's text in *ret_text. With an
 * action that has nothing to run (no test script): 0, the text to print in
 * *ret_text and the exit status in *ret_status. */
int launch(const struct run_spec *spec, char **ret_text, int *ret_status, struct err *e) MUST_CHECK;

#endif
