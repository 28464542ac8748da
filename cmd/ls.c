/* sif ls: its words. */
#include "cmd/ls.h"

#include "cmd/command.h"

#include <stddef.h>

COMMAND_RUN(ls_main);

const struct opt ls_options[] = {
	{ .name = "long", .letter = 'l', .kind = OPT_TRUE, .offset = offsetof(struct ls_options, details),
	  .help = "mode, links, owner, group, size, time and name" },
	{ .name = "all", .letter = 'a', .kind = OPT_TRUE, .offset = offsetof(struct ls_options, all),
	  .help = "show names that begin with a dot, too" },
	{ .name = "recursive", .letter = 'R', .kind = OPT_TRUE, .offset = offsetof(struct ls_options, recursive),
	  .help = "go into directories; names are paths then" },
	{ .name = "json", .kind = OPT_TRUE, .offset = offsetof(struct ls_options, json),
	  .help = "a JSON array with everything known of each entry" },
	{ .name = NULL },
};

const struct command command_ls = {
	.name = "ls",
	.args = "IMAGE[:PATH]...",
	.summary = "list files inside an image, without mounting it",
	.options = ls_options,
	.helper = "sif-read",
	.run = ls_main,
	.details = "IMAGE is a SIF or SquashFS file, PATH begins at the image's root. Times are UTC,\n"
		   "owners are numbers: the image's names for them may differ from this system's.\n",
};
