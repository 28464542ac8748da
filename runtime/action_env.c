/* The image's environment scripts, evaluated in this process, in the order
 * and with the rules of Apptainer's action stage (interop 4.3):
 *
 *  1. The scripts see HOME, PWD, PATH and the runner's names, nothing of the
 *     host: so `${X:-default}` gives the image's default.
 *  2. Behind 10-docker*: missing standard directories are put on PATH.
 *     Behind 99-base.sh: what the user injects. 99-runtimevars.sh, or we in its
 *     place, turns PREPEND_PATH and its like into PATH.
 *  3. A variable of the host that no script has defined comes back.
 *
 * action_sh.c does the same by the image's sh; the two must agree, and
 * tests/unit/action.c compares them on every image at hand. */
#include "runtime/action_parts.h"

#include "base/log.h"
#include "base/mem.h"

#include <string.h>
#include <unistd.h>

static void split(const char *pair, char **name, const char **value)
{
	const char *eq = strchr(pair, '=');

	*name = xstrndup(pair, (size_t)(eq - pair));
	*value = eq + 1;
}

bool list_names(const struct strv *l, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < l->n; i++)
		if (strncmp(l->v[i], name, n) == 0 && l->v[i][n] == '=')
			return true;
	return false;
}

static bool is_odd(const char *pair)
{
	const char *eq = strchr(pair, '=');

	return !script_is_name(pair, (size_t)(eq - pair));
}

void stage_odd_names(const struct stage *st, struct strv *envp)
{
	for (size_t i = 0; i < st->env->host.n; i++)
		if (is_odd(st->env->host.v[i]))
			strv_add(envp, st->env->host.v[i]);
}

static void export_number(struct script_vars *vars, const char *name, unsigned number)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", number);
	script_vars_set(vars, name, text); /* a variable, not exported */
}

static void begin(const struct stage *st, struct script_vars *vars)
{
	script_vars_export(vars, "PATH", DEFAULT_PATH);
	script_vars_export(vars, "HOME", st->facts->home);
	script_vars_export(vars, "PWD", st->cwd);
	export_number(vars, "UID", getuid());
	export_number(vars, "GID", getgid());
	if (st->spec->app)
		script_vars_export(vars, "SINGULARITY_APPNAME", st->spec->app);
}

static void append_default_path(struct script_vars *vars)
{
	const char *path = script_vars_get(vars, "PATH");
	OWN_STRV struct strv have = {}, want = {};
	OWN_STR struct str out = {};

	strv_split(&have, path ? path : "", ":");
	strv_split(&want, DEFAULT_PATH, ":");
	str_add(&out, path ? path : "");
	for (size_t i = 0; i < want.n; i++)
		if (!strv_has(&have, want.v[i]))
			str_addf(&out, "%s%s", out.len ? ":" : "", want.v[i]);
	script_vars_export(vars, "PATH", str_text(&out));
}

static void export_libs(struct script_vars *vars, const char *name, const char *value)
{
	if (strcmp(name, "LD_LIBRARY_PATH") == 0 && *value) {
		OWN_FREE char *with = xasprintf("%s:" LIBS_DIR, value);

		script_vars_export(vars, name, with);
	} else {
		script_vars_export(vars, name, value);
	}
}

static bool inject(const struct stage *st, struct script *s)
{
	const struct {
		const char *name, *value;
	} paths[] = {
		{ "SING_USER_DEFINED_PREPEND_PATH", st->env->path_prepend },
		{ "SING_USER_DEFINED_APPEND_PATH", st->env->path_append },
		{ "SING_USER_DEFINED_PATH", st->env->path_replace },
	};

	for (size_t i = 0; i < st->env->asked.n; i++) {
		OWN_FREE char *name = NULL;
		const char *value;

		split(st->env->asked.v[i], &name, &value);
		export_libs(&s->vars, name, value);
	}
	for (size_t i = 0; i < st->env->injected.n; i++) {
		OWN_FREE char *name = NULL, *expanded = NULL;
		const char *value;

		split(st->env->injected.v[i], &name, &value);
		expanded = st->env->eval ? script_expand_quoted(s, value) : xstrdup(value);
		if (!expanded)
			return false;
		export_libs(&s->vars, name, expanded);
	}
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		OWN_FREE char *expanded = NULL;

		if (!paths[i].value)
			continue;
		expanded = st->env->eval ? script_expand_quoted(s, paths[i].value) : xstrdup(paths[i].value);
		if (!expanded)
			return false;
		script_vars_export(&s->vars, paths[i].name, expanded);
	}
	return true;
}

static void join(struct script_vars *vars, const char *name, const char *first, const char *second)
{
	OWN_FREE char *both = xasprintf("%s%s%s", first, *first && *second ? ":" : "", second);

	script_vars_export(vars, name, both);
}

static const char *get(const struct script_vars *vars, const char *name)
{
	const char *v = script_vars_get(vars, name);

	return v ? v : "";
}

/* What 99-runtimevars.sh does, for images that have none. */
static void runtimevars(const struct stage *st, struct script_vars *vars)
{
	const char *v;

	if (st->lists_runtimevars)
		return;
	if (*(v = get(vars, "SING_USER_DEFINED_PREPEND_PATH")))
		join(vars, "PATH", v, get(vars, "PATH"));
	if (*(v = get(vars, "SING_USER_DEFINED_APPEND_PATH")))
		join(vars, "PATH", get(vars, "PATH"), v);
	if (*(v = get(vars, "SING_USER_DEFINED_PATH")))
		script_vars_export(vars, "PATH", v);
	script_vars_unset(vars, "SING_USER_DEFINED_PREPEND_PATH");
	script_vars_unset(vars, "SING_USER_DEFINED_APPEND_PATH");
	script_vars_unset(vars, "SING_USER_DEFINED_PATH");
}

static void restore_host(const struct stage *st, struct script_vars *vars)
{
	bool quirk = st->spec->dialect != DIALECT_SIF;

	for (size_t i = 0; i < st->env->host.n; i++) {
		OWN_FREE char *name = NULL;
		const char *value, *now;

		if (is_odd(st->env->host.v[i]))
			continue;
		split(st->env->host.v[i], &name, &value);
		now = script_vars_get(vars, name);
		if (list_names(&st->env->injected, name) || list_names(&st->env->asked, name))
			continue;
		if (!now)
			script_vars_export(vars, name, value);
		else if (quirk && !*now)
			script_vars_unset(vars, name);
	}
}

static void library_path(const struct stage *st, struct script_vars *vars)
{
	const char *now = get(vars, "LD_LIBRARY_PATH");

	if ((!*now || strcmp(now, LIBS_DIR) == 0) && image_has_entries(st->root_fd, LIBS_DIR)) {
		OWN_FREE char *path = image_library_path(st->root_fd);

		script_vars_export(vars, "LD_LIBRARY_PATH", path);
	}
	if (st->env->ld_prepend)
		join(vars, "LD_LIBRARY_PATH", st->env->ld_prepend, get(vars, "LD_LIBRARY_PATH"));
	if (st->env->ld_append)
		join(vars, "LD_LIBRARY_PATH", get(vars, "LD_LIBRARY_PATH"), st->env->ld_append);
	if (image_has_entries(st->root_fd, "/.singularity.d/libs32"))
		join(vars, "LD_LIBRARY_PATH", get(vars, "LD_LIBRARY_PATH"), "/.singularity.d/libs32");
}

/* The host's shell may not be in the image; tmux, vim and script(1) start $SHELL. */
static void fit_shell(const struct stage *st, struct script_vars *vars)
{
	const char *now = script_vars_get(vars, "SHELL");

	if (st->target_is_shell) {
		script_vars_export(vars, "SHELL", st->target.v[0]);
		if (target_reads_env_file(st))
			script_vars_export(vars, "ENV", "/dev/null");
		return;
	}
	if (!now || st->spec->dialect != DIALECT_SIF || image_is_executable(st->root_fd, now))
		return;
	now = image_shell(st->root_fd);
	if (now)
		script_vars_export(vars, "SHELL", now);
	else
		script_vars_unset(vars, "SHELL");
}

/* bash reads PS1 from its start-up files after the environment; PROMPT_COMMAND
 * has the last word, once. */
static void prompt(const struct stage *st, struct script_vars *vars)
{
	static const char *const prompts[] = { "sif> ", "Apptainer> ", "Singularity> " };
	const char *ps1 = get(vars, "PS1");
	OWN_STR struct str command = {};
	bool generated = !*ps1 || strcmp(ps1, prompts[1]) == 0 || strcmp(ps1, prompts[2]) == 0;

	if (st->spec->dialect == DIALECT_SIF && !st->target_is_shell)
		return;
	if (generated)
		script_vars_export(vars, "PS1", prompts[st->spec->dialect]);
	if (script_vars_get(vars, "PROMPT_COMMAND"))
		return;
	str_add(&command, "PS1=\"");
	for (const char *p = get(vars, "PS1"); *p; p++)
		str_addf(&command, "%s%c", strchr("\\\"$`", *p) ? "\\" : "", *p);
	str_add(&command, "\"; unset PROMPT_COMMAND");
	script_vars_export(vars, "PROMPT_COMMAND", str_text(&command));
}

static void finish(const struct stage *st, struct script_vars *vars)
{
	restore_host(st, vars);
	library_path(st, vars);
	fit_shell(st, vars);
	prompt(st, vars);
	for (size_t i = 0; i < st->runner.n; i++) {
		OWN_FREE char *name = NULL;
		const char *value;

		split(st->runner.v[i], &name, &value);
		script_vars_export(vars, name, value);
	}
}

static enum script_end eval_file(struct script *s, const char *path)
{
	size_t len;
	OWN_FREE char *text = image_read(s->root_fd, path, &len);
	OWN_FREE char *repaired = NULL;

	if (!text) {
		s->why = "unreadable or too large";
		return SCRIPT_DECLINED;
	}
	if (strstr(path, "/10-docker"))
		repaired = oci_env_repair(text, len);
	return repaired ? script_eval(s, repaired, strlen(repaired)) : script_eval(s, text, len);
}

enum script_end stage_eval(const struct stage *st, struct script_vars *vars, char **out, int *status)
{
	OWN_SCRIPT struct script s = SCRIPT_INIT;
	enum script_end end = SCRIPT_DONE;
	bool injected = false;

	s.root_fd = st->root_fd;
	for (size_t i = 0; i < st->target.n; i++)
		strv_add(&s.args, st->target.v[i]);
	begin(st, &s.vars);
	for (size_t i = 0; i < st->scripts.n && end == SCRIPT_DONE; i++) {
		const char *path = st->scripts.v[i];

		end = eval_file(&s, path);
		if (end == SCRIPT_DONE && strstr(path, "/10-docker"))
			append_default_path(&s.vars);
		if (end == SCRIPT_DONE && str_ends(path, "/99-base.sh")) {
			injected = true;
			if (!inject(st, &s))
				end = SCRIPT_DECLINED;
		}
		if (end == SCRIPT_DECLINED)
			log_info("'%s' goes to the image's sh: %s", path, s.why ? s.why : "?");
	}
	if (end == SCRIPT_DONE && !injected && !inject(st, &s))
		end = SCRIPT_DECLINED;
	if (end == SCRIPT_EXEC || (end == SCRIPT_DONE && s.out.len))
		end = SCRIPT_DECLINED; /* a banner: sh prints it in time */
	if (end == SCRIPT_EXIT) {
		*out = str_take(&s.out);
		*status = s.status;
	}
	if (end != SCRIPT_DONE)
		return end;
	runtimevars(st, &s.vars);
	finish(st, &s.vars);
	*vars = s.vars;
	s.vars = (struct script_vars){};
	return SCRIPT_DONE;
}
