/* What the tables of base/opt.h say to people: help and "did you mean". */
#include "base/opt.h"

#include <string.h>

enum { COLUMN = 28, LONGEST = 40 };

static void help_line(const struct opt *o, struct str *out)
{
	OWN_STR struct str left = {};

	if (o->letter)
		str_addf(&left, "-%c, ", o->letter);
	else
		str_add(&left, "    ");
	str_addf(&left, "--%s", o->name);
	if (o->arg)
		str_addf(&left, " %s", o->arg);
	if (left.len > COLUMN)
		str_addf(out, "  %s\n  %*s %s\n", str_text(&left), COLUMN, "", o->help);
	else
		str_addf(out, "  %-*s %s\n", COLUMN, str_text(&left), o->help);
}

void opt_help(const struct opt *table, struct str *out)
{
	for (const struct opt *o = table; o->name; o++) {
		if (o->group)
			str_addf(out, "%s%s:\n", o == table ? "" : "\n", o->group);
		if (!(o->flags & OPT_HIDDEN))
			help_line(o, out);
	}
}

/* Edit distance with swapped neighbours counted once (optimal string
 * alignment); words longer than LONGEST are far from everything. */
static size_t distance(const char *a, const char *b)
{
	size_t n = strlen(a), m = strlen(b);
	size_t rows[3][LONGEST + 1];

	if (n > LONGEST || m > LONGEST)
		return LONGEST;
	for (size_t j = 0; j <= m; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= n; i++) {
		size_t *now = rows[i % 3];
		const size_t *up = rows[(i - 1) % 3], *upup = rows[(i + 1) % 3];

		now[0] = i;
		for (size_t j = 1; j <= m; j++) {
			size_t best = up[j - 1] + (a[i - 1] != b[j - 1]);

			if (up[j] + 1 < best)
				best = up[j] + 1;
			if (now[j - 1] + 1 < best)
				best = now[j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && upup[j - 2] + 1 < best)
				best = upup[j - 2] + 1;
			now[j] = best;
		}
	}
	return rows[n % 3][m];
}

const char *opt_nearest(const char *word, const char *const list[])
{
	size_t limit = strlen(word) < 5 ? 1 : 2, least = limit + 1;
	const char *best = NULL;

	for (; *list; list++) {
		size_t d = distance(word, *list);

		if (d < least) {
			least = d;
			best = *list;
		}
	}
	return best;
}
