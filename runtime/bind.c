#include "runtime/bind.h"

#include "base/mem.h"
#include "base/num.h"

#include <string.h>

static void bind_spec_free(struct bind_spec *b)
{
	free(b->source);
	free(b->dest);
	free(b->image_src);
	*b = (struct bind_spec){ 0 };
}

void bind_list_free(struct bind_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		bind_spec_free(&l->v[i]);
	free(l->v);
	*l = (struct bind_list){ 0 };
}

#define OWN_BIND OWN(bind_spec_free)

/* Takes what b holds. */
static void bind_list_take(struct bind_list *l, struct bind_spec *b)
{
	if (l->n == l->cap) {
		l->cap = l->cap ? l->cap * 2 : 8;
		l->v = xreallocarray(l->v, l->cap, sizeof(*l->v));
	}
	l->v[l->n++] = *b;
	*b = (struct bind_spec){ 0 };
}

static int set_id(struct bind_spec *b, const char *value, struct err *e)
{
	if (num_u32(value, &b->image_id, e))
		return -1;
	if (!b->image_id)
		return err_set(e, ERR_USAGE, "object ids of an image begin at 1");
	return 0;
}

static int set_image_src(struct bind_spec *b, const char *value, struct err *e)
{
	if (!*value)
		return err_set(e, ERR_USAGE, "'image-src=' needs a path");
	free(b->image_src);
	b->image_src = xstrdup(value);
	return 0;
}

static int check(const struct bind_spec *b, const char *text, struct err *e)
{
	if (str_empty(b->source))
		err_set(e, ERR_USAGE, "bind '%s' has no source", text);
	else if (str_empty(b->dest))
		err_set(e, ERR_USAGE, "bind '%s' has an empty destination", text);
	else if (strcmp(b->source, b->dest) && b->dest[0] != '/')
		err_set(e, ERR_USAGE, "the destination '%s' of bind '%s' is not absolute", b->dest, text);
	else if (b->dest[strspn(b->dest, "/")] == '\0')
		err_set(e, ERR_USAGE, "bind '%s' would hide the whole image", text);
	else
		return 0;
	return err_hint(e, "write SOURCE, SOURCE:/DESTINATION or SOURCE:/DESTINATION:ro");
}

/*
 * --bind
 */

/* One field: up to an unescaped ':' or ','. Blanks around it are dropped, as in
 * "-B '/a, /b'". Returns the separator (0 at the end) and moves *pos behind it. */
static char next_field(const char **pos, struct str *ret)
{
	const char *p = *pos;
	size_t kept = 0; /* length up to the last byte that is no plain blank */
	char sep;

	str_clear(ret);
	while (*p == ' ' || *p == '\t')
		p++;
	for (; *p && *p != ':' && *p != ','; p++) {
		bool escaped = p[0] == '\\' && (p[1] == ':' || p[1] == ',');

		p += escaped;
		str_addc(ret, *p);
		if (escaped || (*p != ' ' && *p != '\t'))
			kept = ret->len;
	}
	if (ret->s) {
		ret->s[kept] = '\0';
		ret->len = kept;
	}
	sep = *p;
	*pos = p + (sep != '\0');
	return sep;
}

/* 1 = it is an option and was set, 0 = it is none, -1. */
static int bind_option(struct bind_spec *b, const char *word, bool *rw, struct err *e)
{
	if (!strcmp(word, "ro"))
		b->readonly = true;
	else if (!strcmp(word, "rw"))
		*rw = true;
	else if (str_starts(word, "image-src="))
		return set_image_src(b, word + strlen("image-src="), e) ? -1 : 1;
	else if (str_starts(word, "id="))
		return set_id(b, word + strlen("id="), e) ? -1 : 1;
	else
		return 0;
	if (b->readonly && *rw)
		return err_set(e, ERR_USAGE, "a bind is either 'ro' or 'rw'");
	return 1;
}

/* The options behind the second ':'; *pos is left before the comma item that
 * is none. */
static int bind_options(struct bind_spec *b, const char *text, const char **pos, struct err *e)
{
	OWN_STR struct str word = { 0 };
	bool first = true, rw = false;
	char sep;

	do {
		const char *before = *pos;
		int known;

		sep = next_field(pos, &word);
		known = bind_option(b, str_text(&word), &rw, e);
		if (known < 0)
			return -1;
		if (!known && first) {
			err_set(e, ERR_USAGE, "'%s' is no option of a bind, in '%s'", str_text(&word), text);
			return err_hint(e, "options: ro, rw, image-src=PATH, id=N; '\\:' is a colon in a path");
		}
		if (!known) {
			*pos = before;
			return 0;
		}
		if (sep == ':') {
			err_set(e, ERR_USAGE, "bind '%s' has too many fields", text);
			return err_hint(e, "write SOURCE:/DESTINATION:ro; '\\:' is a colon in a path");
		}
		first = false;
	} while (sep == ',');
	return 0;
}

static int bind_one(const char *text, const char **pos, struct bind_spec *b, struct err *e)
{
	OWN_STR struct str field = { 0 };
	char sep = next_field(pos, &field);

	b->source = xstrdup(str_text(&field));
	if (sep == ':') {
		sep = next_field(pos, &field);
		b->dest = xstrdup(str_text(&field));
	} else {
		b->dest = xstrdup(b->source);
	}
	if (check(b, text, e))
		return -1;
	return sep == ':' ? bind_options(b, text, pos, e) : 0;
}

int bind_parse(const char *text, const char *origin, struct bind_list *ret, struct err *e)
{
	const char *pos = text;

	while (*pos) {
		OWN_BIND struct bind_spec b = { .origin = origin };

		if (bind_one(text, &pos, &b, e))
			return -1;
		bind_list_take(ret, &b);
	}
	return 0;
}

int bind_parse_path(const char *text, const char *origin, struct bind_list *ret, struct err *e)
{
	bool optional = *text == '-';
	size_t first = ret->n;

	if (bind_parse(text + optional, origin, ret, e))
		return -1;
	for (size_t i = first; i < ret->n; i++)
		ret->v[i].optional = optional;
	return 0;
}

/*
 * --mount
 */

/* One CSV field into ret. Returns the separator: ',', '\n' or 0; -1. */
static int csv_field(const char **pos, struct str *ret, struct err *e)
{
	const char *p = *pos;

	str_clear(ret);
	if (*p == '"') {
		for (p++; *p && (*p != '"' || p[1] == '"'); p++) {
			p += *p == '"';
			str_addc(ret, *p);
		}
		if (*p++ != '"' || (*p && *p != ',' && *p != '\n'))
			return err_set(e, ERR_USAGE, "--mount: a quoted field does not end, in '%s'", *pos);
	} else {
		size_t n = strcspn(p, ",\n");

		if (memchr(p, '"', n)) {
			err_set(e, ERR_USAGE, "--mount: a quote inside a field, in '%s'", *pos);
			return err_hint(e, "quote the whole field: '\"source=/a,b\",destination=/c'");
		}
		str_addn(ret, p, n);
		p += n;
	}
	*pos = p + (*p != '\0');
	return *p;
}

static int set_text(char **field, const char *key, const char *value, struct err *e)
{
	if (str_empty(value))
		return err_set(e, ERR_USAGE, "--mount: '%s' needs a value", key);
	if (*field)
		return err_set(e, ERR_USAGE, "--mount: '%s' is given twice", key);
	*field = xstrdup(value);
	return 0;
}

static int set_flag(bool *flag, const char *value, struct err *e)
{
	int yes = 1;

	if (value && num_bool(value, &yes, e))
		return err_ctx(e, "--mount");
	*flag = yes;
	return 0;
}

static int mount_field(struct bind_spec *b, char *field, struct err *e)
{
	char *value = strchr(field, '=');

	if (value)
		*value++ = '\0';
	if (!strcmp(field, "type")) {
		if (value && !strcmp(value, "bind"))
			return 0;
		return err_set(e, ERR_USAGE, "--mount: the type '%s' is not supported, only 'bind' is",
			       value ? value : "");
	}
	if (!strcmp(field, "source") || !strcmp(field, "src"))
		return set_text(&b->source, "source", value, e);
	if (!strcmp(field, "destination") || !strcmp(field, "dst") || !strcmp(field, "target"))
		return set_text(&b->dest, "destination", value, e);
	if (!strcmp(field, "ro") || !strcmp(field, "readonly"))
		return set_flag(&b->readonly, value, e);
	if (!strcmp(field, "nonested"))
		return set_flag(&b->nonested, value, e);
	if (!strcmp(field, "image-src"))
		return set_text(&b->image_src, "image-src", value, e);
	if (!strcmp(field, "id"))
		return set_id(b, value ? value : "", e);
	err_set(e, ERR_USAGE, "--mount: unknown key '%s'", field);
	return err_hint(e, "keys: type source destination ro image-src id nonested; no blank behind a comma");
}

static int mount_line(const char **pos, struct bind_spec *b, struct err *e)
{
	OWN_STR struct str field = { 0 };
	const char *line = *pos;
	int sep;

	do {
		sep = csv_field(pos, &field, e);
		if (sep < 0)
			return -1;
		if (field.len && mount_field(b, field.s, e))
			return -1;
	} while (sep == ',');
	if (!b->source || !b->dest)
		return err_set(e, ERR_USAGE, "--mount needs a source and a destination, in '%.*s'",
			       (int)strcspn(line, "\n"), line);
	if (b->dest[0] != '/')
		return err_set(e, ERR_USAGE, "--mount: the destination '%s' is not absolute", b->dest);
	return check(b, b->dest, e);
}

int bind_parse_mount(const char *text, const char *origin, struct bind_list *ret, struct err *e)
{
	const char *pos = text;

	while (*pos) {
		OWN_BIND struct bind_spec b = { .origin = origin };

		if (*pos == '\n') {
			pos++;
			continue;
		}
		if (mount_line(&pos, &b, e))
			return -1;
		bind_list_take(ret, &b);
	}
	return 0;
}
