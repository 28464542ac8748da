/* sif build: the options, shared by the table (build.c) and the work (build_run.c). */
#ifndef SIF_CMD_BUILD_H
#define SIF_CMD_BUILD_H

#include "base/str.h"

#include <stdbool.h>

struct build_options {
	char *compress, *block_size, *jobs, *arch, *deterministic;
	char *runscript, *runscript_text;
	struct strv environment, labels, exclude;
	bool force, quiet, no_verity;
	/* of Apptainer's build; there is nothing to do for them here */
	bool fakeroot, notest, no_cleanup, disable_cache, fix_perms, sandbox;
};

#endif
