/* The table of commands. A command's options live in its own file, beside its
 * code; --help, the man page check and completion read them from here. */
#ifndef SIF_CMD_COMMAND_H
#define SIF_CMD_COMMAND_H

#include "base/err.h"
#include "base/opt.h"
#include "runtime/spec.h"

/* How the program was called: by which name, with which global options. */
struct invocation {
	enum run_dialect dialect;
	const char *name; /* last component of argv[0], for messages */
	bool quiet, verbose, debug;
	bool no_color; /* accepted; nothing here is coloured */
};

enum command_flag {
	COMMAND_RUNS = 1,   /* its status is the program's: own failures are 125 */
	COMMAND_HIDDEN = 2, /* not shown by --help */
};

struct command {
	const char *name;    /* "build", or "object list" for a sub-command */
	const char *args;    /* usage behind the options: "OUT.sif SOURCE" */
	const char *summary; /* one line, lower case, no full stop */
	const struct opt *options;
	/* The helper program that does it, NULL = this one. `sif` answers --help
	 * itself and execs the helper with the words as typed. */
	const char *helper;
	/* argv[0] = the command's last word. Returns the exit status; -1 = print e
	 * and derive the status from its kind. NULL when another program has it. */
	int (*run)(const struct invocation *inv, int argc, char *const argv[], struct err *e);
	const char *details; /* paragraphs of --help behind the options, or NULL */
	unsigned flags;	     /* enum command_flag */
};

/* All commands, in the order of --help; ends with NULL. Every program links the
 * whole table: cmd/NAME.c defines the struct command and its options (libcmd),
 * the code of a helper's command stands in cmd/NAME_run.c, which only that
 * program links. A command_run is declared weak, so that an entry whose code is
 * elsewhere has run == NULL. */
#define COMMAND_RUN(fn) \
	int fn(const struct invocation *inv, int argc, char *const argv[], struct err *e) __attribute__((weak))
extern const struct command *const command_table[];

#endif
