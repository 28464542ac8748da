/* sif key: its words. The code is in key_run.c, in sif-sign. */
#include "cmd/command.h"
#include "cmd/sign.h"

#include <stddef.h>

COMMAND_RUN(key_new_main);
COMMAND_RUN(key_list_main);
COMMAND_RUN(key_import_main);
COMMAND_RUN(key_export_main);
COMMAND_RUN(key_remove_main);
COMMAND_RUN(key_trust_main);
COMMAND_RUN(key_untrust_main);

void key_options_free(struct key_options *o)
{
	free(o->type);
	free(o->passphrase_file);
	free(o->output);
}

#define FIELD(f) .offset = offsetof(struct key_options, f), .flags = OPT_NO_ENV
#define FORCE(text) { .name = "force", .letter = 'F', .kind = OPT_TRUE, FIELD(force), .help = text }

const struct opt key_new_options[] = {
	{ .name = "type", .kind = OPT_STR, FIELD(type), .arg = "TYPE",
	  .help = "ed25519 (the default), ecdsa-p256, ... p521, rsa-4096" },
	{ .name = "passphrase", .kind = OPT_TRUE, FIELD(passphrase), .help = "encrypt it; the passphrase is asked for" },
	{ .name = "passphrase-file", .kind = OPT_STR, FIELD(passphrase_file), .arg = "FILE",
	  .help = "encrypt it; the passphrase is FILE's first line" },
	{ .name = "no-trust", .kind = OPT_TRUE, FIELD(no_trust), .help = "do not trust it yourself" },
	{ .name = NULL },
};
const struct opt key_list_options[] = {
	{ .name = "json", .letter = 'j', .kind = OPT_TRUE, FIELD(json), .help = "print JSON" },
	{ .name = NULL },
};
const struct opt key_import_options[] = {
	{ .name = "passphrase-file", .kind = OPT_STR, FIELD(passphrase_file), .arg = "FILE",
	  .help = "passphrase of an encrypted private key: FILE's first line" },
	FORCE("replace a key of that name"),
	{ .name = NULL },
};
const struct opt key_export_options[] = {
	{ .name = "private", .kind = OPT_TRUE, FIELD(private), .help = "the private key, not the public one" },
	{ .name = "output", .letter = 'o', .kind = OPT_STR, FIELD(output), .arg = "FILE",
	  .help = "write to FILE (standard output by default)" },
	FORCE("replace FILE when it exists"),
	{ .name = NULL },
};
const struct opt key_remove_options[] = {
	FORCE("also a private key, which nothing brings back"),
	{ .name = NULL },
};
const struct opt key_trust_options[] = { FORCE("replace a trusted key of that name"), { .name = NULL } };
const struct opt key_untrust_options[] = { { .name = NULL } };

#define KEY_COMMAND(id, words, what, table, fn, more) \
	const struct command command_key_##id = { .name = "key " #id, .args = words, .summary = what, .options = table, \
						  .helper = "sif-sign", .run = fn, .details = more }

KEY_COMMAND(new, "[NAME]", "make a key to sign images with", key_new_options, key_new_main,
	    "NAME is 'default' when it is left out.\n");
KEY_COMMAND(list, "", "list your keys and those that are trusted", key_list_options, key_list_main, NULL);
KEY_COMMAND(import, "FILE [NAME]", "keep a private or public key (PEM) as one of yours", key_import_options,
	    key_import_main, "Keeping a public key does not mean to trust it: that is 'sif key trust'.\n");
KEY_COMMAND(export, "NAME", "print a key, to give it away or to keep it safe", key_export_options, key_export_main, NULL);
KEY_COMMAND(remove, "NAME", "forget a key", key_remove_options, key_remove_main, NULL);
KEY_COMMAND(trust, "FILE|NAME [NAME]", "believe what this key signs", key_trust_options, key_trust_main,
	    "FILE holds a public key (PEM) or OpenPGP keys.\n");
KEY_COMMAND(untrust, "NAME", "believe a key no longer", key_untrust_options, key_untrust_main, NULL);
