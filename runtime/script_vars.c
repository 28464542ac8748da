/* Variables of the evaluator: a flat list, since an environment has some
 * hundred entries and the step bound limits what a text can add. */
#include "runtime/script_ast.h"

#include "base/mem.h"

#include <ctype.h>
#include <string.h>

static struct script_var *find(const struct script_vars *l, const char *name)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->v[i].name, name) == 0)
			return &l->v[i];
	return NULL;
}

static struct script_var *find_or_add(struct script_vars *l, const char *name)
{
	struct script_var *v = find(l, name);

	if (v)
		return v;
	if (l->n == l->cap) {
		l->cap = l->cap ? l->cap * 2 : 64;
		l->v = xreallocarray(l->v, l->cap, sizeof(*l->v));
	}
	v = &l->v[l->n++];
	*v = (struct script_var){ .name = xstrdup(name) };
	return v;
}

void script_vars_free(struct script_vars *l)
{
	for (size_t i = 0; i < l->n; i++) {
		free(l->v[i].name);
		free(l->v[i].value);
	}
	free(l->v);
	*l = (struct script_vars){};
}

const char *script_vars_get(const struct script_vars *l, const char *name)
{
	const struct script_var *v = find(l, name);

	return v ? v->value : NULL;
}

void script_vars_set(struct script_vars *l, const char *name, const char *value)
{
	struct script_var *v = find_or_add(l, name);
	char *copy = xstrdup(value); /* value may be v->value itself */

	free(v->value);
	v->value = copy;
	v->assigned = true;
}

void script_vars_export(struct script_vars *l, const char *name, const char *value)
{
	if (value)
		script_vars_set(l, name, value);
	find_or_add(l, name)->exported = true;
}

void script_vars_import(struct script_vars *l, char *const envp[])
{
	for (; *envp; envp++) {
		const char *eq = strchr(*envp, '=');
		OWN_FREE char *name = NULL;

		if (!eq || !script_is_name(*envp, (size_t)(eq - *envp)))
			continue;
		name = xstrndup(*envp, (size_t)(eq - *envp));
		script_vars_export(l, name, eq + 1);
		find_or_add(l, name)->assigned = false;
	}
}

void script_vars_unset(struct script_vars *l, const char *name)
{
	struct script_var *v = find(l, name);

	if (!v)
		return;
	free(v->name);
	free(v->value);
	memmove(v, v + 1, (size_t)(l->v + l->n - (v + 1)) * sizeof(*v));
	l->n--;
}

void script_vars_environ(const struct script_vars *l, struct strv *ret)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->v[i].exported && l->v[i].value)
			strv_addf(ret, "%s=%s", l->v[i].name, l->v[i].value);
}

bool script_is_name(const char *s, size_t n)
{
	if (n == 0 || (!isalpha((unsigned char)s[0]) && s[0] != '_'))
		return false;
	for (size_t i = 1; i < n; i++)
		if (!isalnum((unsigned char)s[i]) && s[i] != '_')
			return false;
	return true;
}

/* Reading or writing these has an effect or a value of the shell's own. */
bool script_name_is_special(const char *name)
{
	static const char *const names[] = {
		"IFS",	     "OPTIND",	  "OPTARG",	"OPTERR",	 "LINENO",	  "PPID",    "EUID",
		"UID",	     "GID",	  "GROUPS",	"RANDOM",	 "SRANDOM",	  "SECONDS", "FUNCNAME",
		"DIRSTACK",  "SHELLOPTS", "BASHOPTS",	"PIPESTATUS",	 "SHLVL",	  "_",	     "EPOCHSECONDS",
		"HISTCMD",   "PS2",	  "PS3",	"PS4",		 "EPOCHREALTIME", "COPROC",  "POSIXLY_CORRECT",
		"MAILCHECK", "READLINE",  "COMP_WORDS", "COMP_WORDBREAKS",
	};

	if (str_starts(name, "BASH"))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

/* Some shells give these a value when the environment does not. */
bool script_name_set_by_shell(const char *name)
{
	static const char *const names[] = { "HOSTNAME", "HOSTTYPE", "OSTYPE", "MACHTYPE", "OLDPWD", "TERM",
					     "SHELL",	 "PWD",	     "PS1",    "PATH",	   "COLUMNS", "LINES" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}
