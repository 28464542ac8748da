/* Expansion of words. Where an unquoted expansion yields something that a
 * shell would split or match against files, we decline: see script.h. */
#include "runtime/script_ast.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

enum { VALUE_MAX = 96 << 10, FIELDS_MAX = 32 << 10, TOTAL_MAX = 8 << 20 };

/* What splits, matches or, in bash, multiplies. */
static const char active[] = " \t\n*?[\\{}";

struct field {
	struct strv *out;
	struct str text;
	bool any; /* there is a field, even if its text is empty */
};

static bool add_text(struct script *s, struct str *out, const char *text, size_t n)
{
	if (out->len + n > VALUE_MAX)
		return script_decline(s, "a value is too long");
	str_addn(out, text, n);
	return true;
}

static bool has_active(const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strchr(active, text[i]))
			return true;
	return false;
}

/* The value of $name, $1 or $#; *ret stays NULL when it is unset. */
static bool param_value(struct script *s, const struct part *p, char number[static 24], const char **ret)
{
	OWN_FREE char *name = strndup(p->text, p->len);
	size_t n;

	*ret = NULL;
	if (!name)
		return script_decline(s, "too large");
	if (*name == '#') {
		snprintf(number, 24, "%zu", s->args.n);
		*ret = number;
		return true;
	}
	if (*name >= '1' && *name <= '9') {
		n = strtoul(name, NULL, 10);
		*ret = n <= s->args.n ? s->args.v[n - 1] : NULL;
		return true;
	}
	*ret = script_vars_get(&s->vars, name);
	if (script_name_is_special(name) && !(*ret && (strcmp(name, "UID") == 0 || strcmp(name, "GID") == 0)))
		return script_decline(s, "variable of the shell's own");
	if (!*ret && script_name_set_by_shell(name) && (s->fresh_shell || strcmp(name, "PS1") != 0))
		return script_decline(s, "variable that a shell may set");
	return true;
}

/* "$@" and "$*"; $@ and $* without quotes decline. */
static bool expand_all_args(struct script *s, const struct part *p, struct field *f)
{
	if (!p->quoted || p->op)
		return script_decline(s, "unquoted or conditional $@ or $*");
	if (*p->text == '*') {
		f->any = true;
		for (size_t i = 0; i < s->args.n; i++)
			if ((i && !add_text(s, &f->text, " ", 1)) ||
			    !add_text(s, &f->text, s->args.v[i], strlen(s->args.v[i])))
				return false;
		return true;
	}
	if (!f->out)
		return script_decline(s, "$@ where one string is wanted");
	if (s->args.n == 0 && (f->any || p->next))
		return script_decline(s, "$@ without arguments beside other text");
	for (size_t i = 0; i < s->args.n; i++) {
		if (i) {
			strv_take(f->out, str_take(&f->text));
			if (f->out->n > FIELDS_MAX)
				return script_decline(s, "too many words");
		}
		f->any = true;
		if (!add_text(s, &f->text, s->args.v[i], strlen(s->args.v[i])))
			return false;
	}
	return true;
}

static bool expand_parts(struct script *s, const struct part *p, bool strict, struct field *f);

static bool expand_param(struct script *s, const struct part *p, bool strict, struct field *f)
{
	char number[24];
	const char *value;
	bool use_alt;

	if (*p->text == '@' || *p->text == '*')
		return expand_all_args(s, p, f);
	if (!param_value(s, p, number, &value))
		return false;
	use_alt = p->op && (p->op == '+') == (value && !(p->colon && !*value));
	if (p->quoted)
		f->any = true;
	if (use_alt) {
		/* the word of an unquoted expansion is split like its value */
		return expand_parts(s, p->alt->parts, strict, f);
	}
	if (!value || p->op == '+')
		return true;
	if (strict && !p->quoted && has_active(value, strlen(value)))
		return script_decline(s, "unquoted value that a shell may split or match");
	if (*value)
		f->any = true;
	return add_text(s, &f->text, value, strlen(value));
}

/* strict: unquoted text must not be active. */
static bool expand_parts(struct script *s, const struct part *p, bool strict, struct field *f)
{
	for (; p; p = p->next) {
		if (++s->steps > SCRIPT_STEPS_MAX)
			return script_decline(s, "too many steps");
		if (p->kind == PART_PARAM) {
			if (!expand_param(s, p, strict, f))
				return false;
			continue;
		}
		if (strict && !p->quoted && has_active(p->text, p->len))
			return script_decline(s, "unquoted text that a shell may split or match");
		f->any = f->any || p->quoted || p->len;
		if (!add_text(s, &f->text, p->text, p->len))
			return false;
	}
	return true;
}

bool expand_string(struct script *s, const struct part *first, size_t skip,
		   enum expand_mode mode, struct str *out)
{
	struct part head = *first;
	struct field f = {};
	bool ok;

	head.text += skip;
	head.len -= skip;
	ok = expand_parts(s, &head, mode == EXPAND_DECL, &f);
	s->bytes += f.text.len;
	if (ok && s->bytes > TOTAL_MAX)
		ok = script_decline(s, "too many bytes");
	if (ok)
		str_addn(out, f.text.s ? f.text.s : "", f.text.len);
	str_free(&f.text);
	return ok;
}

static bool is_bracket(const struct word *w)
{
	return w->parts && !w->parts->next && w->parts->kind == PART_TEXT && !w->parts->quoted &&
	       w->parts->len == 1 && *w->parts->text == '[';
}

bool expand_fields(struct script *s, const struct word *w, struct strv *out)
{
	for (bool first = true; w; w = w->next, first = false) {
		struct field f = { .out = out };
		bool ok = expand_parts(s, w->parts, !(first && is_bracket(w)), &f);

		s->bytes += f.text.len + 1;
		if (ok && s->bytes > TOTAL_MAX)
			ok = script_decline(s, "too many bytes");
		if (ok && out->n > FIELDS_MAX)
			ok = script_decline(s, "too many words");
		if (ok && f.any)
			strv_take(out, str_take(&f.text));
		str_free(&f.text);
		if (!ok)
			return false;
	}
	return true;
}

size_t word_assignment(const struct word *w)
{
	const struct part *p = w->parts;
	const char *eq;

	if (!p || p->kind != PART_TEXT || p->quoted)
		return 0;
	eq = memchr(p->text, '=', p->len);
	if (!eq || !script_is_name(p->text, (size_t)(eq - p->text)))
		return 0;
	return (size_t)(eq - p->text);
}

char *script_expand_quoted(struct script *s, const char *value)
{
	OWN_ARENA struct arena arena = {};
	struct word *w = NULL;
	OWN_STR struct str out = {};
	const char *why = script_parse_quoted(&arena, value, strlen(value), &w);

	if (why) {
		script_decline(s, why);
		return NULL;
	}
	if (w->parts && !expand_string(s, w->parts, 0, EXPAND_VALUE, &out))
		return NULL;
	return str_take(&out);
}
