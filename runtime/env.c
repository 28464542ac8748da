/* Which variables go into a container, and with what rank.
 *
 * Lowest to highest: what passes from the host; what the image's scripts set;
 * --env-from-host; SINGULARITYENV_X, APPTAINERENV_X, SIFENV_X; --env-file;
 * --env. Here the sources are sorted out; runtime/action.c applies them when
 * the image's scripts can be read. */
#include "runtime/env.h"

#include "base/log.h"
#include "base/mem.h"
#include "runtime/script.h"

#include <fnmatch.h>
#include <string.h>

/* The longest prefix is tried first; the rank of a prefix is its place. */
static const struct {
	const char *prefix;
	bool only_sif;
} prefixes[] = { { "SINGULARITYENV_", false }, { "APPTAINERENV_", false }, { "SIFENV_", true } };

static bool any_glob(const struct strv *globs, const char *name)
{
	for (size_t i = 0; i < globs->n; i++)
		if (fnmatch(globs->v[i], name, 0) == 0)
			return true;
	return false;
}

/* Variables with a meaning for the runner itself. */
static bool is_runners_own(const struct run_spec *spec, const char *name)
{
	if (str_starts(name, "APPTAINER_") || str_starts(name, "SINGULARITY_"))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
		if (str_starts(name, prefixes[i].prefix) && (!prefixes[i].only_sif || spec->dialect == DIALECT_SIF))
			return true;
	return spec->dialect == DIALECT_SIF && str_starts(name, "SIF_");
}

static bool is_clean(const struct run_spec *spec)
{
	return spec->cleanenv || spec->containall || spec->compat;
}

/* TMPDIR and its like pass when what they name is visible inside. */
static bool directory_is_visible(const struct env_facts *facts, const char *name, const char *value,
				 char *const environ_[])
{
	if (strcmp(name, "XDG_RUNTIME_DIR") == 0)
		return facts->xdg_runtime_bound;
	if (strcmp(name, "XAUTHORITY") == 0)
		return facts->xauthority_bound;
	if (strcmp(name, "TMPDIR") == 0)
		return facts->tmpdir_bound;
	if (strcmp(value, "/tmp") == 0 || strcmp(value, "/var/tmp") == 0)
		return true;
	for (; *environ_; environ_++) /* TMP=$TMPDIR shares its fate */
		if (str_starts(*environ_, "TMPDIR=") && strcmp(*environ_ + 7, value) == 0)
			return facts->tmpdir_bound;
	return false;
}

static bool is_directory_name(const char *name)
{
	static const char *const names[] = { "TMPDIR", "XDG_RUNTIME_DIR", "XAUTHORITY", "TMP", "TEMP", "TEMPDIR" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

static bool host_passes(const struct run_spec *spec, const struct env_facts *facts, const char *name,
			const char *value, char *const environ_[])
{
	if (is_runners_own(spec, name) || strcmp(name, "HOME") == 0 || strcmp(name, "PATH") == 0 ||
	    strcmp(name, "LD_LIBRARY_PATH") == 0 || strcmp(name, "PWD") == 0 || any_glob(&spec->no_env, name))
		return false;
	if (is_clean(spec))
		return env_name_survives_cleanenv(name);
	if (spec->dialect != DIALECT_SIF)
		return true;
	if (is_directory_name(name))
		return directory_is_visible(facts, name, value, environ_);
	return !env_name_stays_outside(name);
}

/* Set K=V in a list that holds each name once. */
static void put(struct strv *l, const char *name, const char *value)
{
	size_t n = strlen(name);
	char *entry = xasprintf("%s=%s", name, value);

	for (size_t i = 0; i < l->n; i++)
		if (strncmp(l->v[i], name, n) == 0 && l->v[i][n] == '=') {
			free(l->v[i]);
			l->v[i] = entry;
			return;
		}
	strv_take(l, entry);
}

/* A value that a user wants inside. origin: how it was asked for, for warnings. */
static void inject(struct env_plan *p, const char *origin, const char *name, const char *value)
{
	const struct {
		const char *name;
		char **where;
	} paths[] = {
		{ "PREPEND_PATH", &p->path_prepend },
		{ "APPEND_PATH", &p->path_append },
		{ "PATH", &p->path_replace },
		{ "PREPEND_LD_LIBRARY_PATH", &p->ld_prepend },
		{ "APPEND_LD_LIBRARY_PATH", &p->ld_append },
	};

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		if (strcmp(name, paths[i].name) == 0) {
			free(*paths[i].where);
			*paths[i].where = xstrdup(value);
			return;
		}
	if (strcmp(name, "HOME") == 0) {
		log_warn("HOME cannot be set by %s: use --home", origin);
		return;
	}
	if (str_starts(name, "APPTAINER_") || str_starts(name, "SINGULARITY_")) {
		log_warn("%s cannot be set by %s: it is the runner's own", name, origin);
		return;
	}
	if (strcmp(name, "UID") == 0 || strcmp(name, "GID") == 0)
		return; /* read-only in shells */
	put(&p->injected, name, value);
}

static void inject_prefixed(struct env_plan *p, const struct run_spec *spec, char *const environ_[])
{
	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		size_t n = strlen(prefixes[i].prefix);

		if (prefixes[i].only_sif && spec->dialect != DIALECT_SIF)
			continue;
		for (char *const *entry = environ_; *entry; entry++) {
			const char *eq = strchr(*entry, '=');
			OWN_FREE char *name = NULL, *origin = NULL;

			if (!eq || !str_starts(*entry, prefixes[i].prefix))
				continue;
			name = xstrndup(*entry + n, (size_t)(eq - *entry) - n);
			origin = xstrndup(*entry, (size_t)(eq - *entry));
			if (!script_is_name(name, strlen(name))) {
				log_warn("'%s' is ignored: '%s' is no variable name", origin, name);
				continue;
			}
			inject(p, origin, name, eq + 1);
		}
	}
}

static int inject_pair(struct env_plan *p, const char *pair, const char *word, struct err *e)
{
	const char *eq = strchr(pair, '=');
	OWN_FREE char *name = NULL;

	if (!eq) {
		err_set(e, ERR_USAGE, "'--env %s': '%s' must be formatted as NAME=VALUE", word, pair);
		return err_hint(e, "--env-from-host %s passes the host's value", pair);
	}
	name = xstrndup(pair, (size_t)(eq - pair));
	if (!script_is_name(name, strlen(name)))
		return err_set(e, ERR_USAGE, "'--env %s': '%s' is no variable name", word, name);
	inject(p, "--env", name, eq + 1);
	return 0;
}

/* The next field of Apptainer's comma list: CSV, "quoted" fields may hold commas. */
static const char *csv_field(const char *p, struct str *field)
{
	str_clear(field);
	if (*p == '"') {
		for (p++; *p; p++) {
			if (*p == '"' && p[1] != '"')
				break;
			p += *p == '"';
			str_addc(field, *p);
		}
		p += *p == '"';
	}
	for (; *p && *p != ','; p++)
		str_addc(field, *p);
	return *p ? p + 1 : p;
}

/* The same in ours: a comma ends a value only where NAME= follows it. */
static const char *comma_field(const char *p, struct str *field)
{
	str_clear(field);
	for (; *p; p++) {
		if (*p == ',') {
			const char *eq = strchr(p, '=');

			if (eq && script_is_name(p + 1, (size_t)(eq - p - 1)))
				return p + 1;
		}
		str_addc(field, *p);
	}
	return p;
}

static int inject_word(struct env_plan *p, const struct run_spec *spec, const char *word, struct err *e)
{
	const char *eq = strchr(word, '=');
	OWN_STR struct str field = {};
	const char *rest = word;

	if (spec->dialect != DIALECT_SIF && eq && !strchr(eq + 1, '='))
		return inject_pair(p, word, word, e); /* one '=': commas belong to the value */
	do {
		rest = spec->dialect == DIALECT_SIF ? comma_field(rest, &field) : csv_field(rest, &field);
		if (inject_pair(p, str_text(&field), word, e))
			return -1;
	} while (*rest);
	return 0;
}

static int inject_file(struct env_plan *p, const char *path, char *const environ_[], struct err *e)
{
	OWN_STRV struct strv vars = {};

	if (env_file_read(path, environ_, &vars, e))
		return -1;
	for (size_t i = 0; i < vars.n; i++) {
		char *eq = strchr(vars.v[i], '=');

		*eq = '\0';
		inject(p, path, vars.v[i], eq + 1);
	}
	return 0;
}

static void pass_host(struct env_plan *p, const struct run_spec *spec, const struct env_facts *facts,
		      char *const environ_[])
{
	bool filters = spec->dialect == DIALECT_SIF && !is_clean(spec);
	OWN_STR struct str held = {};

	for (char *const *entry = environ_; *entry; entry++) {
		const char *eq = strchr(*entry, '=');
		OWN_FREE char *name = NULL;

		if (!eq || eq == *entry)
			continue;
		name = xstrndup(*entry, (size_t)(eq - *entry));
		if (any_glob(&spec->env_from_host, name) && !is_runners_own(spec, name) &&
		    script_is_name(name, strlen(name)))
			put(&p->asked, name, eq + 1);
		else if (host_passes(spec, facts, name, eq + 1, environ_))
			put(&p->host, name, eq + 1);
		else if (filters && env_name_stays_outside(name))
			str_addf(&held, " %s", name);
	}
	if (held.len)
		log_info("variables of the host that are held back (--env-from-host):%s", str_text(&held));
}

/* The launcher's own additions to what passes. */
static void add_own(struct env_plan *p, const struct run_spec *spec, char *const environ_[])
{
	if (is_clean(spec))
		put(&p->host, "LANG", "C");
	if (spec->dialect == DIALECT_SIF) {
		/* $HOME is the host's: so is what pip --user put there */
		put(&p->host, "PYTHONNOUSERSITE", "1");
		return;
	}
	for (; !is_clean(spec) && *environ_; environ_++)
		if (str_starts(*environ_, "PATH=")) {
			OWN_FREE char *path = xasprintf("%s:/bin:/usr/bin:/sbin:/usr/sbin:/usr/local/bin:/usr/local/sbin",
							*environ_ + 5);

			put(&p->host, "USER_PATH", path);
		}
}

int env_plan_make(const struct run_spec *spec, const struct env_facts *facts, char *const environ_[],
		  struct env_plan *ret, struct err *e)
{
	OWN_ENV_PLAN struct env_plan p = {};

	p.eval = spec->dialect != DIALECT_SIF && !spec->no_eval && !spec->compat;
	pass_host(&p, spec, facts, environ_);
	add_own(&p, spec, environ_);
	inject_prefixed(&p, spec, environ_);
	for (size_t i = 0; i < spec->env_files.n; i++)
		if (inject_file(&p, spec->env_files.v[i], environ_, e))
			return -1;
	for (size_t i = 0; i < spec->env.n; i++)
		if (inject_word(&p, spec, spec->env.v[i], e))
			return -1;
	*ret = p;
	p = (struct env_plan){};
	return 0;
}

void env_plan_free(struct env_plan *p)
{
	char **const strings[] = { &p->path_prepend, &p->path_append, &p->path_replace, &p->ld_prepend,
				   &p->ld_append };

	strv_free(&p->host);
	strv_free(&p->asked);
	strv_free(&p->injected);
	for (size_t i = 0; i < ARRAY_SIZE(strings); i++)
		own_free_(strings[i]);
}
