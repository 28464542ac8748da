/* sif du: its words. */
#include "cmd/du.h"

#include "cmd/command.h"

#include <stddef.h>

COMMAND_RUN(du_main);

const struct opt du_options[] = {
	{ .name = "summarize", .letter = 's', .kind = OPT_TRUE, .offset = offsetof(struct du_options, summary),
	  .help = "one line for each word, not one for each directory" },
	{ .name = "human-readable", .letter = 'h', .kind = OPT_TRUE, .offset = offsetof(struct du_options, human),
	  .help = "sizes as 1.5G" },
	{ .name = "json", .kind = OPT_TRUE, .offset = offsetof(struct du_options, json),
	  .help = "a JSON array, sizes in bytes" },
	{ .name = NULL },
};

const struct command command_du = {
	.name = "du",
	.args = "IMAGE[:PATH]...",
	.summary = "show how many bytes directories of an image hold, unpacked",
	.options = du_options,
	.helper = "sif-read",
	.run = du_main,
	.details = "A file with several names counts once.\n",
};
