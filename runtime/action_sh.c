/* The stage of action_env.c as one script for the image's own shell, for
 * images whose scripts go beyond the closed forms.
 *
 * Apptainer's embedded shell speaks bash, and images rely on it (`source`,
 * `[[`), so bash is taken when the image has it. Values travel in the
 * environment under names of ours, never in the text: no quoting, and no
 * limit of 128 KiB on the one argument of -c. The command line is "$@" from the
 * first line on, as it is there. */
#include "runtime/action_parts.h"

#include "base/mem.h"

#include <string.h>
#include <unistd.h>

/* sif__h_NAME: a variable of the host to bring back; sif__i_NAME: one to
 * inject; sif__r_NAME: one of the runner's own. */
static const char prelude[] =
	"unset PS1 SHLVL OLDPWD\n"
	"[ \"${UID+x}\" ] || UID=$sif__uid\n"
	"[ \"${GID+x}\" ] || GID=$sif__gid\n"
	"unset sif__uid sif__gid\n"
	"[ \"$(command -v source)\" ] || eval 'source() { . \"$@\"; }'\n";

static const char default_path[] =
	"for sif__d in /usr/local/sbin /usr/local/bin /usr/sbin /usr/bin /sbin /bin; do\n"
	"case \":$PATH:\" in *\":$sif__d:\"*) ;; *) PATH=$PATH:$sif__d ;; esac\n"
	"done\n"
	"export PATH; unset sif__d\n";

static const char runtimevars[] =
	"[ -z \"${SING_USER_DEFINED_PREPEND_PATH:-}\" ] || PATH=$SING_USER_DEFINED_PREPEND_PATH:$PATH\n"
	"[ -z \"${SING_USER_DEFINED_APPEND_PATH:-}\" ] || PATH=$PATH:$SING_USER_DEFINED_APPEND_PATH\n"
	"[ -z \"${SING_USER_DEFINED_PATH:-}\" ] || PATH=$SING_USER_DEFINED_PATH\n"
	"unset SING_USER_DEFINED_PREPEND_PATH SING_USER_DEFINED_APPEND_PATH SING_USER_DEFINED_PATH\n"
	"export PATH\n";

/* Append VALUE as the inside of "double quotes" that a shell expands. */
static char *for_eval(const char *value)
{
	struct str out = {};

	for (const char *p = value; *p; p++) {
		if (*p == '"' || (*p == '\\' && (p[1] == '"' || !p[1])))
			str_addc(&out, '\\');
		str_addc(&out, *p);
	}
	return str_take(&out);
}

static void add_value(struct strv *envp, char kind, const char *name, const char *value)
{
	strv_addf(envp, "sif__%c_%s=%s", kind, name, value);
}

static void inject_one(struct str *text, struct strv *envp, const char *name, const char *value, bool eval)
{
	const char *libs = strcmp(name, "LD_LIBRARY_PATH") == 0 && *value ? ":" LIBS_DIR : "";

	if (eval) {
		OWN_FREE char *quoted = for_eval(value);

		add_value(envp, 'i', name, quoted);
		str_addf(text, "eval \"%s=\\\"$sif__i_%s%s\\\"\"; export %s; unset sif__i_%s\n", name, name, libs,
			 name, name);
	} else {
		add_value(envp, 'i', name, value);
		str_addf(text, "export %s=\"$sif__i_%s%s\"; unset sif__i_%s\n", name, name, libs, name);
	}
}

static void inject_list(struct str *text, struct strv *envp, const struct strv *l, bool eval)
{
	for (size_t i = 0; i < l->n; i++) {
		const char *eq = strchr(l->v[i], '=');
		OWN_FREE char *name = xstrndup(l->v[i], (size_t)(eq - l->v[i]));

		inject_one(text, envp, name, eq + 1, eval);
	}
}

static void inject(const struct stage *st, struct str *text, struct strv *envp)
{
	const struct env_plan *p = st->env;

	inject_list(text, envp, &p->asked, false);
	inject_list(text, envp, &p->injected, p->eval);
	if (p->path_prepend)
		inject_one(text, envp, "SING_USER_DEFINED_PREPEND_PATH", p->path_prepend, p->eval);
	if (p->path_append)
		inject_one(text, envp, "SING_USER_DEFINED_APPEND_PATH", p->path_append, p->eval);
	if (p->path_replace)
		inject_one(text, envp, "SING_USER_DEFINED_PATH", p->path_replace, p->eval);
}

static void scripts(const struct stage *st, struct str *text, struct strv *envp)
{
	bool injected = false;

	for (size_t i = 0; i < st->scripts.n; i++) {
		const char *path = st->scripts.v[i];
		size_t len;
		OWN_FREE char *docker = strstr(path, "/10-docker") ? image_read(st->root_fd, path, &len) : NULL;
		OWN_FREE char *repaired = docker ? oci_env_repair(docker, len) : NULL;

		if (repaired && strlen(repaired) < (64 << 10)) {
			str_add(text, repaired);
			str_addc(text, '\n');
		} else {
			str_add(text, ". ");
			str_add_quoted(text, path);
			str_addc(text, '\n');
		}
		if (docker)
			str_add(text, default_path);
		if (str_ends(path, "/99-base.sh")) {
			inject(st, text, envp);
			injected = true;
		}
	}
	if (!injected)
		inject(st, text, envp);
	if (!st->lists_runtimevars)
		str_add(text, runtimevars);
}

static void restore_host(const struct stage *st, struct str *text, struct strv *envp)
{
	str_addf(text,
		 "sif__h() { while [ $# -gt 0 ]; do eval \"if [ \\\"\\${$1+x}\\\" ]; then %s; "
		 "else export $1=\\\"\\$sif__h_$1\\\"; fi; unset sif__h_$1\"; shift; done; }\nsif__h",
		 st->spec->dialect == DIALECT_SIF ? ":" : "[ \\\"\\$$1\\\" ] || unset $1");
	for (size_t i = 0; i < st->env->host.n; i++) {
		const char *pair = st->env->host.v[i], *eq = strchr(pair, '=');
		OWN_FREE char *name = xstrndup(pair, (size_t)(eq - pair));

		if (!script_is_name(name, strlen(name)) || strcmp(name, "_") == 0 ||
		    list_names(&st->env->injected, name) || list_names(&st->env->asked, name))
			continue;
		add_value(envp, 'h', name, eq + 1);
		str_addf(text, " %s", name);
	}
	str_add(text, "\nunset -f sif__h source\n");
}

static void library_path(const struct stage *st, struct str *text, struct strv *envp)
{
	if (image_has_entries(st->root_fd, LIBS_DIR)) {
		OWN_FREE char *path = image_library_path(st->root_fd);

		add_value(envp, 'l', "d", path);
		str_add(text, "case ${LD_LIBRARY_PATH:-} in ''|" LIBS_DIR ") export LD_LIBRARY_PATH=\"$sif__l_d\" ;; esac; "
			      "unset sif__l_d\n");
	}
	if (st->env->ld_prepend) {
		add_value(envp, 'l', "p", st->env->ld_prepend);
		str_add(text, "export LD_LIBRARY_PATH=\"$sif__l_p${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}\"; "
			      "unset sif__l_p\n");
	}
	if (st->env->ld_append) {
		add_value(envp, 'l', "a", st->env->ld_append);
		str_add(text, "export LD_LIBRARY_PATH=\"${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$sif__l_a\"; "
			      "unset sif__l_a\n");
	}
	if (image_has_entries(st->root_fd, "/.singularity.d/libs32"))
		str_add(text, "export LD_LIBRARY_PATH=\"${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}"
			      "/.singularity.d/libs32\"\n");
}

static void shell_and_prompt(const struct stage *st, struct str *text)
{
	static const char *const prompts[] = { "sif> ", "Apptainer> ", "Singularity> " };
	const char *shell = image_shell(st->root_fd);

	if (st->target_is_shell)
		str_addf(text, "export SHELL=\"$1\"%s\n", target_reads_env_file(st) ? " ENV=/dev/null" : "");
	else if (st->spec->dialect == DIALECT_SIF && shell)
		str_addf(text, "[ -z \"${SHELL:-}\" ] || [ -x \"$SHELL\" ] || export SHELL=%s\n", shell);
	if (st->spec->dialect == DIALECT_SIF && !st->target_is_shell)
		return;
	str_addf(text,
		 "case ${PS1:-} in ''|'Apptainer> '|'Singularity> ') export PS1='%s' ;; esac\n"
		 "[ \"${PROMPT_COMMAND+x}\" ] || export PROMPT_COMMAND=\"PS1=\\\"$PS1\\\"; unset PROMPT_COMMAND\"\n",
		 prompts[st->spec->dialect]);
}

static void runner(const struct stage *st, struct str *text, struct strv *envp)
{
	for (size_t i = 0; i < st->runner.n; i++) {
		const char *pair = st->runner.v[i], *eq = strchr(pair, '=');
		int n = (int)(eq - pair);

		strv_addf(envp, "sif__r_%s", pair);
		str_addf(text, "export %.*s=\"$sif__r_%.*s\"; unset sif__r_%.*s\n", n, pair, n, pair, n, pair);
	}
}

/* Last line; a program that is not there is reported as in the other way. */
static void exec_line(const struct stage *st, struct str *text)
{
	if (st->spec->dialect == DIALECT_SIF || strchr(st->target.v[0], '/')) {
		str_add(text, "exec \"$@\"\n");
		return;
	}
	str_add(text, "[ \"$(command -v \"$1\")\" ] || {\n"
		      "echo \"FATAL:   \\\"$1\\\": executable file not found in \\$PATH\" >&2; exit 255; }\n"
		      "exec \"$@\"\n");
}

static void base_environment(const struct stage *st, struct strv *envp)
{
	strv_add(envp, "PATH=" DEFAULT_PATH);
	strv_addf(envp, "HOME=%s", st->facts->home);
	strv_addf(envp, "PWD=%s", st->cwd);
	if (st->spec->app)
		strv_addf(envp, "SINGULARITY_APPNAME=%s", st->spec->app);
	strv_addf(envp, "sif__uid=%u", (unsigned)getuid());
	strv_addf(envp, "sif__gid=%u", (unsigned)getgid());
}

int stage_by_sh(const struct stage *st, struct action *ret, struct err *e)
{
	OWN_STR struct str text = {};
	const char *shell = image_shell(st->root_fd);

	if (!shell) {
		err_set(e, ERR_FORMAT, "the image's environment scripts need a shell, and the image has none");
		return err_hint(e, "--verbose names the script; a plain 'export NAME=value' needs no shell");
	}
	base_environment(st, &ret->envp);
	stage_odd_names(st, &ret->envp);
	str_add(&text, prelude);
	scripts(st, &text, &ret->envp);
	restore_host(st, &text, &ret->envp);
	library_path(st, &text, &ret->envp);
	shell_and_prompt(st, &text);
	runner(st, &text, &ret->envp);
	exec_line(st, &text);
	ret->path = xstrdup(shell);
	strv_add(&ret->argv, shell);
	strv_add(&ret->argv, "-c");
	strv_take(&ret->argv, str_take(&text));
	strv_add(&ret->argv, "sh");
	for (size_t i = 0; i < st->target.n; i++)
		strv_add(&ret->argv, st->target.v[i]);
	return 0;
}
