/* Evaluator of the closed forms (script.h): walks the tree, runs the builtins.
 *
 * Every command either has exactly the effect that sh gives it, or declines.
 * An error of a builtin ends sh (POSIX 2.8.1), in ways that differ; those
 * decline, too. */
#include "runtime/script_ast.h"

#include "base/fd.h"
#include "base/mem.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

enum { NEST_MAX = 6, OUT_MAX = 16 << 10 };

static enum script_end run_list(struct script *s, const struct cmd *c, int *status);

bool script_decline(struct script *s, const char *why)
{
	if (!s->why)
		s->why = why;
	return false;
}

static enum script_end declined(struct script *s, const char *why)
{
	script_decline(s, why);
	return SCRIPT_DECLINED;
}

/* NAME=word. export: also with the export mark. */
static bool assign(struct script *s, const struct word *w, size_t name_len, bool export)
{
	OWN_FREE char *name = xstrndup(w->parts->text, name_len);
	OWN_STR struct str value = {};

	if (s->vars.n >= SCRIPT_VARS_MAX)
		return script_decline(s, "too many variables");
	if (script_name_is_special(name))
		return script_decline(s, "assignment to a variable of the shell's own");
	if (!expand_string(s, w->parts, name_len + 1, export ? EXPAND_DECL : EXPAND_VALUE, &value))
		return false;
	script_vars_set(&s->vars, name, str_text(&value));
	if (export)
		script_vars_export(&s->vars, name, NULL);
	return true;
}

/* A word that is nothing but an unquoted name. */
static char *plain_name(const struct word *w)
{
	const struct part *p = w->parts;

	if (!p || p->next || p->kind != PART_TEXT || p->quoted || !script_is_name(p->text, p->len))
		return NULL;
	return xstrndup(p->text, p->len);
}

static bool do_export(struct script *s, const struct word *w)
{
	if (!w)
		return script_decline(s, "export without words");
	for (; w; w = w->next) {
		OWN_FREE char *name = plain_name(w);
		size_t len = word_assignment(w);

		if (len ? !assign(s, w, len, true) : !name || script_name_is_special(name))
			return script_decline(s, "export of another form");
		if (name && !script_vars_get(&s->vars, name) && script_name_set_by_shell(name))
			return script_decline(s, "export of a variable that a shell may set");
		if (name)
			script_vars_export(&s->vars, name, NULL);
	}
	return true;
}

static bool do_unset(struct script *s, const struct word *w)
{
	for (; w; w = w->next) {
		OWN_FREE char *name = plain_name(w);

		/* what a shell does without a PATH differs */
		if (!name || script_name_is_special(name) || strcmp(name, "PATH") == 0)
			return script_decline(s, "unset of another form");
		script_vars_unset(&s->vars, name);
	}
	return true;
}

static bool do_echo(struct script *s, const struct strv *words)
{
	for (size_t i = 1; i < words->n; i++) {
		if (strchr(words->v[i], '\\') || (i == 1 && words->v[i][0] == '-'))
			return script_decline(s, "echo of something that shells print differently");
		str_addf(&s->out, "%s%s", i > 1 ? " " : "", words->v[i]);
	}
	str_addc(&s->out, '\n');
	return s->out.len <= OUT_MAX || script_decline(s, "too much output");
}

char *script_load(struct script *s, const char *path, size_t *len)
{
	struct err e;
	struct stat st;
	char *text;
	OWN_FD int fd = -1;

	if (s->root_fd < 0 || *path != '/')
		return NULL;
	fd = fd_open_in_root(s->root_fd, path, O_RDONLY | O_NOCTTY | O_NONBLOCK, 0, &e);
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
	    fd_read_all(fd, SCRIPT_TEXT_MAX, path, &text, len, &e))
		return NULL;
	return text;
}

static enum script_end do_dot(struct script *s, const struct strv *words)
{
	OWN_FREE char *text = NULL;
	size_t len;

	if (words->n != 2)
		return declined(s, ". of another form");
	text = script_load(s, words->v[1], &len);
	if (!text)
		return declined(s, ". of a file that cannot be read");
	return script_eval(s, text, len);
}

static enum script_end do_eval(struct script *s, const struct strv *words)
{
	OWN_STR struct str text = {};

	for (size_t i = 1; i < words->n; i++) {
		str_add(&text, i > 1 ? " " : "");
		str_add(&text, words->v[i]);
	}
	return script_eval(s, str_text(&text), text.len);
}

static bool do_set(struct script *s, const struct strv *words)
{
	size_t first = words->n > 1 && strcmp(words->v[1], "--") == 0 ? 2 : 1;
	struct strv args = {};

	if (words->n == 1) {
		s->listed = true;
		return script_decline(s, "set without words");
	}
	if (first == 1 && (words->v[1][0] == '-' || words->v[1][0] == '+'))
		return script_decline(s, "options of set");
	for (size_t i = first; i < words->n; i++)
		strv_add(&args, words->v[i]);
	strv_free(&s->args);
	s->args = args;
	return true;
}

static enum script_end do_exec(struct script *s, const struct strv *words)
{
	if (words->n == 1)
		return SCRIPT_DONE; /* nothing to run: sh goes on */
	if (words->v[1][0] == '-')
		return declined(s, "options of exec");
	for (size_t i = 1; i < words->n; i++)
		strv_add(&s->exec, words->v[i]);
	return SCRIPT_EXEC;
}

static enum script_end do_exit(struct script *s, const struct strv *words, int last)
{
	const char *n = words->n > 1 ? words->v[1] : NULL;

	if (words->n > 2 || (!n && s->depth > 1) || (n && (!*n || strlen(n) > 3 || strspn(n, "0123456789") != strlen(n))))
		return declined(s, "exit of another form");
	s->status = (n ? (int)strtol(n, NULL, 10) : last) & 0xff;
	return SCRIPT_EXIT;
}

static int do_test(struct script *s, const struct strv *words)
{
	size_t n = words->n - 1;

	if (strcmp(words->v[0], "[") == 0) {
		if (n == 0 || strcmp(words->v[n], "]") != 0)
			return script_decline(s, "[ without ]"), -1;
		n--;
	}
	return script_test(s, words->v + 1, n);
}

/* The command's name is the first of words. */
static enum script_end run_words(struct script *s, const struct strv *words, int *status)
{
	const char *name = words->v[0];
	enum script_end end = SCRIPT_DONE;
	int last = *status;

	*status = 0;
	if (strcmp(name, ":") == 0 || strcmp(name, "true") == 0)
		return SCRIPT_DONE;
	if (strcmp(name, "false") == 0)
		*status = 1;
	else if (strcmp(name, "test") == 0 || strcmp(name, "[") == 0)
		end = (*status = do_test(s, words)) < 0 ? SCRIPT_DECLINED : SCRIPT_DONE;
	else if (strcmp(name, "echo") == 0)
		end = do_echo(s, words) ? SCRIPT_DONE : SCRIPT_DECLINED;
	else if (strcmp(name, "set") == 0)
		end = do_set(s, words) ? SCRIPT_DONE : SCRIPT_DECLINED;
	else if (strcmp(name, ".") == 0)
		end = do_dot(s, words);
	else if (strcmp(name, "eval") == 0)
		end = do_eval(s, words);
	else if (strcmp(name, "exec") == 0)
		end = do_exec(s, words);
	else if (strcmp(name, "exit") == 0)
		end = do_exit(s, words, last);
	else
		end = declined(s, "command outside of the closed forms");
	return end;
}

static bool is_literal(const struct word *w, const char *text)
{
	const struct part *p = w->parts;

	return p && !p->next && p->kind == PART_TEXT && !p->quoted && p->len == strlen(text) &&
	       memcmp(p->text, text, p->len) == 0;
}

static enum script_end run_simple(struct script *s, const struct cmd *c, int *status)
{
	OWN_STRV struct strv words = {};
	const struct word *w = c->words;
	size_t len;

	if (word_assignment(w)) {
		for (; w && (len = word_assignment(w)); w = w->next)
			if (!assign(s, w, len, false))
				return SCRIPT_DECLINED;
		*status = 0;
		return w ? declined(s, "assignment before a command") : SCRIPT_DONE;
	}
	if (is_literal(w, "export") || is_literal(w, "unset")) {
		bool ok = is_literal(w, "export") ? do_export(s, w->next) : do_unset(s, w->next);

		*status = 0;
		return ok ? SCRIPT_DONE : SCRIPT_DECLINED;
	}
	if (!w->parts || w->parts->next || w->parts->kind != PART_TEXT || w->parts->quoted)
		return declined(s, "command whose name is not plain");
	if (!expand_fields(s, w, &words))
		return SCRIPT_DECLINED;
	return run_words(s, &words, status);
}

static enum script_end run_if(struct script *s, const struct cmd *c, int *status)
{
	enum script_end end;

	end = run_list(s, c->cond, status);
	if (end != SCRIPT_DONE)
		return end;
	if (*status == 0)
		return run_list(s, c->body, status);
	*status = 0;
	if (!c->other)
		return SCRIPT_DONE;
	return run_list(s, c->other, status);
}

static enum script_end run_for(struct script *s, const struct cmd *c, int *status)
{
	OWN_FREE char *name = plain_name(c->words);
	OWN_STRV struct strv items = {};

	if (!name || script_name_is_special(name))
		return declined(s, "for of another form");
	if (!expand_fields(s, c->words->next, &items))
		return SCRIPT_DECLINED;
	*status = 0;
	for (size_t i = 0; i < items.n; i++) {
		enum script_end end;

		script_vars_set(&s->vars, name, items.v[i]);
		end = run_list(s, c->body, status);
		if (end != SCRIPT_DONE)
			return end;
	}
	return SCRIPT_DONE;
}

static enum script_end run_list(struct script *s, const struct cmd *c, int *status)
{
	for (; c; c = c->next) {
		enum script_end end;

		if ((c->join == JOIN_AND && *status != 0) || (c->join == JOIN_OR && *status == 0))
			continue;
		if (++s->steps > SCRIPT_STEPS_MAX)
			return declined(s, "too many steps");
		if (c->kind == CMD_IF)
			end = run_if(s, c, status);
		else if (c->kind == CMD_FOR)
			end = run_for(s, c, status);
		else
			end = run_simple(s, c, status);
		if (end != SCRIPT_DONE)
			return end;
		if (c->negate)
			*status = !*status;
	}
	return SCRIPT_DONE;
}

enum script_end script_eval(struct script *s, const char *text, size_t len)
{
	OWN_ARENA struct arena arena = {};
	struct cmd *list;
	enum script_end end;
	const char *why;

	if (len > SCRIPT_TEXT_MAX || s->depth >= NEST_MAX)
		return declined(s, "too large or nested too deeply");
	why = script_parse(&arena, text, len, &list);
	if (why)
		return declined(s, why);
	s->depth++;
	s->status = 0;
	end = run_list(s, list, &s->status);
	s->depth--;
	return end;
}

void script_free(struct script *s)
{
	script_vars_free(&s->vars);
	strv_free(&s->args);
	strv_free(&s->exec);
	str_free(&s->out);
}
