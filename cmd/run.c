/* run, exec, shell, test: their words. What they do is in run_run.c. */
#include "cmd/command.h"

#include "runtime/options.h"

COMMAND_RUN(run_main);

static const char run_details[] =
	"Options stand before the image; every word behind it belongs to the program.\n"
	"Each option has environment twins, SIF_NAME and APPTAINER_NAME, and may be\n"
	"given a default in sif.conf(5). The exit status is the program's; 125 says\n"
	"that sif itself failed, 126 and 127 that the program could not be executed\n"
	"or found.\n";

const struct command command_run = {
	.name = "run",
	.args = "IMAGE [ARG...]",
	.summary = "run the image's own program (its runscript)",
	.options = run_options,
	.run = run_main,
	.details = run_details,
	.flags = COMMAND_RUNS,
};

const struct command command_exec = {
	.name = "exec",
	.args = "IMAGE PROGRAM [ARG...]",
	.summary = "run any program inside an image",
	.options = run_options,
	.run = run_main,
	.details = run_details,
	.flags = COMMAND_RUNS,
};

const struct command command_shell = {
	.name = "shell",
	.args = "IMAGE",
	.summary = "start a shell inside an image",
	.options = run_options,
	.run = run_main,
	.details = run_details,
	.flags = COMMAND_RUNS,
};

const struct command command_test = {
	.name = "test",
	.args = "IMAGE [ARG...]",
	.summary = "run the tests that an image brings along",
	.options = run_options,
	.run = run_main,
	.details = run_details,
	.flags = COMMAND_RUNS,
};
