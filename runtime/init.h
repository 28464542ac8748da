/* Runs in a new pid namespace: the process that waits outside, and process 1
 * inside. Without --pid there is neither: the program replaces the launch. */
#ifndef SIF_RUNTIME_INIT_H
#define SIF_RUNTIME_INIT_H

#include "base/err.h"
#include "base/own.h"

#include <stdbool.h>

/* Unshare the pid namespace and fork. Returns 0 in the child, process 1, which
 * ends when its parent does and reports failures by err_send(*ret_report).
 * Returns 1 in the parent when the child has ended: *ret_status is its exit
 * status, and signals that were sent to the parent were passed on meanwhile.
 * -1: e says why, or what the child reported. */
int init_begin(int *ret_report, int *ret_status, struct err *e) MUST_CHECK;

/* The same in a pid namespace that was entered and has its process 1: the child
 * is to become the program, by init_skip. */
int init_follow(int *ret_report, int *ret_status, struct err *e) MUST_CHECK;

/* In process 1: fork once more. Returns 0 in the child, which becomes the
 * program with the signal mask of before init_begin. Process 1 itself never
 * returns: it reaps, passes signals on, and exits as the program does. */
int init_run(struct err *e) MUST_CHECK;

/* Instead of init_run: the program is process 1 itself. */
void init_skip(void);

#endif
