/* Shared by the words of `sif config` and its code. */
#ifndef SIF_CMD_CONFIG_H
#define SIF_CMD_CONFIG_H

#include "cmd/command.h"

struct config_show_options {
	bool origin, json;
	char *image;
};

extern const struct command command_config_show, command_config_import;

#endif
