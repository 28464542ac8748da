/* sif cp: its words. */
#include "cmd/cp.h"

#include "cmd/command.h"

#include <stddef.h>

COMMAND_RUN(cp_main);

const struct opt cp_options[] = {
	{ .name = "recursive", .letter = 'r', .kind = OPT_TRUE, .offset = offsetof(struct cp_options, recursive),
	  .help = "copy directories with all that is in them; links stay links" },
	{ .name = "archive", .letter = 'a', .kind = OPT_TRUE, .offset = offsetof(struct cp_options, archive),
	  .help = "the same, and as root: owners, devices, all attributes" },
	{ .name = NULL },
};

const struct command command_cp = {
	.name = "cp",
	.args = "IMAGE:PATH... DEST",
	.summary = "copy files out of an image, without mounting it",
	.options = cp_options,
	.helper = "sif-read",
	.run = cp_main,
	.details = "Modes, times, holes and user.* attributes are kept. A single file replaces DEST\n"
		   "as a whole or not at all. A directory needs a name that is not taken: nothing\n"
		   "that exists is written to, and no link is followed.\n",
};
