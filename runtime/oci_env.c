/* A known fault of builders, undone: Apptainer (1.0 to 1.4) writes OCI
 * variables to 10-docker2singularity.sh escaped twice, once for a shell's
 * double quotes and once as a Go string, so that `say "hi"` reaches programs
 * as `say \"hi\"`, a newline as backslash-n, and one backtick loses the whole
 * file (interop 9.2).
 *
 * The lines are `export NAME="${NAME:-"TEXT"}"`. A TEXT written by the faulty
 * builder is a Go string whose content is a well-escaped shell text; one by a
 * right builder is a well-escaped shell text itself. Few texts are both: the
 * file is repaired only if every TEXT can be read the first way and at least
 * one cannot be read the second way. */
#include "runtime/action_parts.h"

#include <ctype.h>
#include <string.h>

/* Is every special byte escaped and every escape needed? */
static bool is_shell_escaped(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (s[i] == '\\') {
			if (++i == n || !strchr("\\\"$`", s[i]))
				return false;
		} else if (strchr("\"$`", s[i]) || s[i] == '\0') {
			return false;
		}
	}
	return true;
}

static int hex(const char *s, size_t n)
{
	int v = 0;

	for (size_t i = 0; i < n; i++) {
		if (!isxdigit((unsigned char)s[i]))
			return -1;
		v = v * 16 + (isdigit((unsigned char)s[i]) ? s[i] - '0' : tolower(s[i]) - 'a' + 10);
	}
	return v;
}

static void add_utf8(struct str *out, int c)
{
	if (c < 0x80) {
		str_addc(out, (char)c);
	} else if (c < 0x800) {
		str_addc(out, (char)(0xc0 | c >> 6));
		str_addc(out, (char)(0x80 | (c & 0x3f)));
	} else {
		str_addc(out, (char)(0xe0 | c >> 12));
		str_addc(out, (char)(0x80 | (c >> 6 & 0x3f)));
		str_addc(out, (char)(0x80 | (c & 0x3f)));
	}
}

/* One escape of a Go string behind its backslash; its length, 0 = not Go's. */
static size_t go_escape(const char *s, size_t n, struct str *out)
{
	static const char from[] = "abfnrtv\\\"", to[] = "\a\b\f\n\r\t\v\\\"";
	const char *p = n ? memchr(from, s[0], sizeof(from) - 1) : NULL;
	int c;

	if (p) {
		str_addc(out, to[p - from]);
		return 1;
	}
	if (n >= 3 && s[0] == 'x' && (c = hex(s + 1, 2)) > 0) {
		str_addc(out, (char)c);
		return 3;
	}
	if (n >= 5 && s[0] == 'u' && (c = hex(s + 1, 4)) > 0 && (c < 0xd800 || c > 0xdfff)) {
		add_utf8(out, c);
		return 5;
	}
	return 0;
}

static bool go_unquote(const char *s, size_t n, struct str *out)
{
	for (size_t i = 0; i < n; i++) {
		size_t used;

		if (s[i] == '"' || s[i] == '\n')
			return false;
		if (s[i] != '\\') {
			str_addc(out, s[i]);
			continue;
		}
		used = go_escape(s + i + 1, n - i - 1, out);
		if (!used)
			return false;
		i += used;
	}
	return true;
}

/* The TEXT of one line: of `export NAME="${NAME:-"TEXT"}"` or `export PATH="TEXT"`. */
static bool find_text(const char *line, size_t n, const char **text, size_t *len)
{
	const char *name = line + 7, *eq = memchr(line, '=', n), *end = line + n;
	size_t name_len;

	if (n < 8 || memcmp(line, "export ", 7) != 0 || !eq || eq < name)
		return false;
	name_len = (size_t)(eq - name);
	if (!script_is_name(name, name_len) || end - eq < 3 || eq[1] != '"' || end[-1] != '"')
		return false;
	*text = eq + 2;
	*len = (size_t)(end - 1 - *text);
	if (*len >= name_len + 7 && memcmp(*text, "${", 2) == 0 && memcmp(*text + 2, name, name_len) == 0 &&
	    memcmp(*text + 2 + name_len, ":-\"", 3) == 0 && memcmp(end - 3, "\"}\"", 3) == 0) {
		*text += 2 + name_len + 3;
		*len = (size_t)(end - 3 - *text);
	}
	return true;
}

char *oci_env_repair(const char *text, size_t len)
{
	OWN_STR struct str out = {};
	bool evidence = false;

	if (memchr(text, '\0', len))
		return NULL;
	for (const char *p = text, *end = text + len; p < end;) {
		const char *nl = memchr(p, '\n', (size_t)(end - p)), *value;
		size_t n = (size_t)((nl ? nl : end) - p), value_len;

		if (find_text(p, n, &value, &value_len) && memchr(value, '\\', value_len)) {
			OWN_STR struct str once = {};

			if (!go_unquote(value, value_len, &once) || !is_shell_escaped(str_text(&once), once.len))
				return NULL;
			if (!is_shell_escaped(value, value_len))
				evidence = true;
			str_addn(&out, p, (size_t)(value - p));
			str_addn(&out, str_text(&once), once.len);
			str_addn(&out, value + value_len, n - value_len - (size_t)(value - p));
		} else {
			str_addn(&out, p, n);
		}
		str_addc(&out, '\n');
		p += n + (nl ? 1 : 0);
	}
	return evidence ? str_take(&out) : NULL;
}
