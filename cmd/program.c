/* What every program's main() does: who was called, which command is meant,
 * help, and the one error there may be. */
#include "cmd/program.h"

#include "base/mem.h"
#include "base/spawn.h"
#include "cmd/command.h"
#include "cmd/names.h"
#include "cmd/out.h"
#include "runtime/options.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

const struct opt global_options[] = {
	{ .name = "quiet", .letter = 'q', .kind = OPT_TRUE, .offset = offsetof(struct invocation, quiet),
	  .help = "print errors only" },
	{ .name = "silent", .letter = 's', .kind = OPT_TRUE, .offset = offsetof(struct invocation, quiet),
	  .help = "the same as --quiet" },
	{ .name = "verbose", .letter = 'v', .kind = OPT_TRUE, .offset = offsetof(struct invocation, verbose),
	  .help = "say what is done and why" },
	{ .name = "debug", .letter = 'd', .kind = OPT_TRUE, .offset = offsetof(struct invocation, debug),
	  .help = "say everything" },
	{ .name = "nocolor", .kind = OPT_TRUE, .offset = offsetof(struct invocation, no_color),
	  .help = "no colours (there are none)", .alias = "no-color" },
	{ .name = NULL },
};

/* One call of the program. words: argv behind the global options. */
struct call {
	const char *self;
	struct invocation inv;
	int argc;
	char **argv;
	char **whole; /* as typed, for a helper program */
};

static void print_usage(const struct call *c)
{
	OWN_STR struct str text = {};

	str_addf(&text, "Usage: %s [OPTIONS] COMMAND [ARGUMENTS]\n\ncommands:\n", c->inv.name);
	for (const struct command *const *t = command_table; *t; t++)
		if (!((*t)->flags & COMMAND_HIDDEN))
			str_addf(&text, "  %-20s %s\n", (*t)->name, (*t)->summary);
	str_add(&text, "\noptions:\n");
	opt_help(global_options, &text);
	str_addf(&text, "      --version\n  -h, --help\n\n%s COMMAND --help tells more about a command.\n", c->inv.name);
	fputs(str_text(&text), stdout);
}

static void print_help(const struct call *c, const struct command *cmd)
{
	bool takes_options = cmd->options && cmd->options[0].name;
	OWN_STR struct str text = {};

	str_addf(&text, "Usage: %s %s%s%s%s\n\n%s\n", c->inv.name, cmd->name, takes_options ? " [OPTIONS]" : "",
		 str_empty(cmd->args) ? "" : " ", str_empty(cmd->args) ? "" : cmd->args, cmd->summary);
	if (takes_options) {
		str_addf(&text, "\n%s", cmd->options[0].group ? "" : "options:\n");
		opt_help(cmd->options, &text);
	}
	if (cmd->details)
		str_addf(&text, "\n%s", cmd->details);
	fputs(str_text(&text), stdout);
}

/* "object" alone, or with a second word that none of its commands has. */
static int unknown_member(const struct call *c, const struct strv *members, struct err *e)
{
	OWN_STR struct str list = {};
	OWN_FREE char *typed = NULL;
	const char *near;

	for (size_t i = 0; i < members->n; i++)
		str_addf(&list, "%s%s", i ? ", " : "", strchr(members->v[i], ' ') + 1);
	if (c->argc < 2 || c->argv[1][0] == '-') {
		err_set(e, ERR_USAGE, "'%s' needs a second word: %s", c->argv[0], str_text(&list));
		e->status = OPT_UNKNOWN;
		return err_hint(e, "%s %s --help", c->inv.name, members->v[0]);
	}
	typed = xasprintf("%s %s", c->argv[0], c->argv[1]);
	near = opt_nearest(typed, (const char *const *)members->v);
	err_set(e, ERR_USAGE, "unknown command '%s'", typed);
	e->status = OPT_UNKNOWN;
	if (near)
		return err_hint(e, "did you mean '%s %s'?", c->inv.name, near);
	return err_hint(e, "behind '%s' stands one of: %s", c->argv[0], str_text(&list));
}

static int unknown_command(const struct call *c, struct err *e)
{
	OWN_STRV struct strv members = {};
	const char *near = names_nearest_command(c->argv[0]);

	names_group(c->inv.dialect, c->argv[0], &members);
	if (members.n)
		return unknown_member(c, &members, e);
	if (names_is_later_command(c->argv[0])) {
		err_set(e, ERR_USAGE, "the command '%s' is not in this version of sif yet", c->argv[0]);
		return -1;
	}
	err_set(e, ERR_USAGE, "unknown command '%s'", c->argv[0]);
	e->status = OPT_UNKNOWN;
	if (near)
		return err_hint(e, "did you mean '%s %s'?", c->inv.name, near);
	return err_hint(e, "%s --help lists the commands", c->inv.name);
}

/* help [COMMAND] */
static int help(struct call *c, struct err *e)
{
	const struct command *cmd;
	int words;

	if (c->argc < 2) {
		print_usage(c);
		return out_flush(e);
	}
	c->argc--;
	c->argv++;
	cmd = names_find(c->inv.dialect, c->argc, c->argv, &words);
	if (!cmd)
		return unknown_command(c, e);
	print_help(c, cmd);
	return out_flush(e);
}

/* No file of ours may take the number of a standard descriptor that the caller
 * closed: a message would go into it. The wrong way round, so that its use
 * fails as before. */
static int occupy_standard_fds(struct err *e)
{
	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd ? O_RDONLY : O_WRONLY) != fd)
			return err_sys(e, errno, "cannot open '/dev/null'");
	return 0;
}

static int run_command(struct call *c, const struct command *cmd, int words, struct err *e)
{
	int status;

	if (cmd->helper && strcmp(cmd->helper, c->self) != 0) {
		if (c->argc > words && (strcmp(c->argv[words], "--help") == 0 || strcmp(c->argv[words], "-h") == 0)) {
			print_help(c, cmd);
			return out_flush(e);
		}
		return helper_exec(cmd->helper, c->whole, e);
	}
	if (!cmd->run)
		return err_set(e, ERR_BUG, "'%s' is not in this program", cmd->name);
	/* a launch leaves them closed for its program (runtime/launch.c) */
	if (!(cmd->flags & COMMAND_RUNS) && occupy_standard_fds(e))
		return -1;
	status = cmd->run(&c->inv, c->argc - words + 1, c->argv + words - 1, e);
	if (status < 0 && e->kind == ERR_NONE) {
		print_help(c, cmd);
		status = 0;
	}
	if (status >= 0 && out_flush(e))
		return -1;
	return status;
}

/* Global options, then the commands that are no rows of the table. */
static int dispatch(struct call *c, bool *is_run, struct err *e)
{
	const struct command *cmd;
	int words;

	if (c->argc < 1) {
		print_usage(c);
		return out_flush(e) ? -1 : c->inv.dialect == DIALECT_SIF ? 2 : 1;
	}
	if (strcmp(c->argv[0], "help") == 0)
		return help(c, e);
	if (strcmp(c->argv[0], "version") == 0) {
		puts(names_version(c->inv.dialect));
		return out_flush(e);
	}
	cmd = names_find(c->inv.dialect, c->argc, c->argv, &words);
	if (!cmd)
		return unknown_command(c, e);
	*is_run = cmd->flags & COMMAND_RUNS;
	return run_command(c, cmd, words, e);
}

/* The options before the command, and their twins. 1 = that was all. */
static int globals(struct call *c, int argc, char **argv, struct err *e)
{
	unsigned char from[ARRAY_SIZE(global_options)] = {};
	int index = 1;

	if (argc > 1 && strcmp(argv[1], "--version") == 0) {
		printf("%s version %s\n", names_product(c->inv.dialect), names_version(c->inv.dialect));
		return out_flush(e) ? -1 : 1;
	}
	if (opt_parse_from(global_options, argc, argv, &index, &c->inv, from, SOURCE_COMMAND_LINE, e)) {
		if (e->kind)
			return -1;
		print_usage(c);
		return out_flush(e) ? -1 : 1;
	}
	if (opt_env(global_options, options_prefixes(c->inv.dialect), environ, &c->inv, from, SOURCE_ENVIRONMENT, e))
		return -1;
	out_init(&c->inv);
	c->argc = argc - index;
	c->argv = argv + index;
	return 0;
}

static int run_program(struct call *c, int argc, char **argv)
{
	bool is_run = false;
	struct err e = {};
	int status = globals(c, argc, argv, &e);

	if (status > 0)
		return 0;
	if (status == 0)
		status = dispatch(c, &is_run, &e);
	if (status < 0) {
		out_error(&e);
		return out_status(&c->inv, &e, is_run);
	}
	return status;
}

int program_main(const char *self, int argc, char **argv)
{
	struct call c = { .self = self, .whole = argv };
	char **words = names_identify(&c.inv, &argc, argv);
	int status;

	out_init(&c.inv);
	status = run_program(&c, argc, words);
	if (words != argv)
		free(words);
	return status;
}
