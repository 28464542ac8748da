#include "base/cgroup.h"

#include "base/fd.h"
#include "base/mem.h"
#include "base/str.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ROOT "/sys/fs/cgroup"

char *cgroup_read(const char *directory, const char *name)
{
	OWN_FREE char *path = xasprintf("%s/%s", directory, name);
	char *text = NULL;
	struct err e;

	return fd_read_file(path, 4096, &text, NULL, &e) ? NULL : text;
}

static void upwards(const char *mount, const char *path, bool v2, cgroup_fn fn, void *ctx)
{
	OWN_FREE char *dir = xasprintf("%s%s", mount, path);

	for (;;) {
		char *slash = strrchr(dir, '/');

		fn(ctx, dir, v2);
		if (strlen(dir) <= strlen(mount) || !slash)
			return;
		*slash = '\0';
	}
}

/* One line of /proc/self/cgroup: NUMBER:CONTROLLER,...:PATH, v2 without controllers. */
static void line(char *text, const char *controller, cgroup_fn fn, void *ctx)
{
	char *names = strchr(text, ':'), *path = names ? strchr(names + 1, ':') : NULL;
	OWN_STRV struct strv controllers = {};

	if (!path)
		return;
	*path++ = '\0';
	if (!*++names) {
		upwards(ROOT, path, true, fn, ctx);
		return;
	}
	strv_split(&controllers, names, ",");
	if (strv_has(&controllers, controller)) {
		OWN_FREE char *mount = xasprintf(ROOT "/%s", controller);

		upwards(mount, path, false, fn, ctx);
	}
}

void cgroup_each(const char *controller, cgroup_fn fn, void *ctx)
{
	OWN_FREE char *text = NULL;
	OWN_STRV struct strv lines = {};
	struct err e;

	if (fd_read_file("/proc/self/cgroup", 1 << 16, &text, NULL, &e))
		return;
	strv_split(&lines, text, "\n");
	for (size_t i = 0; i < lines.n; i++)
		line(lines.v[i], controller, fn, ctx);
}

static void tighter(void *ctx, const char *directory, bool v2)
{
	OWN_FREE char *text = cgroup_read(directory, v2 ? "memory.max" : "memory.limit_in_bytes");
	uint64_t *limit = ctx;
	unsigned long long n;
	char *end;

	if (!text)
		return;
	errno = 0;
	n = strtoull(text, &end, 10);
	if (end != text && !errno && n < *limit) /* "max" is no number */
		*limit = n;
}

uint64_t cgroup_memory(void)
{
	uint64_t limit = UINT64_MAX;

	cgroup_each("memory", tighter, &limit);
	return limit;
}
