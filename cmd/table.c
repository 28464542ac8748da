#include "cmd/command.h"

extern const struct command command_run, command_exec, command_shell, command_test;

const struct command *const command_table[] = {
	&command_run,
	&command_exec,
	&command_shell,
	&command_test,
	NULL,
};
