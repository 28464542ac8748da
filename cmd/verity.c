/* sif verity: its words. What they do is in verity_run.c, in sif-sign. */
#include "cmd/verity.h"

#include "base/num.h"
#include "cmd/command.h"

COMMAND_RUN(verity_add_main);
COMMAND_RUN(verity_check_main);

static int parse_id(void *options, const char *arg, struct err *e)
{
	return num_u32(arg, &((struct verity_options *)options)->id, e);
}

#define ID_OPTION { .name = "sif-id", .letter = 'i', .kind = OPT_CALL, .arg = "ID", .parse = parse_id, .flags = OPT_NO_ENV, \
		    .help = "this partition (the one that is run by default)" }

const struct opt verity_add_options[] = { ID_OPTION, { .name = NULL } };
const struct opt verity_check_options[] = { ID_OPTION, { .name = NULL } };

const struct command command_verity_add = {
	.name = "verity add",
	.args = "IMAGE",
	.summary = "add a hash tree, so that every read of the image can be checked",
	.options = verity_add_options,
	.helper = "sif-sign",
	.run = verity_add_main,
	.details = "'sif build' makes the tree by itself; this is for images of other programs.\n"
		   "Signatures that the image has stay as they are.\n",
};

const struct command command_verity_check = {
	.name = "verity check",
	.args = "IMAGE",
	.summary = "check an image's partition against its hash tree",
	.options = verity_check_options,
	.helper = "sif-sign",
	.run = verity_check_main,
	.details = "Finds damage. Whether the tree itself is to be believed is what 'sif verify' says.\n",
};
