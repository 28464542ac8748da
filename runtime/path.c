#include "runtime/path.h"

#include "base/mem.h"
#include "base/str.h"

#include <string.h>

char *path_clean(const char *path)
{
	OWN_STR struct str out = { 0 };

	while (*(path += strspn(path, "/"))) {
		size_t n = strcspn(path, "/");

		if (n == 2 && path[0] == '.' && path[1] == '.') {
			while (out.len && out.s[--out.len] != '/')
				;
			if (out.s)
				out.s[out.len] = '\0';
		} else if (n != 1 || path[0] != '.') {
			str_addc(&out, '/');
			str_addn(&out, path, n);
		}
		path += n;
	}
	if (!out.len)
		str_addc(&out, '/');
	return str_take(&out);
}

char *path_join(const char *dir, const char *path)
{
	OWN_FREE char *both = NULL;

	if (*path == '/')
		return path_clean(path);
	both = xasprintf("%s/%s", dir, path);
	return path_clean(both);
}

const char *path_below(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	if (!strcmp(dir, "/"))
		return path[1] ? path : "";
	if (strncmp(path, dir, n) || (path[n] && path[n] != '/'))
		return NULL;
	return path + n;
}

unsigned path_depth(const char *path)
{
	unsigned n = 0;

	for (; *path; path++)
		n += path[0] == '/' && path[1];
	return n;
}
