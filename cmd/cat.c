/* sif cat: its words. */
#include "cmd/command.h"

COMMAND_RUN(cat_main);

const struct opt cat_options[] = { { .name = NULL } };

const struct command command_cat = {
	.name = "cat",
	.args = "IMAGE:PATH...",
	.summary = "print files of an image, without mounting it",
	.options = cat_options,
	.helper = "sif-read",
	.run = cat_main,
};
