#include "cmd/program.h"

#include "base/spawn.h"
#include "cmd/command.h"
#include "cmd/out.h"

#include <stdio.h>
#include <string.h>

static const struct opt global_options[] = {
	{ .name = "quiet", .letter = 'q', .kind = OPT_TRUE, .offset = offsetof(struct invocation, quiet),
	  .help = "print errors only", .alias = "silent" },
	{ .name = "verbose", .letter = 'v', .kind = OPT_TRUE, .offset = offsetof(struct invocation, verbose),
	  .help = "say what is done and why" },
	{ .name = "debug", .letter = 'd', .kind = OPT_TRUE, .offset = offsetof(struct invocation, debug),
	  .help = "say everything" },
	{ .name = NULL },
};

static int print_usage(const char *self)
{
	OWN_STR struct str text = {};

	str_addf(&text, "usage: %s [OPTIONS] COMMAND [ARGUMENTS]\n\ncommands:\n", self);
	for (const struct command *const *c = command_table; *c; c++)
		str_addf(&text, "  %-28s %s\n", (*c)->name, (*c)->summary);
	str_add(&text, "\noptions:\n");
	opt_help(global_options, &text);
	fputs(str_text(&text), stdout);
	return 0;
}

static int print_help(const char *self, const struct command *c)
{
	OWN_STR struct str text = {};

	str_addf(&text, "usage: %s %s%s %s\n\n%s\n", self, c->name, c->options ? " [OPTIONS]" : "", c->args, c->summary);
	if (c->options) {
		str_add(&text, "\noptions:\n");
		opt_help(c->options, &text);
	}
	if (c->details)
		str_addf(&text, "\n%s", c->details);
	fputs(str_text(&text), stdout);
	return 0;
}

/* The command whose name is the first one or two words; *words = how many. */
static const struct command *find(int argc, char *const argv[], int *words)
{
	for (const struct command *const *c = command_table; *c; c++) {
		const char *space = strchr((*c)->name, ' ');
		size_t n = space ? (size_t)(space - (*c)->name) : strlen((*c)->name);

		if (strlen(argv[0]) != n || strncmp(argv[0], (*c)->name, n) != 0)
			continue;
		if (space && (argc < 2 || strcmp(argv[1], space + 1) != 0))
			continue;
		*words = space ? 2 : 1;
		return *c;
	}
	return NULL;
}

static int run_command(const char *self, const struct invocation *inv, const struct command *c, int argc,
		       char **argv, char **whole, struct err *e)
{
	int status;

	if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0))
		return print_help("sif", c);
	if (c->helper && strcmp(c->helper, self) != 0)
		return helper_exec(c->helper, whole, e);
	if (!c->run)
		return err_set(e, ERR_BUG, "'%s' is not in this program", c->name);
	status = c->run(inv, argc, argv, e);
	if (status >= 0 && out_flush(e))
		return -1;
	return status;
}

int program_main(const char *self, int argc, char **argv)
{
	struct invocation inv = {};
	const struct command *c;
	struct err e = {};
	int index = 1, words = 0, status;

	out_init(&inv);
	if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0))
		return print_usage(self);
	if (argc > 1 && strcmp(argv[1], "--version") == 0) {
		printf("sif version %s\n", PACKAGE_VERSION);
		return 0;
	}
	if (opt_parse(global_options, argc, argv, &index, &inv, &e)) {
		out_error(&e);
		return out_status(&inv, &e, false);
	}
	out_init(&inv);
	if (index >= argc) {
		print_usage(self);
		return 2;
	}
	c = find(argc - index, argv + index, &words);
	if (!c) {
		err_set(&e, ERR_USAGE, "unknown command '%s'", argv[index]);
		err_hint(&e, "sif --help lists the commands");
		out_error(&e);
		return out_status(&inv, &e, false);
	}
	status = run_command(self, &inv, c, argc - index - words + 1, argv + index + words - 1, argv, &e);
	if (status < 0) {
		out_error(&e);
		return out_status(&inv, &e, false);
	}
	return status;
}
