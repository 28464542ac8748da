#include "base/opt.h"

#include "base/mem.h"
#include "base/num.h"

#include <string.h>

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

static bool is_flag(const struct opt *o)
{
	return o->kind == OPT_TRUE || o->kind == OPT_FALSE || (o->kind == OPT_CALL && !o->arg);
}

/* arg NULL = a flag given without "=VALUE". */
static int apply(const struct opt *o, const char *arg, void *options, struct err *e)
{
	void *field = (char *)options + o->offset;
	int on = 1;

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
		if (o->parse(options, arg, e))
			return err_ctx(e, "--%s", o->name);
		return 0;
	}
}

static int parse_long(const struct opt *table, int argc, char *const argv[], int *index, void *options,
		      struct err *e)
{
	const char *word = argv[*index] + 2, *eq = strchr(word, '=');
	size_t n = eq ? (size_t)(eq - word) : strlen(word);
	const struct opt *o = find_n(table, word, n);

	if (!o && n > 3 && strncmp(word, "no-", 3) == 0) {
		o = find_n(table, word + 3, n - 3);
		if (o && (o->kind == OPT_TRUE || o->kind == OPT_FALSE) && !eq)
			return apply(o, "no", options, e);
		o = NULL;
	}
	if (!o) {
		err_set(e, ERR_USAGE, "unknown option '--%.*s'", (int)n, word);
		return err_hint(e, "--help lists the options");
	}
	if (is_flag(o))
		return apply(o, eq ? eq + 1 : NULL, options, e);
	if (eq)
		return apply(o, eq + 1, options, e);
	if (*index + 1 >= argc)
		return err_set(e, ERR_USAGE, "option '--%s' needs an argument (%s)", o->name, o->arg);
	return apply(o, argv[++*index], options, e);
}

static int parse_letters(const struct opt *table, int argc, char *const argv[], int *index, void *options,
			 struct err *e)
{
	for (const char *p = argv[*index] + 1; *p; p++) {
		const struct opt *o = table;

		while (o->name && o->letter != *p)
			o++;
		if (!o->name) {
			err_set(e, ERR_USAGE, "unknown option '-%c'", *p);
			return err_hint(e, "--help lists the options");
		}
		if (is_flag(o)) {
			if (apply(o, NULL, options, e))
				return -1;
			continue;
		}
		if (p[1])
			return apply(o, p[1] == '=' ? p + 2 : p + 1, options, e);
		if (*index + 1 >= argc)
			return err_set(e, ERR_USAGE, "option '-%c' needs an argument (%s)", *p, o->arg);
		return apply(o, argv[++*index], options, e);
	}
	return 0;
}

int opt_parse(const struct opt *table, int argc, char *const argv[], int *index, void *options, struct err *e)
{
	for (; *index < argc; ++*index) {
		const char *word = argv[*index];

		if (word[0] != '-' || !word[1])
			return 0;
		if (strcmp(word, "--") == 0) {
			++*index;
			return 0;
		}
		if (word[1] == '-' ? parse_long(table, argc, argv, index, options, e) :
				     parse_letters(table, argc, argv, index, options, e))
			return -1;
	}
	return 0;
}

int opt_set(const struct opt *table, const char *name, const char *arg, void *options, struct err *e)
{
	const struct opt *o = opt_find(table, name);

	if (!o)
		return err_set(e, ERR_USAGE, "there is no option '%s'", name);
	return apply(o, arg, options, e);
}

void opt_help(const struct opt *table, struct str *out)
{
	for (const struct opt *o = table; o->name; o++) {
		OWN_STR struct str left = {};

		if (o->flags & OPT_HIDDEN)
			continue;
		if (o->letter)
			str_addf(&left, "-%c, ", o->letter);
		else
			str_add(&left, "    ");
		str_addf(&left, "--%s", o->name);
		if (o->arg)
			str_addf(&left, " %s", o->arg);
		str_addf(out, "  %-28s %s%s\n", str_text(&left), left.len > 28 ? "\n                               " : "",
			 o->help);
	}
}
