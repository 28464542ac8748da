#include "runtime/trust/store.h"

#include "base/fd.h"
#include "base/mem.h"

#include <ctype.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define KEY_FILE_MAX (64u << 10)

char *store_dir(const char *name)
{
	const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");

	if (!str_empty(config) && config[0] == '/')
		return xasprintf("%s/sif/%s", config, name);
	return !str_empty(home) && home[0] == '/' ? xasprintf("%s/.config/sif/%s", home, name) : NULL;
}

int store_make_dir(const char *path, struct err *e)
{
	OWN_FREE char *part = xstrdup(path);

	for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(part, 0700) && errno != EEXIST)
			return err_sys(e, errno, "cannot make the folder '%s'", part);
		*slash = '/';
	}
	if (mkdir(path, 0700) && errno != EEXIST)
		return err_sys(e, errno, "cannot make the folder '%s'", path);
	return 0;
}

int store_check_name(const char *name, struct err *e)
{
	const char *c = name;

	while (isalnum((unsigned char)*c) || (*c && strchr("_-@+.", *c) && c > name))
		c++;
	if (!*c && *name && strlen(name) <= 64)
		return 0;
	err_set(e, ERR_USAGE, "'%s' cannot be the name of a key", name);
	return err_hint(e, "letters, digits and . _ - @ +, at most 64, a letter or digit first");
}

void trust_free(struct trust *t)
{
	for (size_t i = 0; i < t->n; i++)
		pubkey_free(t->keys[i]);
	free(t->keys);
	gpg_rings_free(&t->local);
	gpg_rings_free(&t->global);
	*t = (struct trust){};
}

/* Who could write it could have written it. */
static int check_owner(int fd, const char *path, uid_t owner, struct err *e)
{
	struct stat st;

	if (fstat(fd, &st))
		return err_sys(e, errno, "cannot examine '%s'", path);
	if (st.st_uid != 0 && st.st_uid != owner) {
		err_set(e, ERR_POLICY, "'%s' belongs to user %u, so it proves nothing", path, (unsigned)st.st_uid);
		return err_hint(e, owner ? "make it your own, or remove it" : "chown root it, or remove it");
	}
	if (st.st_mode & 022) {
		err_set(e, ERR_POLICY, "'%s' can be written by others, so it proves nothing", path);
		return err_hint(e, "chmod go-w '%s'", path);
	}
	return 0;
}

void trust_add_key(struct trust *t, struct pubkey *k)
{
	t->keys = xreallocarray(t->keys, t->n + 1, sizeof(struct pubkey *));
	t->keys[t->n++] = k;
}

static int add_key(struct trust *t, int fd, const char *path, struct err *e)
{
	OWN_FREE char *text = NULL;
	struct pubkey *k;
	size_t len;

	if (fd_read_all(fd, KEY_FILE_MAX, path, &text, &len, e) || pubkey_from_pem(text, len, path, &k, e))
		return -1;
	trust_add_key(t, k);
	return 0;
}

int trust_add_file(struct trust *t, const char *path, struct err *e)
{
	OWN_FD int fd = fd_open(path, O_RDONLY | O_NONBLOCK, e);

	return fd < 0 ? -1 : add_key(t, fd, path, e);
}

static bool has_ending(const char *name, const char *const list[])
{
	for (; *list; list++)
		if (str_ends(name, *list))
			return true;
	return false;
}

static int add_entry(struct trust *t, struct gpg_rings *rings, const char *path, uid_t owner, struct err *e)
{
	static const char *const keys[] = { STORE_PUBLIC, STORE_PRIVATE, NULL };
	static const char *const armors[] = { ".asc", ".gpg", ".pgp", ".kbx", NULL };
	OWN_FD int fd = -1;

	if (!has_ending(path, keys) && !has_ending(path, armors))
		return 0;
	fd = fd_open(path, O_RDONLY | O_NONBLOCK, e);
	if (fd < 0 || check_owner(fd, path, owner, e))
		return -1;
	return has_ending(path, keys) ? add_key(t, fd, path, e) : gpg_rings_add(rings, path, true, e);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int load_dir(struct trust *t, struct gpg_rings *rings, const char *dir, uid_t owner, struct err *e)
{
	OWN_STRV struct strv names = {};
	OWN_DIR DIR *d = opendir(dir);
	struct dirent *entry;

	if (!d)
		return errno == ENOENT || errno == ENOTDIR ? 0 : err_sys(e, errno, "cannot read '%s'", dir);
	if (check_owner(dirfd(d), dir, owner, e))
		return -1;
	while ((entry = readdir(d)))
		if (entry->d_name[0] != '.')
			strv_add(&names, entry->d_name);
	if (names.n)
		qsort(names.v, names.n, sizeof(*names.v), by_name);
	for (size_t i = 0; i < names.n; i++) {
		OWN_FREE char *path = xasprintf("%s/%s", dir, names.v[i]);

		if (add_entry(t, rings, path, owner, e))
			return -1;
	}
	return 0;
}

static int load_peers(struct trust *t, bool local_only, struct err *e)
{
	static const struct {
		const char *variable, *folder, *name;
	} local[] = {
		{ "APPTAINER_KEYSPATH", NULL, "pgp-public" },	 { "SINGULARITY_KEYSPATH", NULL, "pgp-public" },
		{ NULL, ".apptainer/keys", "pgp-public" },	 { NULL, ".singularity/keys", "pgp-public" },
		{ NULL, ".singularity/sypgp", "pgp-public" },
	};
	static const char *const global[] = { "/etc/apptainer/global-pgp-public", "/etc/singularity/global-pgp-public" };
	const char *home = getenv("HOME");

	for (size_t i = 0; i < ARRAY_SIZE(local); i++) {
		const char *base = local[i].variable ? getenv(local[i].variable) : home;
		OWN_FREE char *path = NULL;

		if (str_empty(base))
			continue;
		path = xasprintf("%s/%s/%s", base, local[i].folder ? local[i].folder : ".", local[i].name);
		if (gpg_rings_add(&t->local, path, false, e))
			return -1;
	}
	for (size_t i = 0; i < ARRAY_SIZE(global) && !local_only; i++)
		if (gpg_rings_add(&t->global, global[i], false, e))
			return -1;
	return 0;
}

int trust_load(struct trust *t, bool local_only, struct err *e)
{
	OWN_FREE char *dir = store_dir("trust.d");

	if (!local_only && load_dir(t, &t->global, STORE_SYSTEM_TRUST, 0, e))
		return -1;
	if (dir && load_dir(t, &t->local, dir, geteuid(), e))
		return -1;
	return load_peers(t, local_only, e);
}

int trust_judge_pgp(void *ctx, const char *message, size_t len, struct pgp_result *ret, struct str *plain,
		    struct err *e)
{
	struct trust_pgp *p = ctx;

	p->is_local = true;
	if (gpg_verify(&p->trust->local, message, len, ret, plain, e))
		return -1;
	if (ret->verdict != VERDICT_UNKNOWN || !p->trust->global.n)
		return 0;
	p->is_local = false;
	return gpg_verify(&p->trust->global, message, len, ret, plain, e);
}
