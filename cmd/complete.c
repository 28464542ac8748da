/* completion: its words. */
#include "cmd/command.h"

COMMAND_RUN(completion_main);

const struct command command_completion = {
	.name = "completion",
	.args = "bash",
	.summary = "print a completion script for a shell",
	.run = completion_main,
	.details = "For this shell: . <(sif completion bash)\n"
		   "For all: sif completion bash > /usr/share/bash-completion/completions/sif\n",
};
