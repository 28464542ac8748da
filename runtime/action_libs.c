/* The directories in which the image's dynamic linker looks for libraries: what
 * its ldconfig would list, read from its configuration. Libraries that the host
 * brings in (/.singularity.d/libs) come behind them, or an older libGL of the
 * host would take the place of the image's.
 * Source: ldconfig(8) and glibc's elf/ldconfig.c for the grammar. */
#include "runtime/action_parts.h"

#include "base/fd.h"
#include "base/mem.h"

#include <fcntl.h>
#include <fnmatch.h>
#include <string.h>
#include <sys/stat.h>

#define CONF "/etc/ld.so.conf"

enum { INCLUDES_MAX = 8, DIRS_MAX = 256 };

struct search {
	int root_fd;
	struct strv dirs;
	struct stat seen[DIRS_MAX]; /* of dirs: one directory has many names in a merged /usr */
};

/* A directory that exists and is not there already. "DIR=TYPE" is an old form. */
static void add_dir(struct search *s, const char *word)
{
	OWN_FREE char *dir = xstrndup(word, strcspn(word, "="));
	struct err ignored;
	OWN_FD int fd = -1;
	struct stat st;

	if (dir[0] != '/' || s->dirs.n == DIRS_MAX)
		return;
	fd = fd_open_in_root(s->root_fd, dir, O_PATH | O_DIRECTORY, 0, &ignored);
	if (fd < 0 || fstat(fd, &st))
		return;
	for (size_t i = 0; i < s->dirs.n; i++)
		if (s->seen[i].st_dev == st.st_dev && s->seen[i].st_ino == st.st_ino)
			return;
	s->seen[s->dirs.n] = st;
	strv_add(&s->dirs, dir);
}

static void read_conf(struct search *s, const char *path, int depth);

/* "include PATTERN": relative to the file's own directory, in the order of bytes. */
static void include(struct search *s, const char *from, const char *pattern, int depth)
{
	OWN_FREE char *whole = pattern[0] == '/' ? xstrdup(pattern) :
			       xasprintf("%.*s/%s", (int)(strrchr(from, '/') - from), from, pattern);
	OWN_STRV struct strv names = {};
	char *base = strrchr(whole, '/');

	*base++ = '\0';
	if (image_list(s->root_fd, *whole ? whole : "/", &names))
		return;
	for (size_t i = 0; i < names.n; i++) {
		OWN_FREE char *path = xasprintf("%s/%s", whole, names.v[i]);

		if (fnmatch(base, names.v[i], FNM_PERIOD) == 0)
			read_conf(s, path, depth + 1);
	}
}

static void read_conf(struct search *s, const char *path, int depth)
{
	size_t len;
	OWN_FREE char *text = depth < INCLUDES_MAX ? image_read(s->root_fd, path, &len) : NULL;
	OWN_STRV struct strv lines = {};

	strv_split(&lines, text ? text : "", "\n");
	for (size_t i = 0; i < lines.n; i++) {
		OWN_STRV struct strv words = {};
		bool including;

		lines.v[i][strcspn(lines.v[i], "#")] = '\0';
		strv_split(&words, lines.v[i], " \t\r,:");
		if (!words.n || strcmp(words.v[0], "hwcap") == 0)
			continue;
		including = strcmp(words.v[0], "include") == 0;
		for (size_t w = including; w < words.n; w++)
			if (including)
				include(s, path, words.v[w], depth);
			else
				add_dir(s, words.v[w]);
	}
}

char *image_library_path(int root_fd)
{
	static const char *const usual[] = { "/lib", "/usr/lib", "/lib64", "/usr/lib64" };
	struct search s = { .root_fd = root_fd };
	struct str out = {};

	if (image_is_file(root_fd, CONF)) {
		read_conf(&s, CONF, 0);
		for (size_t i = 0; i < ARRAY_SIZE(usual); i++)
			add_dir(&s, usual[i]);
	}
	for (size_t i = 0; i < s.dirs.n; i++)
		str_addf(&out, "%s:", s.dirs.v[i]);
	strv_free(&s.dirs);
	str_add(&out, LIBS_DIR);
	return str_take(&out);
}
