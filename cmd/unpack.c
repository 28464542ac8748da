/* sif-read unpack: its words. For the launch on hosts without /dev/fuse, not for
 * people: the image and the directory come as open descriptors. */
#include "cmd/unpack.h"

#include "cmd/command.h"

#include <stddef.h>

COMMAND_RUN(unpack_main);

#define FIELD(f) .kind = OPT_STR, .offset = offsetof(struct unpack_options, f), .flags = OPT_NO_ENV

const struct opt unpack_options[] = {
	{ .name = "image-fd", FIELD(image_fd), .arg = "FD", .help = "the image, open for reading" },
	{ .name = "offset", FIELD(offset), .arg = "BYTES", .help = "where the SquashFS begins (0)" },
	{ .name = "size", FIELD(size), .arg = "BYTES", .help = "how long it is" },
	{ .name = "into-fd", FIELD(into_fd), .arg = "FD", .help = "an empty directory, open for reading" },
	{ .name = "measure", .kind = OPT_TRUE, .offset = offsetof(struct unpack_options, measure),
	  .help = "print the bytes that it takes, and unpack nothing", .flags = OPT_NO_ENV },
	{ .name = NULL },
};

const struct command command_unpack = {
	.name = "unpack",
	.args = "",
	.summary = "unpack a SquashFS into a directory (for sif's own use)",
	.options = unpack_options,
	.helper = "sif-read",
	.run = unpack_main,
	.flags = COMMAND_HIDDEN,
};
