/* sif sign, sif verify: their words. The code is in sif-sign. */
#include "cmd/sign.h"

#include "base/mem.h"
#include "base/num.h"
#include "cmd/command.h"

#include <stddef.h>

COMMAND_RUN(sign_main);
COMMAND_RUN(verify_main);

static int add_id(struct id_list *l, const char *arg, struct err *e)
{
	uint32_t n;

	if (num_u32(arg, &n, e))
		return -1;
	l->v = xreallocarray(l->v, l->n + 1, sizeof(*l->v));
	l->v[l->n++] = n;
	return 0;
}

static int sign_group(void *options, const char *arg, struct err *e)
{
	return add_id(&((struct sign_options *)options)->groups, arg, e);
}

static int sign_id(void *options, const char *arg, struct err *e)
{
	return add_id(&((struct sign_options *)options)->ids, arg, e);
}

static int verify_group(void *options, const char *arg, struct err *e)
{
	return add_id(&((struct verify_words *)options)->groups, arg, e);
}

static int verify_id(void *options, const char *arg, struct err *e)
{
	return add_id(&((struct verify_words *)options)->ids, arg, e);
}

static int key_index(void *options, const char *arg, struct err *e)
{
	(void)options;
	err_set(e, ERR_USAGE, "--keyidx '%s': keys are not chosen by number here", arg);
	return err_hint(e, "sif sign --pgp --fingerprint FINGERPRINT, or --key FILE");
}

void sign_options_free(struct sign_options *o)
{
	free(o->groups.v);
	free(o->ids.v);
	free(o->key);
	free(o->fingerprint);
	free(o->passphrase_file);
}

void verify_words_free(struct verify_words *o)
{
	char **const words[] = { &o->certificate, &o->intermediates, &o->roots, &o->ocsp, &o->url };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		own_free_(words[i]);
	free(o->groups.v);
	free(o->ids.v);
	strv_free(&o->keys);
	strv_free(&o->keyrings);
	strv_free(&o->ocsp_responses);
}

#define SIGN(f) .offset = offsetof(struct sign_options, f), .flags = OPT_NO_ENV
#define VERIFY(f) .offset = offsetof(struct verify_words, f), .flags = OPT_NO_ENV

const struct opt sign_option_table[] = {
	{ .name = "key", .kind = OPT_STR, .offset = offsetof(struct sign_options, key), .arg = "KEY",
	  .help = "a private key: a PEM file, or the name of one of your keys", .env = "SIGN_KEY" },
	{ .name = "pgp", .kind = OPT_TRUE, SIGN(pgp), .help = "sign with GnuPG" },
	{ .name = "fingerprint", .kind = OPT_STR, SIGN(fingerprint), .arg = "KEY",
	  .help = "with --pgp: this key of GnuPG's, by fingerprint or address" },
	{ .name = "group-id", .letter = 'g', .kind = OPT_CALL, .arg = "N", .parse = sign_group, .alias = "groupid",
	  .flags = OPT_NO_ENV | OPT_MANY, .help = "sign this group (all of them by default)" },
	{ .name = "sif-id", .letter = 'i', .kind = OPT_CALL, .arg = "ID", .parse = sign_id, .alias = "id",
	  .flags = OPT_NO_ENV | OPT_MANY, .help = "sign this object alone" },
	{ .name = "no-verity", .kind = OPT_TRUE, SIGN(no_verity), .help = "do not add a hash tree first" },
	{ .name = "passphrase-file", .kind = OPT_STR, SIGN(passphrase_file), .arg = "FILE",
	  .help = "passphrase of the key: FILE's first line" },
	{ .name = "keyidx", .letter = 'k', .kind = OPT_CALL, .arg = "N", .parse = key_index, .help = "",
	  .flags = OPT_NO_ENV | OPT_HIDDEN },
	{ .name = NULL },
};

const struct opt verify_option_table[] = {
	{ .name = "key", .kind = OPT_LIST, .offset = offsetof(struct verify_words, keys), .arg = "FILE",
	  .help = "public key (PEM) to believe instead of those that are trusted", .env = "VERIFY_KEY" },
	{ .name = "certificate", .kind = OPT_STR, .offset = offsetof(struct verify_words, certificate), .arg = "FILE",
	  .help = "by the key of this certificate (PEM)", .env = "VERIFY_CERTIFICATE" },
	{ .name = "certificate-intermediates", .kind = OPT_STR, .offset = offsetof(struct verify_words, intermediates),
	  .arg = "FILE", .help = "certificates between it and a root", .env = "VERIFY_INTERMEDIATES" },
	{ .name = "certificate-roots", .kind = OPT_STR, .offset = offsetof(struct verify_words, roots), .arg = "FILE",
	  .help = "roots to believe (the system's by default)", .env = "VERIFY_ROOTS" },
	{ .name = "ocsp", .kind = OPT_STR, VERIFY(ocsp), .arg = "MODE",
	  .help = "were certificates revoked? require, soft or off" },
	{ .name = "ocsp-verify", .kind = OPT_TRUE, .offset = offsetof(struct verify_words, ocsp_verify),
	  .help = "the same as --ocsp=require", .env = "VERIFY_OCSP" },
	{ .name = "ocsp-response", .kind = OPT_LIST, VERIFY(ocsp_responses), .arg = "FILE",
	  .help = "a stored answer (DER); may be repeated" },
	{ .name = "keyring", .kind = OPT_LIST, VERIFY(keyrings), .arg = "FILE",
	  .help = "OpenPGP keys to believe instead; may be repeated" },
	{ .name = "local", .letter = 'l', .kind = OPT_TRUE, .offset = offsetof(struct verify_words, local),
	  .help = "believe your own trusted keys only, not the system's", .env = "LOCAL_VERIFY" },
	{ .name = "group-id", .letter = 'g', .kind = OPT_CALL, .arg = "N", .parse = verify_group, .alias = "groupid",
	  .flags = OPT_NO_ENV | OPT_MANY, .help = "verify this group (all of them by default)" },
	{ .name = "sif-id", .letter = 'i', .kind = OPT_CALL, .arg = "ID", .parse = verify_id, .alias = "id",
	  .flags = OPT_NO_ENV | OPT_MANY, .help = "verify this object alone" },
	{ .name = "legacy-insecure", .kind = OPT_TRUE, VERIFY(legacy),
	  .help = "verify signatures of before 2020, which protect less" },
	{ .name = "all", .letter = 'a', .kind = OPT_TRUE, VERIFY(all),
	  .help = "with --legacy-insecure: every object needs its signature" },
	{ .name = "json", .letter = 'j', .kind = OPT_TRUE, VERIFY(json), .help = "print JSON" },
	{ .name = "url", .letter = 'u', .kind = OPT_STR, .offset = offsetof(struct verify_words, url), .arg = "URL", .help = "",
	  .flags = OPT_NO_ENV | OPT_HIDDEN },
	{ .name = NULL },
};

const struct command command_sign = {
	.name = "sign",
	.args = "IMAGE",
	.summary = "sign an image",
	.options = sign_option_table,
	.helper = "sif-sign",
	.run = sign_main,
	.details = "Without --key: with your key 'default', or the only one you have ('sif key new'\n"
		   "makes it). Called as apptainer: with GnuPG.\n",
};

const struct command command_verify = {
	.name = "verify",
	.args = "IMAGE",
	.summary = "check an image's signatures and what they vouch for",
	.options = verify_option_table,
	.helper = "sif-sign",
	.run = verify_main,
	.details = "Exit status: 0 verified, 1 not verified, 3 it could not be checked.\n",
};
