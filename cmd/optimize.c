/* sif optimize: its words, and those of the helper's half. */
#include "cmd/optimize.h"

#include "cmd/command.h"

#include <stddef.h>

COMMAND_RUN(optimize_main);
COMMAND_RUN(repack_main);

#define FIELD(f) .offset = offsetof(struct optimize_options, f), .flags = OPT_NO_ENV

const struct opt optimize_options[] = {
	{ .name = "force", .letter = 'F', .kind = OPT_TRUE, FIELD(force), .help = "replace OUT.sif when it exists" },
	{ .name = "quiet", .letter = 'q', .kind = OPT_TRUE, FIELD(quiet), .help = "print errors only" },
	{ .name = NULL },
};

const struct command command_optimize = {
	.name = "optimize",
	.args = "IN.sif OUT.sif [--] COMMAND [ARG...]",
	.summary = "write an image that starts a command faster",
	.options = optimize_options,
	.run = optimize_main,
	.details = "Runs COMMAND in IN.sif and notes which parts of the image it reads first.\n"
		   "OUT.sif has the same files; those that were read lie together, in that\n"
		   "order, and a list of them, which the image server reads ahead on idle CPUs\n"
		   "whenever OUT.sif is started. The run obeys the configuration and the\n"
		   "environment twins of sif-run(1), SIF_BIND and the like. OUT.sif is written\n"
		   "when COMMAND ends with status 0.\n",
};

#undef FIELD
#define FIELD(f) .offset = offsetof(struct repack_words, f), .flags = OPT_NO_ENV

const struct opt repack_options[] = {
	{ .name = "record-fd", .kind = OPT_STR, FIELD(record_fd), .arg = "FD", .help = "what was read first" },
	{ .name = "force", .kind = OPT_TRUE, FIELD(force), .help = "replace OUT.sif when it exists" },
	{ .name = NULL },
};

const struct command command_repack = {
	.name = "repack",
	.args = "IN.sif OUT.sif",
	.summary = "write an image in the order of a record (for sif's own use)",
	.options = repack_options,
	.helper = "sif-pack",
	.run = repack_main,
	.flags = COMMAND_HIDDEN,
};
