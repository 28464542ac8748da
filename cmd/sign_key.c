#include "cmd/sign_key.h"

#include "base/fd.h"
#include "base/mem.h"
#include "cmd/passphrase.h"
#include "runtime/trust/store.h"

#include <string.h>

#define KEY_FILE_MAX (64u << 10)

/* The file of a key of the caller's; NULL when there is none of that name. */
static char *own_key(const char *name)
{
	OWN_FREE char *dir = store_dir("keys");
	OWN_FREE char *path = dir ? xasprintf("%s/%s" STORE_PRIVATE, dir, name) : NULL;

	return path && access(path, F_OK) == 0 ? TAKE_PTR(path) : NULL;
}

static void names_of_keys(struct strv *ret)
{
	OWN_FREE char *dir = store_dir("keys");
	OWN_DIR DIR *d = dir ? opendir(dir) : NULL;
	struct dirent *entry;

	while (d && (entry = readdir(d)))
		if (str_ends(entry->d_name, STORE_PRIVATE) && entry->d_name[0] != '.')
			strv_take(ret, xstrndup(entry->d_name, strlen(entry->d_name) - strlen(STORE_PRIVATE)));
}

static int default_key(char **ret, struct err *e)
{
	OWN_STRV struct strv names = {};

	*ret = own_key("default");
	if (*ret)
		return 0;
	names_of_keys(&names);
	if (names.n == 1)
		*ret = own_key(names.v[0]);
	if (*ret)
		return 0;
	if (!names.n) {
		err_set(e, ERR_USAGE, "you have no key to sign with");
		return err_hint(e, "'sif key new' makes one");
	}
	err_set(e, ERR_USAGE, "you have %zu keys, and none of them is 'default'", names.n);
	return err_hint(e, "choose one: --key NAME ('sif key list' shows them)");
}

int sign_key_load(const char *word, char *passphrase_file, struct private_key **ret, struct err *e)
{
	const struct passphrase pass = { passphrase_for_key, passphrase_file };
	OWN_FREE char *path = NULL, *text = NULL;
	size_t len;
	int rc;

	if (!word && default_key(&path, e))
		return -1;
	if (word && !strchr(word, '/') && access(word, F_OK))
		path = own_key(word);
	if (!path)
		path = xstrdup(word);
	if (fd_read_file(path, KEY_FILE_MAX, &text, &len, e)) {
		if (e->sys == ENOENT)
			err_hint(e, "a PEM file, or a name that 'sif key list' shows");
		return -1;
	}
	rc = private_from_pem(text, len, path, &pass, ret, e);
	private_wipe(text, len);
	return rc;
}
