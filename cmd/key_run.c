/* sif key: files in two folders (runtime/trust/store.h), each written whole or not
 * at all. A private key is readable by its owner alone from its first byte. */
#include "base/fd.h"
#include "base/mem.h"
#include "base/replace.h"
#include "cmd/command.h"
#include "cmd/passphrase.h"
#include "cmd/sign.h"
#include "cmd/words.h"
#include "image/sign/clear.h"
#include "image/sign/private.h"
#include "runtime/trust/store.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

COMMAND_RUN(key_new_main);
COMMAND_RUN(key_list_main);
COMMAND_RUN(key_import_main);
COMMAND_RUN(key_export_main);
COMMAND_RUN(key_remove_main);
COMMAND_RUN(key_trust_main);
COMMAND_RUN(key_untrust_main);

#define KEY_FILE_MAX (64u << 10)
#define RING_FILE_MAX (64u << 20)
#define STORE_RING ".gpg"

/* FOLDER/NAME.ENDING, malloc'ed. */
static int store_path(const char *folder, const char *name, const char *ending, char **ret, struct err *e)
{
	OWN_FREE char *dir = store_dir(folder);

	if (!dir) {
		err_set(e, ERR_ENVIRONMENT, "there is no folder for keys: HOME is not set");
		return err_hint(e, "set HOME or XDG_CONFIG_HOME");
	}
	*ret = xasprintf("%s/%s%s", dir, name, ending);
	return 0;
}

static int write_file(const char *path, const struct str *text, mode_t mode, bool force, struct err *e)
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

static int store_file(const char *folder, const char *name, const char *ending, const struct str *text, bool force,
		      struct err *e)
{
	OWN_FREE char *path = NULL;

	if (store_path(folder, name, ending, &path, e))
		return -1;
	if (write_file(path, text, strcmp(ending, STORE_PRIVATE) == 0 ? 0600 : 0644, force, e)) {
		if (!force && access(path, F_OK) == 0)
			err_hint(e, "choose another name, or --force to replace it");
		return -1;
	}
	return 0;
}

/* NULL text: there is no such file. */
static int read_stored(const char *folder, const char *name, const char *ending, char **text, size_t *len, struct err *e)
{
	OWN_FREE char *path = NULL;

	*text = NULL;
	if (store_path(folder, name, ending, &path, e))
		return -1;
	if (access(path, F_OK))
		return 0;
	return fd_read_file(path, KEY_FILE_MAX, text, len, e);
}

static bool is_stored(const char *folder, const char *name, const char *ending)
{
	OWN_FREE char *path = NULL;
	struct err ignored = {};

	return store_path(folder, name, ending, &path, &ignored) == 0 && access(path, F_OK) == 0;
}

static int no_such_key(const char *name, struct err *e)
{
	err_set(e, ERR_USAGE, "there is no key '%s'", name);
	e->status = 1;
	return err_hint(e, "'sif key list' shows them");
}

/* Keep both halves; the private one last, so that it is never there alone. */
static int store_pair(const struct private_key *k, const char *name, const char *pass, bool force, bool trust,
		      struct err *e)
{
	OWN_STR struct str private = {}, public = {};
	int rc;

	if (!force && is_stored("keys", name, STORE_PRIVATE)) {
		err_set(e, ERR_USAGE, "there is a key '%s' already", name);
		return err_hint(e, "choose another name: sif key new NAME");
	}
	if (private_to_pem(k, pass, &private, e) || private_to_public_pem(k, &public, e))
		return -1;
	rc = store_file("keys", name, STORE_PUBLIC, &public, true, e);
	if (!rc)
		rc = store_file("keys", name, STORE_PRIVATE, &private, force, e);
	if (!rc && trust)
		rc = store_file("trust.d", name, STORE_PUBLIC, &public, true, e);
	private_wipe(private.s, private.len);
	return rc;
}

static int new_passphrase(const struct key_options *o, char *buf, bool *has, struct err *e)
{
	int n = 0;

	*has = o->passphrase || o->passphrase_file;
	if (*has)
		n = o->passphrase_file ? passphrase_read(o->passphrase_file, buf, PASSPHRASE_MAX - 1, e) :
					 passphrase_new(buf, PASSPHRASE_MAX - 1, e);
	if (n < 0)
		return -1;
	buf[n] = '\0';
	return 0;
}

int key_new_main(const struct invocation *inv, int argc, char *const argv[], struct err *e)
{
	OWN_KEY_OPTIONS struct key_options o = {};
	char pass[PASSPHRASE_MAX];
	struct private_key *k = NULL;
	const char *words[1] = { "default" };
	bool has_pass;
	unsigned n;
	int rc;

	if (words_parse(key_new_options, argc, argv, &o, words, 0, 1, &n, "[NAME]", e))
		return -1;
	if (!n)
		words[0] = "default";
	if (store_check_name(words[0], e) || new_passphrase(&o, pass, &has_pass, e) ||
	    private_new(o.type ? o.type : "ed25519", &k, e))
		return -1;
	rc = store_pair(k, words[0], has_pass ? pass : NULL, false, !o.no_trust, e);
	explicit_bzero(pass, sizeof(pass));
	if (!rc && !inv->quiet)
		fprintf(stderr, "key '%s' made: %s %s\n", words[0], pubkey_kind(private_pubkey(k)),
			pubkey_id(private_pubkey(k)));
	private_free(k);
	return rc;
}

/* --- list --- */

struct entry {
	char *name, *id, *kind;
	bool has_private, trusted, ring;
};

struct entries {
	struct entry *v;
	size_t n;
};

static void entries_free(struct entries *l)
{
	for (size_t i = 0; i < l->n; i++) {
		free(l->v[i].name);
		free(l->v[i].id);
		free(l->v[i].kind);
	}
	free(l->v);
}
#define OWN_ENTRIES OWN(entries_free)

static struct entry *entry_of(struct entries *l, const char *name, const char *id)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->v[i].name, name) == 0 && strcmp(l->v[i].id, id) == 0)
			return &l->v[i];
	l->v = xreallocarray(l->v, l->n + 1, sizeof(*l->v));
	l->v[l->n] = (struct entry){ .name = xstrdup(name), .id = xstrdup(id), .kind = xstrdup("") };
	return &l->v[l->n++];
}

static int list_key(struct entries *l, const char *folder, const char *name, struct err *e)
{
	OWN_FREE char *text = NULL;
	struct pubkey *k;
	struct entry *entry;
	size_t len = 0;

	if (read_stored(folder, name, STORE_PUBLIC, &text, &len, e) || !text || pubkey_from_pem(text, len, name, &k, e))
		return text ? -1 : 0;
	entry = entry_of(l, name, pubkey_id(k));
	free(entry->kind);
	entry->kind = xstrdup(pubkey_kind(k));
	if (strcmp(folder, "keys") == 0)
		entry->has_private = is_stored("keys", name, STORE_PRIVATE);
	else
		entry->trusted = true;
	pubkey_free(k);
	return 0;
}

static int list_folder(struct entries *l, const char *folder, struct err *e)
{
	OWN_FREE char *dir = store_dir(folder);
	OWN_DIR DIR *d = dir ? opendir(dir) : NULL;
	struct dirent *file;

	while (d && (file = readdir(d))) {
		OWN_FREE char *name = xstrdup(file->d_name);

		if (name[0] == '.')
			continue;
		if (str_ends(name, STORE_PUBLIC)) {
			name[strlen(name) - strlen(STORE_PUBLIC)] = '\0';
			if (list_key(l, folder, name, e))
				return -1;
		} else if (str_ends(name, STORE_RING)) {
			struct entry *entry;

			name[strlen(name) - strlen(STORE_RING)] = '\0';
			entry = entry_of(l, name, "");
			entry->ring = entry->trusted = true;
		}
	}
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct entry *)a)->name, ((const struct entry *)b)->name);
}

static void list_text(const struct entries *l, struct str *out)
{
	if (l->n)
		str_addf(out, "%-20s %-8s %-7s %-11s %s\n", "NAME", "PRIVATE", "TRUSTED", "TYPE", "KEY");
	for (size_t i = 0; i < l->n; i++)
		str_addf(out, "%-20s %-8s %-7s %-11s %s\n", l->v[i].name, l->v[i].has_private ? "yes" : "-",
			 l->v[i].trusted ? "yes" : "-", l->v[i].ring ? "openpgp" : l->v[i].kind,
			 l->v[i].ring ? "-" : l->v[i].id);
}

static void list_json(const struct entries *l, struct str *out)
{
	str_add(out, "[");
	for (size_t i = 0; i < l->n; i++) {
		const struct entry *k = &l->v[i];

		str_add(out, i ? ",\n  {\"name\": " : "\n  {\"name\": ");
		str_add_json(out, k->name);
		str_addf(out, ", \"private\": %s, \"trusted\": %s, \"type\": \"%s\", \"key\": ",
			 k->has_private ? "true" : "false", k->trusted ? "true" : "false", k->ring ? "openpgp" : k->kind);
		if (k->ring)
			str_add(out, "null");
		else
			str_add_json(out, k->id);
		str_add(out, "}");
	}
	str_add(out, l->n ? "\n]\n" : "]\n");
}

int key_list_main(const struct invocation *inv, int argc, char *const argv[], struct err *e)
{
	OWN_KEY_OPTIONS struct key_options o = {};
	OWN_ENTRIES struct entries l = {};
	OWN_STR struct str out = {};
	unsigned n;

	if (words_parse(key_list_options, argc, argv, &o, NULL, 0, 0, &n, "", e) || list_folder(&l, "keys", e) ||
	    list_folder(&l, "trust.d", e))
		return -1;
	if (l.n)
		qsort(l.v, l.n, sizeof(*l.v), by_name);
	if (o.json)
		list_json(&l, &out);
	else
		list_text(&l, &out);
	fputs(str_text(&out), stdout);
	if (!l.n && !o.json && !inv->quiet)
		fprintf(stderr, "there are no keys; 'sif key new' makes one\n");
	return 0;
}

/* --- import, export, remove --- */

/* The name of a key that comes from a file: its own, without folder and ending. */
static char *name_of_file(const char *path)
{
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path, *dot = strrchr(base, '.');

	return dot && dot > base ? xstrndup(base, (size_t)(dot - base)) : xstrdup(base);
}

static int import_public(const char *text, size_t len, const char *name, bool force, struct err *e)
{
	OWN_STR struct str bytes = {};
	struct pubkey *k;

	if (pubkey_from_pem(text, len, name, &k, e))
		return -1;
	pubkey_free(k);
	str_addn(&bytes, text, len);
	return store_file("keys", name, STORE_PUBLIC, &bytes, force, e);
}

/* The private key stays as it is, encrypted or not; it is opened to learn its
 * public half. */
static int import_private(const char *text, size_t len, const char *name, const struct key_options *o, struct err *e)
{
	const struct passphrase pass = { passphrase_for_key, o->passphrase_file };
	OWN_STR struct str private = {}, public = {};
	struct private_key *k;
	int rc;

	if (private_from_pem(text, len, name, &pass, &k, e))
		return -1;
	str_addn(&private, text, len);
	rc = private_to_public_pem(k, &public, e);
	if (!rc && !o->force && is_stored("keys", name, STORE_PRIVATE))
		rc = err_set(e, ERR_USAGE, "there is a key '%s' already", name);
	if (!rc)
		rc = store_file("keys", name, STORE_PUBLIC, &public, true, e);
	if (!rc)
		rc = store_file("keys", name, STORE_PRIVATE, &private, o->force, e);
	private_wipe(private.s, private.len);
	private_free(k);
	return rc;
}

int key_import_main(const struct invocation *inv, int argc, char *const argv[], struct err *e)
{
	OWN_KEY_OPTIONS struct key_options o = {};
	OWN_FREE char *text = NULL, *name = NULL;
	const char *words[2];
	size_t len;
	unsigned n;
	int rc;

	(void)inv;
	if (words_parse(key_import_options, argc, argv, &o, words, 1, 2, &n, "FILE [NAME]", e))
		return -1;
	name = n > 1 ? xstrdup(words[1]) : name_of_file(words[0]);
	if (store_check_name(name, e) || fd_read_file(words[0], KEY_FILE_MAX, &text, &len, e))
		return -1;
	if (strstr(text, "PUBLIC KEY-----"))
		return import_public(text, len, name, o.force, e);
	rc = import_private(text, len, name, &o, e);
	private_wipe(text, len);
	return rc;
}

int key_export_main(const struct invocation *inv, int argc, char *const argv[], struct err *e)
{
	OWN_KEY_OPTIONS struct key_options o = {};
	OWN_FREE char *text = NULL, *path = NULL;
	OWN_STR struct str bytes = {};
	const char *words[1];
	size_t len = 0;
	unsigned n;

	(void)inv;
	if (words_parse(key_export_options, argc, argv, &o, words, 1, 1, &n, "NAME", e) || store_check_name(words[0], e) ||
	    read_stored("keys", words[0], o.private ? STORE_PRIVATE : STORE_PUBLIC, &text, &len, e))
		return -1;
	if (!text && !o.private && read_stored("trust.d", words[0], STORE_PUBLIC, &text, &len, e))
		return -1;
	if (!text)
		return no_such_key(words[0], e);
	str_addn(&bytes, text, len);
	if (!o.output) {
		fputs(str_text(&bytes), stdout);
		return 0;
	}
	path = strchr(o.output, '/') ? xstrdup(o.output) : xasprintf("./%s", o.output);
	return write_file(path, &bytes, o.private ? 0600 : 0644, o.force, e);
}

static int remove_stored(const char *folder, const char *name, const char *ending, bool *found, struct err *e)
{
	OWN_FREE char *path = NULL;

	if (store_path(folder, name, ending, &path, e))
		return -1;
	if (unlink(path))
		return errno == ENOENT ? 0 : err_sys(e, errno, "cannot remove '%s'", path);
	*found = true;
	return 0;
}

int key_remove_main(const struct invocation *inv, int argc, char *const argv[], struct err *e)
{
	OWN_KEY_OPTIONS struct key_options o = {};
	const char *words[1];
	bool found = false;
	unsigned n;

	(void)inv;
	if (words_parse(key_remove_options, argc, argv, &o, words, 1, 1, &n, "NAME", e) || store_check_name(words[0], e))
		return -1;
	if (!o.force && is_stored("keys", words[0], STORE_PRIVATE)) {
		err_set(e, ERR_USAGE, "'%s' is a private key, and nothing brings it back", words[0]);
		return err_hint(e, "sif key remove --force %s", words[0]);
	}
	if (remove_stored("keys", words[0], STORE_PRIVATE, &found, e) ||
	    remove_stored("keys", words[0], STORE_PUBLIC, &found, e))
		return -1;
	return found ? 0 : no_such_key(words[0], e);
}

/* --- trust --- */

/* OpenPGP keys are kept as gpgv reads them: binary. */
static int trust_ring(const char *text, size_t len, const char *name, bool force, struct err *e)
{
	OWN_STR struct str ring = {};

	if (clear_dearmor(text, len, "PGP PUBLIC KEY BLOCK", &ring, e)) {
		/* a binary key packet has its highest bit set */
		if (!len || !(text[0] & 0x80)) {
			err_set(e, ERR_FORMAT, "'%s' holds no public key, neither PEM nor OpenPGP", name);
			return -1;
		}
		err_clear(e);
		str_clear(&ring);
		str_addn(&ring, text, len);
	}
	return store_file("trust.d", name, STORE_RING, &ring, force, e);
}

int key_trust_main(const struct invocation *inv, int argc, char *const argv[], struct err *e)
{
	OWN_KEY_OPTIONS struct key_options o = {};
	OWN_FREE char *text = NULL, *name = NULL;
	OWN_STR struct str bytes = {};
	struct pubkey *k;
	const char *words[2];
	size_t len = 0;
	unsigned n;

	(void)inv;
	if (words_parse(key_trust_options, argc, argv, &o, words, 1, 2, &n, "FILE|NAME [NAME]", e))
		return -1;
	name = n > 1 ? xstrdup(words[1]) : name_of_file(words[0]);
	if (!strchr(words[0], '/') && is_stored("keys", words[0], STORE_PUBLIC)) {
		if (read_stored("keys", words[0], STORE_PUBLIC, &text, &len, e))
			return -1;
		free(name);
		name = xstrdup(words[n - 1]);
	} else if (fd_read_file(words[0], RING_FILE_MAX, &text, &len, e)) {
		return -1;
	}
	if (store_check_name(name, e))
		return -1;
	if (!strstr(text, "PUBLIC KEY-----"))
		return trust_ring(text, len, name, o.force, e);
	if (pubkey_from_pem(text, len, words[0], &k, e))
		return -1;
	pubkey_free(k);
	str_addn(&bytes, text, len);
	return store_file("trust.d", name, STORE_PUBLIC, &bytes, o.force, e);
}

int key_untrust_main(const struct invocation *inv, int argc, char *const argv[], struct err *e)
{
	OWN_KEY_OPTIONS struct key_options o = {};
	const char *words[1];
	bool found = false;
	unsigned n;

	(void)inv;
	if (words_parse(key_untrust_options, argc, argv, &o, words, 1, 1, &n, "NAME", e) || store_check_name(words[0], e) ||
	    remove_stored("trust.d", words[0], STORE_PUBLIC, &found, e) ||
	    remove_stored("trust.d", words[0], STORE_RING, &found, e))
		return -1;
	return found ? 0 : no_such_key(words[0], e);
}
