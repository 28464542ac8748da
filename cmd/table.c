#include "cmd/command.h"

extern const struct command command_run, command_exec, command_shell, command_test;
extern const struct command command_config_show, command_config_import;
extern const struct command command_completion;

const struct command *const command_table[] = {
	&command_run,
	&command_exec,
	&command_shell,
	&command_test,
	&command_config_show,
	&command_config_import,
	&command_completion,
	NULL,
};
