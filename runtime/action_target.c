/* What run, exec, shell and test execute (interop 4.3 step 5, 9.4, 9.7). */
#include "runtime/action_parts.h"

#include "base/log.h"
#include "base/mem.h"

#include <string.h>

/* path, then the user's words */
static void target_set(struct stage *st, const char *path)
{
	strv_add(&st->target, path);
	for (size_t i = 0; i < st->spec->args.n; i++)
		strv_add(&st->target, st->spec->args.v[i]);
}

/* Takes message, which stands on a line of its own. */
static void say(struct action *ret, int status, char *message)
{
	OWN_FREE char *taken = message;

	ret->message = xasprintf("%s\n", taken);
	ret->status = status;
}

static int target_exec(struct stage *st, struct err *e)
{
	if (st->spec->args.n == 0) {
		err_set(e, ERR_USAGE, "exec needs a program to run");
		return err_hint(e, "sif exec IMAGE PROGRAM [ARG...]");
	}
	for (size_t i = 0; i < st->spec->args.n; i++)
		strv_add(&st->target, st->spec->args.v[i]);
	return 0;
}

/* kind: "runscript" or "test" */
static bool target_app(struct stage *st, const char *kind, struct action *ret)
{
	OWN_FREE char *path = NULL;

	if (!st->spec->app)
		return false;
	path = xasprintf("/scif/apps/%s/scif/%s", st->spec->app, kind);
	if (!strchr(st->spec->app, '/') && image_is_executable(st->root_fd, path))
		target_set(st, path);
	else
		say(ret, 1, xasprintf("Could not locate the %s of the container application: %s\n", kind,
				      st->spec->app));
	return true;
}

static int nothing_to_run(const struct stage *st, struct err *e)
{
	bool ours = st->spec->dialect == DIALECT_SIF;

	err_set(e, ERR_SYSTEM, "the image does not say what to run: it has neither a runscript nor /bin/sh");
	e->sys = ENOENT;
	e->status = ours ? 127 : 255;
	return err_hint(e, "name a program of it: sif exec IMAGE PROGRAM; sif ls IMAGE shows what there is");
}

static int target_run(struct stage *st, struct action *ret, struct err *e)
{
	if (target_app(st, "runscript", ret))
		return 0;
	if (image_is_executable(st->root_fd, RUNSCRIPT))
		target_set(st, RUNSCRIPT);
	else if (image_is_executable(st->root_fd, "/singularity"))
		target_set(st, "/singularity");
	else if (image_is_executable(st->root_fd, "/bin/sh"))
		target_set(st, "/bin/sh");
	else
		return nothing_to_run(st, e);
	return 0;
}

static void target_test(struct stage *st, struct action *ret)
{
	if (target_app(st, "test", ret))
		return;
	if (image_is_executable(st->root_fd, "/.singularity.d/test"))
		target_set(st, "/.singularity.d/test");
	else if (st->spec->dialect == DIALECT_SIF)
		say(ret, 0, xstrdup("the image defines no test\n"));
	else
		say(ret, 0, xstrdup("No test script found in container, exiting\n"));
}

/* The option that keeps a shell from reading start-up files, NULL = none known. */
static const char *no_startup_option(const char *shell)
{
	static const struct {
		const char *name, *option;
	} shells[] = {
		{ "bash", "--norc" }, { "zsh", "-f" }, { "csh", "-f" }, { "tcsh", "-f" }, { "fish", "--no-config" },
	};
	const char *base = strrchr(shell, '/');

	base = base ? base + 1 : shell;
	for (size_t i = 0; i < ARRAY_SIZE(shells); i++)
		if (strcmp(base, shells[i].name) == 0)
			return shells[i].option;
	return NULL;
}

static int target_shell(struct stage *st, struct err *e)
{
	const struct run_spec *spec = st->spec;
	bool ours = spec->dialect == DIALECT_SIF;
	const char *shell = spec->shell;
	const char *option;

	if (spec->args.n && ours) {
		err_set(e, ERR_USAGE, "shell takes no words behind the image, but there is '%s'", spec->args.v[0]);
		return err_hint(e, "to run a program: sif exec IMAGE PROGRAM [ARG...]");
	}
	if (spec->args.n)
		log_warn("parameters to the shell command are ignored");
	st->target_is_shell = true;
	if (shell && !image_is_executable(st->root_fd, shell)) {
		if (ours) {
			err_set(e, ERR_SYSTEM, "the shell '%s' is not in the image", shell);
			e->status = 127;
			return -1;
		}
		shell = NULL; /* as Apptainer does, without a word */
	}
	if (!shell)
		shell = image_shell(st->root_fd);
	if (!shell) {
		err_set(e, ERR_SYSTEM, "the image has no shell");
		e->status = ours ? 127 : 255;
		return err_hint(e, "exec runs a program of the image without one");
	}
	strv_add(&st->target, shell);
	option = no_startup_option(shell);
	if (option && (ours ? !spec->host_rc : !spec->shell || strcmp(shell, spec->shell) != 0))
		strv_add(&st->target, option);
	return 0;
}

/* Korn shells read a file of the home directory unless $ENV names another. */
bool target_reads_env_file(const struct stage *st)
{
	return st->target_is_shell && st->spec->dialect == DIALECT_SIF && !st->spec->host_rc &&
	       str_ends(st->target.v[0], "ksh");
}

int target_make(struct stage *st, struct action *ret, struct err *e)
{
	switch (st->spec->action) {
	case ACTION_EXEC:
		return target_exec(st, e);
	case ACTION_SHELL:
		return target_shell(st, e);
	case ACTION_RUN:
		return target_run(st, ret, e);
	case ACTION_TEST:
		target_test(st, ret);
		return 0;
	}
	return err_set(e, ERR_BUG, "unknown action %d", (int)st->spec->action);
}

/* Only scripts for sh, and only those of builders, whose first line is this. */
static bool is_sh_script(const char *text)
{
	return str_starts(text, "#!/bin/sh\n") || str_starts(text, "#! /bin/sh\n");
}

/* A value that a shell's "double quotes" give back unchanged. */
static char *escaped(const char *s)
{
	struct str out = {};

	for (; *s; s++)
		str_addf(&out, "%s%c", strchr("\\\"$`", *s) ? "\\" : "", *s);
	return str_take(&out);
}

/* An OCI runscript evaluates its words a second time unless it is told not to
 * (true); an older one cannot be told, so its words are escaped. */
static bool keep_words_literal(struct stage *st, const char *text)
{
	if (st->env->eval || !strstr(text, "eval \"set ${SINGULARITY_OCI_RUN}\""))
		return false;
	if (strstr(text, "SINGULARITY_NO_EVAL"))
		return true;
	for (size_t i = 1; i < st->target.n; i++) {
		char *word = escaped(st->target.v[i]);

		free(st->target.v[i]);
		st->target.v[i] = word;
	}
	return false;
}

void target_prepare(struct stage *st)
{
	OWN_FREE char *text = NULL;
	size_t len;

	if (st->spec->action != ACTION_RUN)
		return;
	text = image_read(st->root_fd, st->target.v[0], &len);
	if (text && keep_words_literal(st, text) && !list_names(&st->runner, "SINGULARITY_NO_EVAL"))
		strv_add(&st->runner, "SINGULARITY_NO_EVAL=1");
}

bool target_resolve(struct stage *st, struct script_vars *vars)
{
	OWN_SCRIPT struct script s = SCRIPT_INIT;
	OWN_STRV struct strv environ_ = {};
	OWN_FREE char *text = NULL;
	enum script_end end;
	size_t len;

	text = image_read(st->root_fd, st->target.v[0], &len);
	if (!text || !is_sh_script(text))
		return false;
	s.root_fd = st->root_fd;
	s.fresh_shell = true;
	script_vars_environ(vars, &environ_);
	if (environ_.n)
		script_vars_import(&s.vars, environ_.v);
	for (size_t i = 1; i < st->target.n; i++)
		strv_add(&s.args, st->target.v[i]);
	end = script_eval(&s, text, len);
	if (end == SCRIPT_DECLINED && s.listed && image_shell(st->root_fd)) {
		/* an OCI image without ENTRYPOINT and CMD: sh would print its variables */
		strv_free(&st->target);
		strv_add(&st->target, "/bin/sh");
		return false;
	}
	if (end != SCRIPT_EXEC || s.out.len) {
		log_info("'%s' is run as it is: %s", st->target.v[0], s.why ? s.why : "it does not end in exec");
		return false;
	}
	strv_free(&st->target);
	st->target = s.exec;
	s.exec = (struct strv){};
	script_vars_free(vars);
	*vars = s.vars;
	s.vars = (struct script_vars){};
	if (st->spec->dialect == DIALECT_SIF)
		script_vars_unset(vars, "SINGULARITY_NO_EVAL"); /* was for the script alone */
	return true;
}
