#include "image/sign/clear.h"

#include "image/sign/base64.h"

#include <stdio.h>
#include <string.h>

#define BEGIN "-----BEGIN PGP SIGNED MESSAGE-----"
#define BEGIN_SIGNATURE "-----BEGIN PGP SIGNATURE-----"
#define END_SIGNATURE "-----END PGP SIGNATURE-----"

/* One line of a text; the line break (with a CR or without) is not part of it. */
struct line {
	const char *s;
	size_t len;
};

struct lines_of {
	const char *at, *end;
};

static bool next_line(struct lines_of *t, struct line *ret)
{
	const char *stop;

	if (t->at >= t->end)
		return false;
	stop = memchr(t->at, '\n', (size_t)(t->end - t->at));
	ret->s = t->at;
	ret->len = (size_t)((stop ? stop : t->end) - t->at);
	t->at = stop ? stop + 1 : t->end;
	if (ret->len && ret->s[ret->len - 1] == '\r')
		ret->len--;
	return true;
}

static bool is(const struct line *l, const char *text)
{
	return l->len == strlen(text) && memcmp(l->s, text, l->len) == 0;
}

static bool starts(const struct line *l, const char *text)
{
	return l->len >= strlen(text) && memcmp(l->s, text, strlen(text)) == 0;
}

bool clear_is(const char *text, size_t len)
{
	struct lines_of t = { text, text + len };
	struct line l;

	return next_line(&t, &l) && is(&l, BEGIN);
}

/* Armor headers, of which a clear-signed message may have only this one. */
static int skip_headers(struct lines_of *t, const char *only, struct err *e)
{
	struct line l;

	while (next_line(t, &l)) {
		if (!l.len)
			return 0;
		if (only ? !starts(&l, only) : !memchr(l.s, ':', l.len))
			break;
	}
	return err_set(e, ERR_FORMAT, "the OpenPGP message has a malformed header");
}

static int take_text(struct lines_of *t, struct str *ret, struct err *e)
{
	struct line l;
	bool first = true;

	while (next_line(t, &l)) {
		if (is(&l, BEGIN_SIGNATURE))
			return 0;
		if (starts(&l, "- ")) {
			l.s += 2;
			l.len -= 2;
		} else if (starts(&l, "-")) {
			break;
		}
		if (!first)
			str_addc(ret, '\n');
		first = false;
		str_addn(ret, l.s, l.len);
	}
	return err_set(e, ERR_FORMAT, "the clear-signed message has no signature behind its text");
}

/* Lines of base64 up to the end line; an armor inside of one is refused. */
static int take_armor(struct lines_of *t, const char *end, struct str *base64, struct err *e)
{
	struct line l;

	while (next_line(t, &l)) {
		if (is(&l, end))
			return 0;
		if (starts(&l, "-"))
			break;
		if (l.len == 5 && l.s[0] == '=')
			continue;
		str_addn(base64, l.s, l.len);
	}
	return err_set(e, ERR_FORMAT, "the OpenPGP armor does not end with '%s'", end);
}

static int nothing_behind(struct lines_of *t, struct err *e)
{
	for (; t->at < t->end; t->at++)
		if (!memchr(" \t\r\n", *t->at, 4))
			return err_set(e, ERR_FORMAT, "there are bytes behind the OpenPGP message");
	return 0;
}

int clear_text(const char *text, size_t len, struct str *ret, struct err *e)
{
	struct lines_of t = { text, text + len };
	OWN_STR struct str base64 = {}, bytes = {};
	struct line l;

	if (!next_line(&t, &l) || !is(&l, BEGIN))
		return err_set(e, ERR_FORMAT, "no clear-signed message");
	if (skip_headers(&t, "Hash: ", e) || take_text(&t, ret, e) || skip_headers(&t, NULL, e) ||
	    take_armor(&t, END_SIGNATURE, &base64, e) || nothing_behind(&t, e))
		return -1;
	if (base64_decode(str_text(&base64), base64.len, &bytes) || !bytes.len)
		return err_set(e, ERR_FORMAT, "the OpenPGP signature is not base64");
	return 0;
}

/* The first block of a kind. openpgp: there is a line of headers, if only empty. */
static int dearmor(const char *text, size_t len, const char *kind, bool openpgp, struct str *ret, struct err *e)
{
	struct lines_of t = { text, text + len };
	OWN_STR struct str base64 = {};
	char begin[64], end[64];
	struct line l;

	snprintf(begin, sizeof(begin), "-----BEGIN %s-----", kind);
	snprintf(end, sizeof(end), "-----END %s-----", kind);
	do
		if (!next_line(&t, &l))
			return err_set(e, ERR_FORMAT, "there is no '%s'", begin);
	while (!is(&l, begin));
	if ((openpgp && skip_headers(&t, NULL, e)) || take_armor(&t, end, &base64, e))
		return -1;
	if (base64_decode(str_text(&base64), base64.len, ret) || !ret->len)
		return err_set(e, ERR_FORMAT, "the armor '%s' is not base64", kind);
	return 0;
}

int clear_dearmor(const char *text, size_t len, const char *kind, struct str *ret, struct err *e)
{
	return dearmor(text, len, kind, true, ret, e);
}

int pem_decode(const char *text, size_t len, const char *kind, struct str *ret, struct err *e)
{
	return dearmor(text, len, kind, false, ret, e);
}
