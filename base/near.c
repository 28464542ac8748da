#include "base/near.h"

#include "base/mem.h"
#include "base/opt.h"

#include <string.h>

enum { ENTRIES_MAX = 4096 }; /* a hint is not worth reading a spool */

/* Forgotten suffixes and wrong case are further away than typing mistakes, and
 * surer. */
static bool is_obvious(const char *typed, const char *have)
{
	size_t n = strlen(typed);

	return strcasecmp(typed, have) == 0 || (strncmp(typed, have, n) == 0 && have[n] == '.');
}

/* The name in d nearest to name, malloc'ed; NULL when none is near. */
static char *nearest(DIR *d, const char *name)
{
	OWN_STRV struct strv names = {};
	struct dirent *entry;

	while (names.n < ENTRIES_MAX && (entry = readdir(d))) {
		if (entry->d_name[0] == '.' && name[0] != '.')
			continue;
		if (is_obvious(name, entry->d_name))
			return xstrdup(entry->d_name);
		strv_add(&names, entry->d_name);
	}
	return names.n ? xstrdup_or_null(opt_nearest(name, (const char *const *)names.v)) : NULL;
}

int near_hint(const char *path, struct err *e)
{
	size_t len = strlen(path);
	OWN_FREE char *whole = NULL, *found = NULL;
	OWN_DIR DIR *d = NULL;
	char *slash, *name;
	const char *dir;

	while (len > 1 && path[len - 1] == '/')
		len--;
	whole = xstrndup(path, len);
	slash = strrchr(whole, '/');
	name = slash ? slash + 1 : whole;
	if (!*name)
		return -1;
	if (slash)
		*slash = '\0';
	dir = !slash ? "." : slash == whole ? "/" : whole;
	d = opendir(dir);
	if (!d && errno == ENOENT)
		return err_hint(e, "there is no directory '%s' either", dir);
	if (!d)
		return -1;
	found = nearest(d, name);
	if (found)
		return err_hint(e, "did you mean '%s%s%s'?", slash ? whole : "", slash ? "/" : "", found);
	return err_hint(e, "nothing with a similar name is in %s%s%s", slash ? "'" : "", slash ? dir : "this directory",
			slash ? "'" : "");
}
