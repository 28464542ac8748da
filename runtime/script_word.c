/* Words of the closed forms: quotes, backslashes and expansions, as parts. */
#include "runtime/script_parser.h"

#include <ctype.h>

/* Where inside a word we are. */
enum where {
	BARE,	     /* no quotes */
	QUOTED,	     /* "here" */
	BRACE,	     /* ${X:-here} */
	BRACE_QUOTED /* "${X:-here}" */
};

static bool parse_dollar(struct parser *s, enum where where, struct part ***tail);

static struct part *add_part(struct parser *s, struct part ***tail, enum part_kind kind, bool quoted,
			     const char *text, size_t len)
{
	struct part *part = arena_new(s->arena, sizeof(*part));

	if (!part) {
		decline(s, "too large");
		return NULL;
	}
	part->kind = kind;
	part->quoted = quoted;
	part->text = text;
	part->len = len;
	**tail = part;
	*tail = &part->next;
	return part;
}

/* A backslash: what it makes literal depends on the quotes around it. */
static bool parse_backslash(struct parser *s, enum where where, struct part ***tail)
{
	int c = peek2(s);
	const char *escapes = where == QUOTED ? "$`\"\\" : "$`\"\\}";

	if (c < 0)
		return decline(s, "backslash at the end");
	if (c == '\n' && where == QUOTED) {
		s->p += 2;
		return true;
	}
	if (c == '\n' || c == 0)
		return decline(s, "line continued inside of a word");
	if ((where == QUOTED || where == BRACE_QUOTED) && !strchr(escapes, c)) {
		s->p += 1; /* the backslash itself; the other byte follows as usual */
		return add_part(s, tail, PART_TEXT, true, s->p - 1, 1);
	}
	s->p += 2;
	return add_part(s, tail, PART_TEXT, true, s->p - 1, 1);
}

/* Behind an opening '"', up to and over the closing one. */
static bool parse_double(struct parser *s, struct part ***tail, bool nested)
{
	struct part **const before = *tail;

	for (;;) {
		const char *start = s->p;
		int c;

		while ((c = peek(s)) > 0 && !strchr("\"\\$`", c) && !(nested && strchr("{}", c)))
			s->p++;
		if (s->p > start && !add_part(s, tail, PART_TEXT, true, start, (size_t)(s->p - start)))
			return false;
		switch (c) {
		case '"':
			/* "" is a word; but "$@" is none when there are no arguments */
			if (*tail == before && !add_part(s, tail, PART_TEXT, true, s->p, 0))
				return false;
			s->p++;
			return true;
		case '\\':
			if (nested && (peek2(s) <= 0 || !strchr("$`\"\\", peek2(s))))
				return decline(s, "backslash inside of nested quotes");
			if (!parse_backslash(s, QUOTED, tail))
				return false;
			break;
		case '$':
			if (nested && peek2(s) == '{')
				return decline(s, "nested expansion inside of nested quotes");
			if (!parse_dollar(s, QUOTED, tail))
				return false;
			break;
		default:
			return decline(s, c < 0 ? "unclosed double quote" : "command substitution or odd byte");
		}
	}
}

static bool parse_single(struct parser *s, struct part ***tail)
{
	const char *start = ++s->p;
	const char *close = memchr(start, '\'', (size_t)(s->end - start));

	if (!close || memchr(start, '\0', (size_t)(close - start)))
		return decline(s, "unclosed single quote");
	s->p = close + 1;
	return add_part(s, tail, PART_TEXT, true, start, (size_t)(close - start));
}

/* Plain bytes up to the next one with a meaning in this place. */
static bool parse_plain(struct parser *s, enum where where, struct part ***tail)
{
	const char *stop = where == BARE ? "'\"\\$`~ \t\n;&|<>()" : "'\"\\$`~{}\n;&|<>()";
	const char *start = s->p;
	int c;

	while ((c = peek(s)) > 0 && !strchr(stop, c))
		s->p++;
	if (s->p == start)
		return decline(s, c == '~' ? "tilde" : "operator or odd byte inside of a word");
	return add_part(s, tail, PART_TEXT, where == BRACE_QUOTED, start, (size_t)(s->p - start));
}

/* One step of a word: everything but its end. */
static bool parse_piece(struct parser *s, enum where where, struct part ***tail)
{
	switch (peek(s)) {
	case '\'':
		if (where == BRACE_QUOTED)
			return decline(s, "single quote inside of a quoted expansion");
		return parse_single(s, tail);
	case '"':
		s->p++;
		return parse_double(s, tail, where != BARE);
	case '\\':
		return parse_backslash(s, where, tail);
	case '$':
		return parse_dollar(s, where, tail);
	default:
		return parse_plain(s, where, tail);
	}
}

/* Behind "${": name, operator, word, "}". */
static bool parse_brace(struct parser *s, bool quoted, struct part ***tail)
{
	const char *start = s->p;
	struct part *part, **alt_tail;
	size_t len;

	while (isalnum(peek(s)) || peek(s) == '_')
		s->p++;
	if (s->p == start && (peek(s) == '#' || peek(s) == '@' || peek(s) == '*') && peek2(s) == '}')
		s->p++;
	len = (size_t)(s->p - start);
	if (len == 0 || len > 4096 || (isdigit((unsigned char)*start) && len > 2))
		return decline(s, "expansion of another form");
	for (size_t i = 0; isdigit((unsigned char)*start) && i < len; i++)
		if (!isdigit((unsigned char)start[i]) || *start == '0')
			return decline(s, "expansion of another form");
	part = add_part(s, tail, PART_PARAM, quoted, start, len);
	if (!part)
		return false;
	if (peek(s) == '}') {
		s->p++;
		return true;
	}
	if (peek(s) == ':') {
		part->colon = true;
		s->p++;
	}
	if (peek(s) != '-' && peek(s) != '+')
		return decline(s, "expansion of another form");
	part->op = *s->p++;
	part->alt = arena_new(s->arena, sizeof(*part->alt));
	if (!part->alt)
		return decline(s, "too large");
	alt_tail = &part->alt->parts;
	if (++s->depth > SCRIPT_DEPTH_MAX)
		return decline(s, "nested too deeply");
	while (peek(s) != '}')
		if (!parse_piece(s, quoted ? BRACE_QUOTED : BRACE, &alt_tail))
			return false;
	s->depth--;
	s->p++;
	return true;
}

/* At a '$'. */
static bool parse_dollar(struct parser *s, enum where where, struct part ***tail)
{
	bool quoted = where == QUOTED || where == BRACE_QUOTED;
	int c = peek2(s);
	const char *start = ++s->p;

	if (c == '{') {
		s->p++;
		return parse_brace(s, quoted, tail);
	}
	if (isalpha(c) || c == '_') {
		while (isalnum(peek(s)) || peek(s) == '_')
			s->p++;
		if (peek(s) == '\\' && peek2(s) == '\n')
			return decline(s, "line continued inside of a name");
		if (s->p - start > 4096)
			return decline(s, "long name");
		return add_part(s, tail, PART_PARAM, quoted, start, (size_t)(s->p - start));
	}
	if ((c >= '1' && c <= '9') || c == '#' || c == '@' || c == '*') {
		s->p++;
		return add_part(s, tail, PART_PARAM, quoted, start, 1);
	}
	/* a dollar that is only a dollar */
	if (c == ' ' || c == '/' || c == '.' || c == ',' || c == ':' || c == '%' || (where == QUOTED && c == '"'))
		return add_part(s, tail, PART_TEXT, quoted, start - 1, 1);
	return decline(s, "expansion of another form");
}

bool parser_word(struct parser *s, struct word **ret)
{
	struct word *w = arena_new(s->arena, sizeof(*w));
	const char *p = s->p;
	struct part **tail;

	if (!w)
		return decline(s, "too large");
	while (p < s->end && (isalnum((unsigned char)*p) || *p == '_'))
		p++;
	if (p > s->p && p < s->end && *p == '[')
		return decline(s, "subscript"); /* bash reads on to the ']' */
	tail = &w->parts;
	while (!is_delimiter(peek(s)))
		if (!parse_piece(s, BARE, &tail))
			return false;
	*ret = w;
	return true;
}

const char *script_parse_quoted(struct arena *a, const char *text, size_t len, struct word **ret)
{
	struct parser s = { .p = text, .end = text + len, .arena = a };
	struct word *w = arena_new(a, sizeof(*w));
	struct part **tail;

	if (!w)
		return "too large";
	tail = &w->parts;
	while (!s.why && s.p < s.end) {
		const char *start = s.p;

		while (s.p < s.end && !strchr("\\$`", *s.p))
			s.p++;
		if (s.p > start)
			add_part(&s, &tail, PART_TEXT, true, start, (size_t)(s.p - start));
		if (s.p == s.end)
			break;
		if (*s.p == '$')
			parse_dollar(&s, QUOTED, &tail);
		else if (*s.p == '\\' && (s.end - s.p == 1 || s.p[1] == '"'))
			add_part(&s, &tail, PART_TEXT, true, s.p++, 1); /* there is no quote to escape */
		else if (*s.p == '\\')
			parse_backslash(&s, QUOTED, &tail);
		else
			decline(&s, "command substitution");
	}
	*ret = w;
	return s.why;
}
