/* sif inspect: what an image says about itself. */
#ifndef SIF_CMD_INSPECT_H
#define SIF_CMD_INSPECT_H

#include "base/opt.h"

struct inspect_options {
	bool labels, deffile, runscript, startscript, test, environment, helpfile;
	bool list_apps, all, json;
	char *app;
};

extern const struct opt inspect_options[], run_help_options[];

#endif
