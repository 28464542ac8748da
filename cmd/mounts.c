/* sif mounts: its words. */
#include "cmd/mounts.h"

#include "cmd/command.h"

#include <stddef.h>

COMMAND_RUN(mounts_main);

const struct opt mounts_options[] = {
	{ .name = "json", .kind = OPT_TRUE, .offset = offsetof(struct mounts_options, json), .help = "a JSON array" },
	{ .name = "stop", .kind = OPT_TRUE, .offset = offsetof(struct mounts_options, stop),
	  .help = "end the servers that nobody uses, without waiting" },
	{ .name = "log", .kind = OPT_TRUE, .offset = offsetof(struct mounts_options, log),
	  .help = "what the servers had to say" },
	{ .name = NULL },
};

const struct command command_mounts = {
	.name = "mounts",
	.args = "",
	.summary = "list the image servers that your launches share",
	.options = mounts_options,
	.run = mounts_main,
	.details = "The servers of this node and user are listed; those started with --no-share are not.\n",
};
