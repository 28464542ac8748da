#include "cmd/key_store.h"

#include "base/fd.h"
#include "base/mem.h"
#include "base/replace.h"
#include "runtime/trust/store.h"

#include <string.h>
#include <sys/stat.h>

/* FOLDER/NAME.ENDING, malloc'ed. */
int key_path(const char *folder, const char *name, const char *ending, char **ret, struct err *e)
{
	OWN_FREE char *dir = store_dir(folder);

	if (!dir) {
		err_set(e, ERR_ENVIRONMENT, "there is no folder for keys: HOME is not set");
		return err_hint(e, "set HOME or XDG_CONFIG_HOME");
	}
	*ret = xasprintf("%s/%s%s", dir, name, ending);
	return 0;
}

int key_write_file(const char *path, const struct str *text, mode_t mode, bool force, struct err *e)
{
	OWN_REPLACE struct replace r = REPLACE_INIT;
	OWN_FREE char *dir = xstrdup(path);

	*strrchr(dir, '/') = '\0';
	if (store_make_dir(dir, e) || replace_begin(&r, path, mode, e) || fd_write_full(r.fd, text->s, text->len, path, e))
		return -1;
	if (fchmod(r.fd, mode)) /* whatever the umask is */
		return err_sys(e, errno, "cannot protect '%s'", path);
	return replace_commit(&r, force, e);
}

int key_store(const char *folder, const char *name, const char *ending, const struct str *text, bool force,
		      struct err *e)
{
	OWN_FREE char *path = NULL;

	if (key_path(folder, name, ending, &path, e))
		return -1;
	if (key_write_file(path, text, strcmp(ending, STORE_PRIVATE) == 0 ? 0600 : 0644, force, e)) {
		if (!force && access(path, F_OK) == 0)
			err_hint(e, "choose another name, or --force to replace it");
		return -1;
	}
	return 0;
}

int key_read(const char *folder, const char *name, const char *ending, char **text, size_t *len, struct err *e)
{
	OWN_FREE char *path = NULL;

	*text = NULL;
	if (key_path(folder, name, ending, &path, e))
		return -1;
	if (access(path, F_OK))
		return 0;
	return fd_read_file(path, KEY_FILE_MAX, text, len, e);
}

bool key_is_stored(const char *folder, const char *name, const char *ending)
{
	OWN_FREE char *path = NULL;
	struct err ignored = {};

	return key_path(folder, name, ending, &path, &ignored) == 0 && access(path, F_OK) == 0;
}
