#include "base/opt.h"

#include "base/mem.h"
#include "base/num.h"

#include <string.h>

/* One pass over one source of options. */
struct pass {
	const struct opt *table;
	void *options;
	unsigned char *from; /* NULL = every source may overwrite */
	int source;
};

static bool name_in_list(const char *list, const char *name, size_t n)
{
	while (list && *list) {
		size_t k = strcspn(list, ",");

		if (k == n && strncmp(list, name, n) == 0)
			return true;
		list += k + (list[k] == ',');
	}
	return false;
}

static const struct opt *find_n(const struct opt *table, const char *name, size_t n)
{
	for (const struct opt *o = table; o->name; o++)
		if ((strlen(o->name) == n && strncmp(o->name, name, n) == 0) || name_in_list(o->alias, name, n))
			return o;
	return NULL;
}

const struct opt *opt_find(const struct opt *table, const char *name)
{
	return find_n(table, name, strlen(name));
}

size_t opt_count(const struct opt *table)
{
	size_t n = 0;

	while (table[n].name)
		n++;
	return n;
}

bool opt_takes_value(const struct opt *o)
{
	return o->kind == OPT_STR || o->kind == OPT_LIST || (o->kind == OPT_CALL && o->arg);
}

static bool collects(const struct opt *o)
{
	return o->kind == OPT_LIST || (o->flags & OPT_MANY);
}

/* arg NULL = a flag given without "=VALUE". */
static int apply(const struct pass *p, const struct opt *o, const char *arg, struct err *e)
{
	void *field = (char *)p->options + o->offset;
	unsigned char *from = p->from ? &p->from[o - p->table] : NULL;
	int on = 1;

	if (from && *from && *from != p->source && !collects(o))
		return 0;
	if (from && !*from)
		*from = (unsigned char)p->source;
	switch (o->kind) {
	case OPT_TRUE:
	case OPT_FALSE:
		if (arg && num_bool(arg, &on, e))
			return err_ctx(e, "--%s", o->name);
		*(bool *)field = (o->kind == OPT_TRUE) == (on != 0);
		return 0;
	case OPT_STR:
		free(*(char **)field);
		*(char **)field = xstrdup(arg);
		return 0;
	case OPT_LIST:
		strv_add(field, arg);
		return 0;
	default:
		if (o->parse(p->options, arg, e))
			return err_ctx(e, "--%s", o->name);
		return 0;
	}
}

static int unknown(const struct pass *p, const char *word, size_t n, struct err *e)
{
	OWN_FREE char *name = xstrndup(word, n);
	OWN_FREE const char **names = xcalloc(opt_count(p->table) + 1, sizeof(*names));
	const char *near;
	size_t k = 0;

	for (const struct opt *o = p->table; o->name; o++)
		if (!(o->flags & OPT_HIDDEN))
			names[k++] = o->name;
	near = opt_nearest(name, names);
	err_set(e, ERR_USAGE, "unknown option '--%s'", name);
	e->status = OPT_UNKNOWN;
	if (near)
		return err_hint(e, "did you mean '--%s'?", near);
	return err_hint(e, "--help lists the options");
}

static int parse_long(const struct pass *p, int argc, char *const argv[], int *index, struct err *e)
{
	const char *word = argv[*index] + 2, *eq = strchr(word, '=');
	size_t n = eq ? (size_t)(eq - word) : strlen(word);
	const struct opt *o = find_n(p->table, word, n);

	if (!o && n > 3 && strncmp(word, "no-", 3) == 0) {
		o = find_n(p->table, word + 3, n - 3);
		if (o && (o->kind == OPT_TRUE || o->kind == OPT_FALSE) && !eq)
			return apply(p, o, "no", e);
		o = NULL;
	}
	if (!o)
		return unknown(p, word, n, e);
	if (eq)
		return apply(p, o, eq + 1, e);
	if (!opt_takes_value(o))
		return apply(p, o, NULL, e);
	if (*index + 1 >= argc)
		return err_set(e, ERR_USAGE, "option '--%s' needs an argument (%s)", o->name, o->arg);
	return apply(p, o, argv[++*index], e);
}

static const struct opt *find_letter(const struct opt *table, char letter)
{
	for (const struct opt *o = table; o->name; o++)
		if (o->letter == letter)
			return o;
	return NULL;
}

static int parse_letters(const struct pass *p, int argc, char *const argv[], int *index, struct err *e)
{
	for (const char *c = argv[*index] + 1; *c; c++) {
		const struct opt *o = find_letter(p->table, *c);

		if (!o) {
			err_set(e, ERR_USAGE, "unknown option '-%c'", *c);
			e->status = OPT_UNKNOWN;
			return err_hint(e, "--help lists the options");
		}
		if (!opt_takes_value(o)) {
			/* "-c=false" is how flag parsers of other languages write --no-c */
			if (c[1] == '=')
				return apply(p, o, c + 2, e);
			if (apply(p, o, NULL, e))
				return -1;
			continue;
		}
		if (c[1])
			return apply(p, o, c[1] == '=' ? c + 2 : c + 1, e);
		if (*index + 1 >= argc)
			return err_set(e, ERR_USAGE, "option '-%c' needs an argument (%s)", *c, o->arg);
		return apply(p, o, argv[++*index], e);
	}
	return 0;
}

static bool asks_for_help(const struct opt *table, const char *word)
{
	return strcmp(word, "--help") == 0 || (strcmp(word, "-h") == 0 && !find_letter(table, 'h'));
}

int opt_parse_from(const struct opt *table, int argc, char *const argv[], int *index, void *options,
		   unsigned char *from, int source, struct err *e)
{
	const struct pass pass = { table, options, from, source };

	for (; *index < argc; ++*index) {
		const char *word = argv[*index];

		if (word[0] != '-' || !word[1])
			return 0;
		if (strcmp(word, "--") == 0) {
			++*index;
			return 0;
		}
		if (asks_for_help(table, word)) {
			err_clear(e);
			return -1;
		}
		if (word[1] == '-' ? parse_long(&pass, argc, argv, index, e) :
				     parse_letters(&pass, argc, argv, index, e))
			return -1;
	}
	return 0;
}

int opt_parse(const struct opt *table, int argc, char *const argv[], int *index, void *options, struct err *e)
{
	return opt_parse_from(table, argc, argv, index, options, NULL, 0, e);
}

int opt_set(const struct opt *table, const char *name, const char *arg, void *options, unsigned char *from,
	    int source, struct err *e)
{
	const struct pass pass = { table, options, from, source };
	const struct opt *o = opt_find(table, name);

	if (!o)
		return err_set(e, ERR_USAGE, "there is no option '%s'", name);
	if (!arg && opt_takes_value(o))
		return err_set(e, ERR_USAGE, "option '%s' needs a value (%s)", name, o->arg);
	return apply(&pass, o, arg, e);
}

/* The i-th name of an option in its list, NULL when there is none. */
static const char *listed_name(const struct opt *o, size_t i, size_t *ret_len)
{
	const char *list = o->env ? o->env : o->name;

	if (o->flags & OPT_NO_ENV)
		return NULL;
	for (; i; i--) {
		list += strcspn(list, ",");
		if (!*list++)
			return NULL;
	}
	*ret_len = strcspn(list, ",");
	return list;
}

/* A character of an option's name as variables have it. */
static char in_variable(char c)
{
	if (c == '-')
		return '_';
	return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

char *opt_env_name(const struct opt *o, size_t i)
{
	size_t n;
	const char *listed = listed_name(o, i, &n);
	char *name = listed ? xstrndup(listed, n) : NULL;

	for (char *c = name; c && *c; c++)
		*c = in_variable(*c);
	return name;
}

/* The value of PREFIX_NAME in environ_, NULL when it is unset or empty. Nothing
 * is allocated: each launch asks for each name of each option. */
static const char *lookup(char *const environ_[], const char *prefix, const char *name, size_t len)
{
	size_t n = strlen(prefix);

	for (; *environ_; environ_++) {
		const char *v = *environ_;
		size_t i = 0;

		if (strncmp(v, prefix, n) || v[n] != '_')
			continue;
		for (v += n + 1; i < len && v[i] == in_variable(name[i]); i++)
			;
		if (i == len && v[len] == '=')
			return v[len + 1] ? v + len + 1 : NULL;
	}
	return NULL;
}

/* *ret: the variable's value. */
static char *find_env(const struct opt *o, const char *const prefixes[], char *const environ_[], const char **ret)
{
	for (const char *const *prefix = prefixes; *prefix; prefix++) {
		const char *listed;
		size_t len;

		for (size_t i = 0; (listed = listed_name(o, i, &len)); i++) {
			*ret = lookup(environ_, *prefix, listed, len);
			if (*ret) {
				OWN_FREE char *name = opt_env_name(o, i);

				return xasprintf("%s_%s", *prefix, name);
			}
		}
	}
	return NULL;
}

char *opt_env_found(const struct opt *o, const char *const prefixes[], char *const environ_[])
{
	const char *value;

	return find_env(o, prefixes, environ_, &value);
}

int opt_env(const struct opt *table, const char *const prefixes[], char *const environ_[], void *options,
	    unsigned char *from, int source, struct err *e)
{
	const struct pass pass = { table, options, from, source };

	for (const struct opt *o = table; o->name; o++) {
		const char *value;
		OWN_FREE char *name = find_env(o, prefixes, environ_, &value);

		if (name && apply(&pass, o, value, e))
			return err_ctx(e, "environment variable '%s'", name);
	}
	return 0;
}
