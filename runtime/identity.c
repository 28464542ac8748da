#include "runtime/identity.h"

#include "base/num.h"
#include "base/str.h"

#include <string.h>

#define FIELDS_MAX 7

/* The fields of one line, not terminated: .s[i] has .len[i] bytes. */
struct fields {
	const char *s[FIELDS_MAX];
	size_t len[FIELDS_MAX];
	size_t n;
};

static struct fields split(const char *line, size_t len)
{
	struct fields f = { .n = 0 };
	const char *end = line + len;

	while (f.n < FIELDS_MAX) {
		const char *stop = memchr(line, ':', (size_t)(end - line));

		f.s[f.n] = line;
		f.len[f.n++] = (size_t)((stop ? stop : end) - line);
		if (!stop)
			break;
		line = stop + 1;
	}
	return f;
}

static bool is_id(const struct fields *f, size_t i, unsigned want)
{
	char text[16];
	uint32_t id;
	struct err e;

	if (i >= f->n || f->len[i] >= sizeof(text))
		return false;
	memcpy(text, f->s[i], f->len[i]);
	text[f->len[i]] = '\0';
	return num_u32(text, &id, &e) == 0 && id == want;
}

static bool is_text(const struct fields *f, size_t i, const char *want)
{
	return i < f->n && f->len[i] == strlen(want) && !memcmp(f->s[i], want, f->len[i]);
}

/* A field of the host that would break the file's grammar is left empty. */
static const char *safe(const char *s)
{
	return s && !strpbrk(s, ":\n") ? s : "";
}

static void passwd_line(struct str *out, const struct identity *id, const struct fields *image)
{
	str_addf(out, "%s:x:%u:", safe(id->name), (unsigned)id->uid);
	if (image && image->n > 3)
		str_addn(out, image->s[3], image->len[3]);
	else
		str_addf(out, "%u", (unsigned)id->gid);
	str_addf(out, ":%s:%s:", safe(id->gecos), safe(id->home));
	if (image && image->n > 6)
		str_addn(out, image->s[6], image->len[6]);
	else
		str_add(out, safe(id->shell));
	str_addc(out, '\n');
}

/* The next line of *text without its newline; NULL at the end. */
static const char *next_line(const char **text, size_t *ret_len)
{
	const char *line = *text, *stop;

	if (!*line)
		return NULL;
	stop = strchrnul(line, '\n');
	*ret_len = (size_t)(stop - line);
	*text = stop + (*stop == '\n');
	return line;
}

char *identity_passwd(const char *image_text, const struct identity *id)
{
	OWN_STR struct str out = { 0 };
	bool found = false, clash = false;
	const char *line;
	size_t len;

	while ((line = next_line(&image_text, &len))) {
		struct fields f = split(line, len);

		if (!found && is_id(&f, 2, id->uid)) {
			passwd_line(&out, id, &f);
			found = true;
			continue;
		}
		clash |= is_text(&f, 0, id->name);
		str_addn(&out, line, len);
		str_addc(&out, '\n');
	}
	if (found)
		return str_take(&out);
	if (clash) {
		OWN_STR struct str first = { 0 };

		passwd_line(&first, id, NULL);
		str_add(&first, str_text(&out));
		return str_take(&first);
	}
	passwd_line(&out, id, NULL);
	return str_take(&out);
}

static bool has_group(const char *text, gid_t gid)
{
	const char *line;
	size_t len;

	while ((line = next_line(&text, &len))) {
		struct fields f = split(line, len);

		if (is_id(&f, 2, gid))
			return true;
	}
	return false;
}

char *identity_group(const char *image_text, const struct identity *id)
{
	OWN_STR struct str out = { 0 };

	str_add(&out, image_text);
	if (out.len && out.s[out.len - 1] != '\n')
		str_addc(&out, '\n');
	for (size_t i = 0; i < id->n_groups; i++) {
		const struct identity_group *g = &id->groups[i];

		if (g->name && *safe(g->name) && !has_group(str_text(&out), g->gid))
			str_addf(&out, "%s:x:%u:%s\n", g->name, (unsigned)g->gid, safe(id->name));
	}
	return str_take(&out);
}

char *identity_unmapped(const struct identity_group *groups, size_t n)
{
	OWN_STR struct str out = { 0 };

	for (size_t i = 1; i < n; i++) {
		str_add(&out, out.len ? ", " : "");
		if (groups[i].name)
			str_addf(&out, "%s (%u)", groups[i].name, (unsigned)groups[i].gid);
		else
			str_addf(&out, "%u", (unsigned)groups[i].gid);
	}
	return out.len ? str_take(&out) : NULL;
}
