/* sif inspect, sif run-help: their words. */
#include "cmd/inspect.h"

#include "cmd/command.h"

#include <stddef.h>

COMMAND_RUN(inspect_main);
COMMAND_RUN(run_help_main);

#define FLAG(name_, letter_, field, help_) \
	{ .name = name_, .letter = letter_, .kind = OPT_TRUE, .offset = offsetof(struct inspect_options, field), \
	  .help = help_, .flags = OPT_NO_ENV }
#define APP_OPTION { .name = "app", .kind = OPT_STR, .offset = offsetof(struct inspect_options, app), .arg = "NAME", \
		     .help = "of this SCIF app, not of the image", .flags = OPT_NO_ENV }

const struct opt inspect_options[] = {
	FLAG("labels", 'l', labels, "labels"),
	FLAG("deffile", 'd', deffile, "the definition that the image was built from"),
	FLAG("runscript", 'r', runscript, "the program that 'sif run' starts"),
	FLAG("startscript", 's', startscript, "the program that an instance starts"),
	FLAG("test", 't', test, "the program that 'sif test' starts"),
	FLAG("environment", 'e', environment, "the scripts that set its environment"),
	FLAG("helpfile", 'H', helpfile, "the help text"),
	FLAG("list-apps", 0, list_apps, "names of its SCIF apps"),
	APP_OPTION,
	FLAG("all", 0, all, "everything, as JSON"),
	FLAG("json", 'j', json, "print JSON"),
	{ .name = NULL },
};

const struct opt run_help_options[] = { APP_OPTION, { .name = NULL } };

const struct command command_inspect = {
	.name = "inspect",
	.args = "IMAGE",
	.summary = "show what an image is and says about itself",
	.options = inspect_options,
	.helper = "sif-read",
	.run = inspect_main,
	.details = "IMAGE is a SIF or SquashFS file or a directory. Without options: an overview.\n",
};

const struct command command_run_help = {
	.name = "run-help",
	.args = "IMAGE",
	.summary = "show the help text of an image",
	.options = run_help_options,
	.helper = "sif-read",
	.run = run_help_main,
};
