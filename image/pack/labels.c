#include "image/pack/labels.h"

#include "base/mem.h"

#include <jansson.h>
#include <string.h>
#include <time.h>

void labels_free(struct labels *l)
{
	for (size_t i = 0; i < l->n; i++) {
		free(l->v[i].key);
		free(l->v[i].value);
	}
	free(l->v);
	*l = (struct labels){};
}

/* Where key is or belongs. */
static size_t position(const struct labels *l, const char *key, bool *found)
{
	size_t i = 0;
	int c = 1;

	while (i < l->n && (c = strcmp(l->v[i].key, key)) < 0)
		i++;
	*found = i < l->n && c == 0;
	return i;
}

void labels_set(struct labels *l, const char *key, const char *value)
{
	bool found;
	size_t i = position(l, key, &found);

	if (found) {
		free(l->v[i].value);
		l->v[i].value = xstrdup(value);
		return;
	}
	if (l->n == l->cap) {
		l->cap = l->cap ? 2 * l->cap : 16;
		l->v = xreallocarray(l->v, l->cap, sizeof(*l->v));
	}
	memmove(l->v + i + 1, l->v + i, (l->n - i) * sizeof(*l->v));
	l->v[i] = (struct label){ xstrdup(key), xstrdup(value) };
	l->n++;
}

const char *labels_get(const struct labels *l, const char *key)
{
	bool found;
	size_t i = position(l, key, &found);

	return found ? l->v[i].value : NULL;
}

int labels_parse(struct labels *l, const char *text, size_t len, const char *what, struct err *e)
{
	json_error_t why;
	json_t *root = json_loadb(text, len, 0, &why), *value;
	const char *key;

	if (!json_is_object(root)) {
		json_decref(root);
		return err_set(e, ERR_FORMAT, "'%s' is not a JSON object%s%s", what, root ? "" : ": ", root ? "" : why.text);
	}
	json_object_foreach(root, key, value)
		if (json_is_string(value))
			labels_set(l, key, json_string_value(value));
	json_decref(root);
	return 0;
}

int labels_add_words(struct labels *l, const struct strv *words, struct err *e)
{
	for (size_t i = 0; words && i < words->n; i++) {
		const char *eq = strchr(words->v[i], '=');
		OWN_FREE char *key = eq ? xstrndup(words->v[i], (size_t)(eq - words->v[i])) : NULL;

		if (str_empty(key)) {
			err_set(e, ERR_USAGE, "label '%s' is not KEY=VALUE", words->v[i]);
			return err_hint(e, "for example --label org.opencontainers.image.title=pytorch");
		}
		labels_set(l, key, eq + 1);
	}
	return 0;
}

void labels_add_build(struct labels *l, int64_t when, const char *arch, const char *version)
{
	static const char *const days[] = { "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday" };
	static const char *const months[] = { "January", "February", "March",	  "April",   "May",	 "June",
					      "July",	 "August",   "September", "October", "November", "December" };
	time_t t = (time_t)when;
	OWN_STR struct str date = {}, created = {};
	struct tm tm = {};

	gmtime_r(&t, &tm);
	str_addf(&date, "%s_%d_%s_%d_%d:%d:%d_UTC", days[tm.tm_wday], tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900,
		 tm.tm_hour, tm.tm_min, tm.tm_sec);
	str_addf(&created, "%04d-%02d-%02dT%02d:%02d:%02dZ", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
		 tm.tm_min, tm.tm_sec);
	labels_set(l, "org.label-schema.schema-version", "1.0");
	labels_set(l, "org.label-schema.build-date", str_text(&date));
	labels_set(l, "org.label-schema.build-arch", arch);
	labels_set(l, "org.label-schema.usage.sif.version", version);
	labels_set(l, "org.opencontainers.image.created", str_text(&created));
}

/* Length of the UTF-8 sequence at s, 0 when there is none (overlong forms and
 * surrogates are none). */
static size_t utf8_length(const unsigned char *s)
{
	static const struct {
		unsigned char lead, mask, low, high; /* range of the second byte */
	} forms[] = {
		{ 0xe0, 0xff, 0xa0, 0xbf }, { 0xed, 0xff, 0x80, 0x9f }, { 0xe0, 0xf0, 0x80, 0xbf },
		{ 0xf0, 0xff, 0x90, 0xbf }, { 0xf4, 0xff, 0x80, 0x8f }, { 0xf0, 0xf8, 0x80, 0xbf },
	};
	size_t len = s[0] < 0xf0 ? 3 : 4;

	if (s[0] >= 0xc2 && s[0] <= 0xdf)
		return (s[1] & 0xc0) == 0x80 ? 2 : 0;
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		if ((s[0] & forms[i].mask) != forms[i].lead || s[0] > 0xf4)
			continue;
		if (s[1] < forms[i].low || s[1] > forms[i].high || (s[2] & 0xc0) != 0x80)
			return 0;
		return len == 3 || (s[3] & 0xc0) == 0x80 ? len : 0;
	}
	return 0;
}

static void add_escaped(struct str *out, unsigned char c)
{
	switch (c) {
	case '"':
	case '\\':
		str_addf(out, "\\%c", c);
		break;
	case '\n':
		str_add(out, "\\n");
		break;
	case '\r':
		str_add(out, "\\r");
		break;
	case '\t':
		str_add(out, "\\t");
		break;
	default:
		str_addf(out, "\\u%04x", c);
	}
}

void json_go_string(struct str *out, const char *text)
{
	const unsigned char *s = (const unsigned char *)text;

	str_addc(out, '"');
	while (*s) {
		size_t n = *s < 0x80 ? 1 : utf8_length(s);

		if (n == 0) {
			str_add(out, "\\ufffd");
			n = 1;
		} else if (n == 1 && (*s < 0x20 || strchr("\"\\<>&", *s))) {
			add_escaped(out, *s);
		} else if (n == 3 && s[0] == 0xe2 && s[1] == 0x80 && (s[2] | 1) == 0xa9) {
			str_addf(out, "\\u202%c", s[2] & 1 ? '9' : '8');
		} else {
			str_addn(out, s, n);
		}
		s += n;
	}
	str_addc(out, '"');
}

void labels_file(const struct labels *l, struct str *out)
{
	str_add(out, "{");
	for (size_t i = 0; i < l->n; i++) {
		str_add(out, i ? ",\n\t" : "\n\t");
		json_go_string(out, l->v[i].key);
		str_add(out, ": ");
		json_go_string(out, l->v[i].value);
	}
	str_add(out, l->n ? "\n}\n" : "}\n");
}

void labels_json(const struct labels *l, struct str *out)
{
	str_addc(out, '{');
	for (size_t i = 0; i < l->n; i++) {
		if (i)
			str_addc(out, ',');
		json_go_string(out, l->v[i].key);
		str_addc(out, ':');
		json_go_string(out, l->v[i].value);
	}
	str_addc(out, '}');
}
