/* Parser of the closed forms (script.h): text to tree, or the reason why not.
 *
 * The whole text is parsed before anything runs, so a form outside of the
 * grammar declines even in a branch that would not be taken; a *command* that
 * the evaluator does not know is a fine tree and declines only when met.
 * A backslash at a line's end joins lines between words and inside of double
 * quotes only; within a word or an expansion it declines, so that no keyword
 * or name can hide behind one.
 *
 * Here are commands and lists; script_word.c has the words. */
#include "runtime/script_parser.h"

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
		if (!c->other || ++s->depth > SCRIPT_DEPTH_MAX)
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
	if (!parser_word(s, tail))
		return false;
	if (!(*tail)->parts || (*tail)->parts->next || (*tail)->parts->kind != PART_TEXT ||
	    (*tail)->parts->quoted || !script_is_name((*tail)->parts->text, (*tail)->parts->len))
		return decline(s, "for of another form");
	tail = &(*tail)->next;
	skip_blanks(s);
	if (!take_word(s, "in"))
		return decline(s, "for of another form");
	for (skip_blanks(s); !is_delimiter(peek(s)); skip_blanks(s)) {
		if (!parser_word(s, tail))
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
		if (!parser_word(s, tail))
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

	if (!c || ++s->depth > SCRIPT_DEPTH_MAX)
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
