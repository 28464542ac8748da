#include "base/str.h"

#include "base/mem.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static void reserve(struct str *b, size_t more)
{
	size_t want = b->len + more + 1, cap = b->cap ? b->cap : 64;

	if (want <= b->cap)
		return;
	while (cap < want)
		cap *= 2;
	b->s = xreallocarray(b->s, cap, 1);
	b->cap = cap;
}

void str_free(struct str *b)
{
	free(b->s);
	*b = (struct str){};
}

void str_clear(struct str *b)
{
	b->len = 0;
	if (b->s)
		b->s[0] = '\0';
}

void str_cut(struct str *b, size_t len)
{
	if (len >= b->len)
		return;
	b->len = len;
	b->s[len] = '\0';
}

void str_addn(struct str *b, const void *data, size_t n)
{
	reserve(b, n);
	if (n)
		memcpy(b->s + b->len, data, n);
	b->len += n;
	b->s[b->len] = '\0';
}

void str_add(struct str *b, const char *s)
{
	str_addn(b, s, strlen(s));
}

void str_addc(struct str *b, char c)
{
	str_addn(b, &c, 1);
}

void str_addf(struct str *b, const char *fmt, ...)
{
	va_list ap;
	char *s = NULL;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&s, fmt, ap);
	va_end(ap);
	if (n < 0)
		s = xstrdup("");
	str_add(b, s);
	free(s);
}

const char *str_text(const struct str *b)
{
	return b->s ? b->s : "";
}

char *str_take(struct str *b)
{
	char *s = b->s ? b->s : xstrdup("");

	*b = (struct str){};
	return s;
}

void str_add_quoted(struct str *b, const char *s)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789_@%+=:,./-";

	if (*s && s[strspn(s, plain)] == '\0') {
		str_add(b, s);
		return;
	}
	str_addc(b, '\'');
	for (; *s; s++) {
		if (*s == '\'')
			str_add(b, "'\\''");
		else
			str_addc(b, *s);
	}
	str_addc(b, '\'');
}

/* Length of the well-formed UTF-8 sequence at p (RFC 3629), 0 if there is none. */
static size_t utf8_len(const unsigned char *p)
{
	static const struct {
		unsigned char mask, lead, n;
		uint32_t least;
	} forms[] = { { 0xe0, 0xc0, 2, 0x80 }, { 0xf0, 0xe0, 3, 0x800 }, { 0xf8, 0xf0, 4, 0x10000 } };

	if (p[0] < 0x80)
		return 1;
	for (size_t f = 0; f < ARRAY_SIZE(forms); f++) {
		uint32_t c = p[0] & (unsigned char)~forms[f].mask;
		size_t i;

		if ((p[0] & forms[f].mask) != forms[f].lead)
			continue;
		for (i = 1; i < forms[f].n && (p[i] & 0xc0) == 0x80; i++)
			c = c << 6 | (p[i] & 0x3f);
		if (i < forms[f].n || c < forms[f].least || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
			return 0;
		return forms[f].n;
	}
	return 0;
}

void str_add_json(struct str *b, const char *s)
{
	const unsigned char *p = (const unsigned char *)s;

	str_addc(b, '"');
	while (*p) {
		size_t n = utf8_len(p);

		if (*p == '"' || *p == '\\')
			str_addf(b, "\\%c", *p);
		else if (*p == '\n')
			str_add(b, "\\n");
		else if (*p == '\t')
			str_add(b, "\\t");
		else if (*p < 0x20)
			str_addf(b, "\\u%04x", *p);
		else if (n)
			str_addn(b, p, n);
		else
			str_add(b, "\xef\xbf\xbd");
		p += n ? n : 1;
	}
	str_addc(b, '"');
}

bool str_is_utf8(const char *s)
{
	size_t n;

	for (; *s; s += n) {
		n = utf8_len((const unsigned char *)s);
		if (!n)
			return false;
	}
	return true;
}

void str_add_hex(struct str *b, const char *s)
{
	for (; *s; s++)
		str_addf(b, "%02x", (unsigned char)*s);
}

void str_add_json_member(struct str *b, const char *key, const char *s)
{
	str_addf(b, "\"%s\": ", key);
	str_add_json(b, s);
	if (str_is_utf8(s))
		return;
	str_addf(b, ", \"%s_bytes\": \"", key);
	str_add_hex(b, s);
	str_addc(b, '"');
}

void str_add_printable(struct str *b, const char *s)
{
	const unsigned char *p = (const unsigned char *)s;

	while (*p) {
		size_t n = utf8_len(p);
		bool c1 = n == 2 && p[0] == 0xc2 && p[1] < 0xa0; /* U+0080 to U+009F */

		if (*p < 0x20 || *p == 0x7f || !n)
			str_addf(b, "\\x%02x", *p);
		else if (c1)
			str_addf(b, "\\x%02x\\x%02x", p[0], p[1]);
		else
			str_addn(b, p, n);
		p += n ? n : 1;
	}
}

void strv_free(struct strv *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->v[i]);
	free(l->v);
	*l = (struct strv){};
}

void strv_take(struct strv *l, char *s)
{
	if (l->n + 2 > l->cap) {
		l->cap = l->cap ? l->cap * 2 : 8;
		l->v = xreallocarray(l->v, l->cap, sizeof(*l->v));
	}
	l->v[l->n++] = s;
	l->v[l->n] = NULL;
}

void strv_add(struct strv *l, const char *s)
{
	strv_take(l, xstrdup(s));
}

void strv_addf(struct strv *l, const char *fmt, ...)
{
	va_list ap;
	char *s = NULL;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&s, fmt, ap);
	va_end(ap);
	strv_take(l, n < 0 ? xstrdup("") : s);
}

void strv_split(struct strv *l, const char *text, const char *seps)
{
	while (*text) {
		size_t n = strcspn(text, seps);

		if (n)
			strv_take(l, xstrndup(text, n));
		text += n;
		text += strspn(text, seps);
	}
}

bool strv_has(const struct strv *l, const char *s)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->v[i], s) == 0)
			return true;
	return false;
}

bool str_starts(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool str_ends(const char *s, const char *suffix)
{
	size_t n = strlen(s), k = strlen(suffix);

	return n >= k && strcmp(s + n - k, suffix) == 0;
}
