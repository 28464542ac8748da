/* Looking for files in the image: every name is resolved beneath its root. */
#include "runtime/action_parts.h"

#include "base/fd.h"
#include "base/mem.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

enum { SCRIPTS_MAX = 512, NAMES_MAX = 4096 };

/* 0, or the errno that execve would give. */
static int check_executable(int root_fd, const char *path)
{
	struct err e;
	struct stat st;
	OWN_FD int fd = fd_open_in_root(root_fd, path, O_PATH, 0, &e);

	if (fd < 0)
		return errno;
	if (fstat(fd, &st) < 0)
		return errno;
	if (!S_ISREG(st.st_mode))
		return EACCES;
	return faccessat(fd, "", X_OK, AT_EMPTY_PATH | AT_EACCESS) ? errno : 0;
}

bool image_is_executable(int root_fd, const char *path)
{
	return check_executable(root_fd, path) == 0;
}

bool image_is_file(int root_fd, const char *path)
{
	struct err e;
	struct stat st;
	OWN_FD int fd = fd_open_in_root(root_fd, path, O_PATH, 0, &e);

	return fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

static DIR *open_dir(int root_fd, const char *dir)
{
	struct err e;
	int fd = fd_open_in_root(root_fd, dir, O_RDONLY | O_DIRECTORY, 0, &e);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);

	if (!d && fd >= 0)
		close(fd);
	return d;
}

bool image_has_entries(int root_fd, const char *dir)
{
	OWN_DIR DIR *d = open_dir(root_fd, dir);
	struct dirent *entry;

	while (d && (entry = readdir(d)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			return true;
	return false;
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int image_list(int root_fd, const char *dir, struct strv *ret)
{
	OWN_DIR DIR *d = open_dir(root_fd, dir);
	struct dirent *entry;

	if (!d)
		return -1;
	while (ret->n < NAMES_MAX && (entry = readdir(d)))
		strv_add(ret, entry->d_name);
	if (ret->n)
		qsort(ret->v, ret->n, sizeof(*ret->v), by_bytes);
	return 0;
}

int image_list_scripts(int root_fd, const char *dir, struct strv *ret, struct err *e)
{
	OWN_DIR DIR *d = open_dir(root_fd, dir);
	struct dirent *entry;

	while (d && (entry = readdir(d))) {
		if (entry->d_name[0] == '.' || !str_ends(entry->d_name, ".sh"))
			continue;
		if (ret->n >= SCRIPTS_MAX)
			return err_set(e, ERR_FORMAT, "'%s' holds more than %d scripts", dir, SCRIPTS_MAX);
		if (entry->d_type == DT_REG) {
			strv_addf(ret, "%s/%s", dir, entry->d_name);
		} else {
			OWN_FREE char *path = xasprintf("%s/%s", dir, entry->d_name);

			if (image_is_file(root_fd, path))
				strv_add(ret, path);
		}
	}
	if (ret->n)
		qsort(ret->v, ret->n, sizeof(*ret->v), by_bytes);
	return 0;
}

char *image_read(int root_fd, const char *path, size_t *len)
{
	struct err e;
	struct stat st;
	char *text;
	OWN_FD int fd = fd_open_in_root(root_fd, path, O_RDONLY | O_NOCTTY | O_NONBLOCK, 0, &e);

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
	    fd_read_all(fd, SCRIPT_TEXT_MAX, path, &text, len, &e))
		return NULL;
	return text;
}

const char *image_shell(int root_fd)
{
	if (image_is_executable(root_fd, "/bin/bash"))
		return "/bin/bash";
	if (image_is_executable(root_fd, "/bin/sh"))
		return "/bin/sh";
	return NULL;
}

static int not_runnable(const struct stage *st, const char *name, int sys, bool from_script, struct err *e)
{
	bool ours = st->spec->dialect == DIALECT_SIF;
	bool missing = sys == ENOENT || sys == ENOTDIR;

	if (sys == EIO || sys == ENOTCONN) {
		err_sys(e, sys, "cannot look for '%s' in the image", name);
		if (sys == EIO)
			err_hint(e, "the image is damaged; the server's log names the block: sif mounts --log");
		else
			err_hint(e, "the image's server has ended, killed for memory perhaps; start the program again");
		e->status = ours ? 125 : 255;
		return -1;
	}
	if (!missing)
		err_set(e, ERR_SYSTEM, ours ? "'%s' cannot be executed: permission denied" : "\"%s\": permission denied",
			name);
	else if (strchr(name, '/'))
		err_set(e, ERR_SYSTEM,
			ours ? "'%s' is not in the image" : "stat %s: no such file or directory", name);
	else
		err_set(e, ERR_SYSTEM,
			ours ? "'%s' is not on the image's PATH" : "\"%s\": executable file not found in $PATH", name);
	e->sys = sys;
	e->status = ours || from_script ? (missing ? 127 : 126) : 255;
	if (!missing)
		return err_hint(e, "it has no execute permission, or is no file; 'sif ls -l IMAGE:DIR' shows it");
	return err_hint(e, "'sif ls IMAGE:/usr/bin' shows what is there; --bind brings in what is outside");
}

static char *absolute(const struct stage *st, const char *dir, size_t n, const char *name)
{
	const char *root = n && dir[0] == '/' ? "" : st->cwd;

	return xasprintf("%s%s%.*s%s%s", root, *root ? "/" : "", (int)n, dir, n ? "/" : "", name);
}

int image_find_program(const struct stage *st, const char *path, const char *name, bool from_script, char **ret,
		       struct err *e)
{
	int sys = ENOENT;

	if (strchr(name, '/')) {
		OWN_FREE char *whole = *name == '/' ? xstrdup(name) : absolute(st, "", 0, name);

		sys = check_executable(st->root_fd, whole);
		if (sys)
			return not_runnable(st, name, sys, from_script, e);
		*ret = xstrdup(name);
		return 0;
	}
	for (const char *p = path; *name && p && strlen(name) < 4096;) {
		size_t n = strcspn(p, ":");
		OWN_FREE char *whole = n < 4096 ? absolute(st, p, n, name) : NULL;
		int r = whole ? check_executable(st->root_fd, whole) : ENOENT;

		if (r == 0) {
			*ret = TAKE_PTR(whole);
			return 0;
		}
		if (r == EACCES || r == EIO || r == ENOTCONN)
			sys = r;
		p = p[n] ? p + n + 1 : NULL;
	}
	return not_runnable(st, name, sys, from_script, e);
}
