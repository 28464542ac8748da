/* sif key new, import, export, remove, trust, untrust. */
#include "base/fd.h"
#include "base/mem.h"
#include "cmd/command.h"
#include "cmd/key_store.h"
#include "cmd/passphrase.h"
#include "cmd/sign.h"
#include "cmd/words.h"
#include "image/sign/clear.h"
#include "image/sign/private.h"
#include "runtime/trust/store.h"

#include <stdio.h>
#include <string.h>

COMMAND_RUN(key_new_main);
COMMAND_RUN(key_import_main);
COMMAND_RUN(key_export_main);
COMMAND_RUN(key_remove_main);
COMMAND_RUN(key_trust_main);
COMMAND_RUN(key_untrust_main);

#define RING_FILE_MAX (64u << 20)

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

	if (!force && key_is_stored("keys", name, STORE_PRIVATE)) {
		err_set(e, ERR_USAGE, "there is a key '%s' already", name);
		return err_hint(e, "choose another name: sif key new NAME");
	}
	if (private_to_pem(k, pass, &private, e) || private_to_public_pem(k, &public, e))
		return -1;
	rc = key_store("keys", name, STORE_PUBLIC, &public, true, e);
	if (!rc)
		rc = key_store("keys", name, STORE_PRIVATE, &private, force, e);
	if (!rc && trust)
		rc = key_store("trust.d", name, STORE_PUBLIC, &public, true, e);
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
	return key_store("keys", name, STORE_PUBLIC, &bytes, force, e);
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
	if (!rc && !o->force && key_is_stored("keys", name, STORE_PRIVATE))
		rc = err_set(e, ERR_USAGE, "there is a key '%s' already", name);
	if (!rc)
		rc = key_store("keys", name, STORE_PUBLIC, &public, true, e);
	if (!rc)
		rc = key_store("keys", name, STORE_PRIVATE, &private, o->force, e);
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
	    key_read("keys", words[0], o.private ? STORE_PRIVATE : STORE_PUBLIC, &text, &len, e))
		return -1;
	if (!text && !o.private && key_read("trust.d", words[0], STORE_PUBLIC, &text, &len, e))
		return -1;
	if (!text)
		return no_such_key(words[0], e);
	str_addn(&bytes, text, len);
	if (!o.output) {
		fputs(str_text(&bytes), stdout);
		return 0;
	}
	path = strchr(o.output, '/') ? xstrdup(o.output) : xasprintf("./%s", o.output);
	return key_write_file(path, &bytes, o.private ? 0600 : 0644, o.force, e);
}

static int remove_stored(const char *folder, const char *name, const char *ending, bool *found, struct err *e)
{
	OWN_FREE char *path = NULL;

	if (key_path(folder, name, ending, &path, e))
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
	if (!o.force && key_is_stored("keys", words[0], STORE_PRIVATE)) {
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
	return key_store("trust.d", name, STORE_RING, &ring, force, e);
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
	if (!strchr(words[0], '/') && key_is_stored("keys", words[0], STORE_PUBLIC)) {
		if (key_read("keys", words[0], STORE_PUBLIC, &text, &len, e))
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
	return key_store("trust.d", name, STORE_PUBLIC, &bytes, o.force, e);
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
