/* Parser of the closed forms (script.h): text to tree, or the reason why not.
 *
 * The whole text is parsed before anything runs, so a form outside of the
 * grammar declines even in a branch that would not be taken; a *command* that
 * the evaluator does not know is a fine tree and declines only when met.
 * A backslash at a line's end joins lines between words and inside of double
 * quotes only; within a word or an expansion it declines, so that no keyword
 * or name can hide behind one. */
#include "runtime/script_ast.h"

#include <ctype.h>
#include <string.h>

enum { DEPTH_MAX = 24, ARENA_MAX = 8 << 20, BLOCK = 16 << 10 };

struct arena_block {
	struct arena_block *prev;
	size_t used;
	_Alignas(max_align_t) char mem[BLOCK];
};

void arena_free(struct arena *a)
{
	while (a->last) {
		struct arena_block *b = a->last;

		a->last = b->prev;
		free(b);
	}
	a->used = 0;
}

void *arena_new(struct arena *a, size_t size)
{
	struct arena_block *b = a->last;
	void *p;

	size = (size + 15) & ~(size_t)15;
	if (size > BLOCK || a->used + size > ARENA_MAX)
		return NULL;
	if (!b || b->used + size > BLOCK) {
		b = malloc(sizeof(*b));
		if (!b)
			return NULL;
		b->prev = a->last;
		b->used = 0;
		a->last = b;
	}
	p = b->mem + b->used;
	b->used += size;
	a->used += size;
	return memset(p, 0, size);
}

struct parser {
	const char *p, *end;
	struct arena *arena;
	unsigned depth;
	const char *why;
};

/* Where inside a word we are. */
enum where {
	BARE,	     /* no quotes */
	QUOTED,	     /* "here" */
	BRACE,	     /* ${X:-here} */
	BRACE_QUOTED /* "${X:-here}" */
};

static bool decline(struct parser *s, const char *why)
{
	if (!s->why)
		s->why = why;
	return false;
}

static int peek(const struct parser *s)
{
	return s->p < s->end ? (unsigned char)*s->p : -1;
}

static int peek2(const struct parser *s)
{
	return s->end - s->p >= 2 ? (unsigned char)s->p[1] : -1;
}

static bool is_delimiter(int c)
{
	return c < 0 || strchr(" \t\n;&|<>()", c);
}

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
	if (++s->depth > DEPTH_MAX)
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

static bool parse_word(struct parser *s, struct word **ret)
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

/* Blanks, joined lines and a comment. */
static void skip_blanks(struct parser *s)
{
	for (;;) {
		if (peek(s) == ' ' || peek(s) == '\t')
			s->p++;
		else if (peek(s) == '\\' && peek2(s) == '\n')
			s->p += 2;
		else
			break;
	}
	if (peek(s) == '#')
		while (peek(s) >= 0 && peek(s) != '\n')
			s->p++;
}

static void skip_lines(struct parser *s)
{
	do
		skip_blanks(s);
	while (peek(s) == '\n' && s->p++);
}

static bool at_word(const struct parser *s, const char *text)
{
	size_t n = strlen(text);

	return (size_t)(s->end - s->p) >= n && memcmp(s->p, text, n) == 0 &&
	       is_delimiter(s->p + n < s->end ? (unsigned char)s->p[n] : -1);
}

static bool at_any(const struct parser *s, const char *const words[])
{
	for (; *words; words++)
		if (at_word(s, *words))
			return true;
	return false;
}

static bool take_word(struct parser *s, const char *text)
{
	if (!at_word(s, text))
		return false;
	s->p += strlen(text);
	return true;
}

static const char *const list_ends[] = { "then", "elif", "else", "fi", "do", "done", NULL };
static const char *const not_ours[] = { "while", "until", "case", "esac", "in", "{", "}", "function", "[[",
					"]]", "select", "time", "coproc", NULL };

static bool parse_list(struct parser *s, struct cmd **ret);

/* Behind "if" or "elif", up to and over "fi". */
static bool parse_if(struct parser *s, struct cmd *c)
{
	c->kind = CMD_IF;
	if (!parse_list(s, &c->cond))
		return false;
	if (!c->cond || !take_word(s, "then"))
		return decline(s, "if without then");
	if (!parse_list(s, &c->body))
		return false;
	if (!c->body)
		return decline(s, "empty branch");
	if (take_word(s, "elif")) {
		bool ok;

		c->other = arena_new(s->arena, sizeof(*c->other));
		if (!c->other || ++s->depth > DEPTH_MAX)
			return decline(s, "nested too deeply");
		ok = parse_if(s, c->other);
		s->depth--;
		return ok;
	}
	if (take_word(s, "else")) {
		if (!parse_list(s, &c->other))
			return false;
		if (!c->other)
			return decline(s, "empty branch");
	}
	return take_word(s, "fi") || decline(s, "if without fi");
}

/* Behind "for": NAME in WORD...; do LIST; done */
static bool parse_for(struct parser *s, struct cmd *c)
{
	struct word **tail = &c->words;

	c->kind = CMD_FOR;
	skip_blanks(s);
	if (!parse_word(s, tail))
		return false;
	if (!(*tail)->parts || (*tail)->parts->next || (*tail)->parts->kind != PART_TEXT ||
	    (*tail)->parts->quoted || !script_is_name((*tail)->parts->text, (*tail)->parts->len))
		return decline(s, "for of another form");
	tail = &(*tail)->next;
	skip_blanks(s);
	if (!take_word(s, "in"))
		return decline(s, "for of another form");
	for (skip_blanks(s); !is_delimiter(peek(s)); skip_blanks(s)) {
		if (!parse_word(s, tail))
			return false;
		tail = &(*tail)->next;
	}
	if (peek(s) != ';' && peek(s) != '\n')
		return decline(s, "for of another form");
	s->p++;
	skip_lines(s);
	if (!take_word(s, "do"))
		return decline(s, "for without do");
	if (!parse_list(s, &c->body))
		return false;
	return (c->body && take_word(s, "done")) || decline(s, "for without done");
}

static bool parse_simple(struct parser *s, struct cmd *c)
{
	struct word **tail = &c->words;

	c->kind = CMD_SIMPLE;
	if (at_any(s, not_ours))
		return decline(s, "keyword outside of the closed forms");
	for (; !is_delimiter(peek(s)); skip_blanks(s)) {
		if (!parse_word(s, tail))
			return false;
		tail = &(*tail)->next;
	}
	if (!c->words)
		return decline(s, "operator without a command");
	return true;
}

static bool parse_command(struct parser *s, struct cmd **ret)
{
	struct cmd *c = arena_new(s->arena, sizeof(*c));
	bool ok;

	if (!c || ++s->depth > DEPTH_MAX)
		return decline(s, "nested too deeply");
	if (take_word(s, "!")) {
		c->negate = true;
		skip_blanks(s);
		if (at_word(s, "!"))
			return decline(s, "! twice");
	}
	if (take_word(s, "if"))
		ok = parse_if(s, c);
	else if (take_word(s, "for"))
		ok = parse_for(s, c);
	else
		ok = parse_simple(s, c);
	s->depth--;
	*ret = c;
	return ok;
}

/* Commands up to a word that ends a list, or the end of the text. */
static bool parse_list(struct parser *s, struct cmd **ret)
{
	enum cmd_join join = JOIN_ALWAYS;

	for (;;) {
		skip_lines(s);
		if (peek(s) < 0 || at_any(s, list_ends))
			return join == JOIN_ALWAYS || decline(s, "list ends with an operator");
		if (!parse_command(s, ret))
			return false;
		(*ret)->join = join;
		join = JOIN_ALWAYS;
		ret = &(*ret)->next;
		skip_blanks(s);
		if (peek(s) == ';' && peek2(s) != ';' && peek2(s) != '&')
			s->p++;
		else if (peek(s) == '&' && peek2(s) == '&')
			join = JOIN_AND;
		else if (peek(s) == '|' && peek2(s) == '|')
			join = JOIN_OR;
		else if (peek(s) >= 0 && peek(s) != '\n')
			return decline(s, "operator outside of the closed forms");
		if (join != JOIN_ALWAYS)
			s->p += 2;
	}
}

const char *script_parse(struct arena *a, const char *text, size_t len, struct cmd **ret)
{
	struct parser s = { .p = text, .end = text + len, .arena = a };

	*ret = NULL;
	if (parse_list(&s, ret) && s.p < s.end)
		decline(&s, "keyword without its beginning");
	return s.why;
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
