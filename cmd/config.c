/* config show, config import: their words. */
#include "cmd/config.h"

COMMAND_RUN(config_show_main);
COMMAND_RUN(config_import_main);

static const struct opt show_options[] = {
	{ .name = "origin", .kind = OPT_TRUE, .offset = offsetof(struct config_show_options, origin),
	  .help = "say where each value comes from" },
	{ .name = "json", .letter = 'j', .kind = OPT_TRUE, .offset = offsetof(struct config_show_options, json),
	  .help = "print JSON" },
	{ .name = "image", .kind = OPT_STR, .offset = offsetof(struct config_show_options, image), .arg = "IMAGE",
	  .help = "what counts for this image ('[path DIR]' sections)" },
	{ .name = NULL },
};

const struct command command_config_show = {
	.name = "config show",
	.args = "",
	.summary = "show the settings that count, and where they come from",
	.options = show_options,
	.run = config_show_main,
	.details = "Files: /etc/sif/sif.conf, then $XDG_CONFIG_HOME/sif/sif.conf; then the\n"
		   "environment. sif.conf(5) describes the keys.\n",
};

static const struct opt import_options[] = {
	{ .name = NULL },
};

const struct command command_config_import = {
	.name = "config import",
	.args = "apptainer.conf",
	.summary = "print a sif.conf that says what an apptainer.conf says",
	.options = import_options,
	.run = config_import_main,
	.details = "Also reads singularity.conf; '-' is standard input. A directive that has no\n"
		   "equivalent becomes a comment that says why.\n",
};
