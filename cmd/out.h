/* The only place that prints messages: errors, warnings, exit statuses. */
#ifndef SIF_CMD_OUT_H
#define SIF_CMD_OUT_H

#include "base/err.h"
#include "cmd/command.h"

/* Install the log sink; to be called once. */
void out_init(const struct invocation *inv);
/* "sif: error[KIND]: message" and "hint: ..." on stderr. */
void out_error(const struct err *e);
/* Exit status of a failed command. Our own name: e->status if the cause chose
 * one; else 125 for a run, and for other commands 1 verify/not found, 2 usage,
 * 3 else. As Apptainer or Singularity: 1 for unknown words (OPT_UNKNOWN), 255
 * for every other failure. */
int out_status(const struct invocation *inv, const struct err *e, bool is_run);
/* Flush stdout; a failure there (disk full, closed pipe) is an error. */
int out_flush(struct err *e);

#endif
