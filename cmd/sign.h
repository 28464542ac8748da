/* sif sign, verify, key: their options, shared by the tables and the work. */
#ifndef SIF_CMD_SIGN_H
#define SIF_CMD_SIGN_H

#include "base/opt.h"

#include <stdint.h>

struct id_list {
	uint32_t *v;
	size_t n;
};

struct sign_options {
	struct id_list groups, ids;
	char *key, *fingerprint, *passphrase_file;
	bool pgp, no_verity, quiet;
	int32_t key_index; /* of Apptainer's sign; refused */
};

struct verify_words {
	struct id_list groups, ids;
	struct strv keys, keyrings, ocsp_responses;
	char *certificate, *intermediates, *roots, *ocsp, *url;
	bool ocsp_verify, all, json, local, legacy;
};

struct key_options {
	char *type, *passphrase_file, *output;
	bool passphrase, private, json, force, no_trust;
};

void sign_options_free(struct sign_options *o);
void verify_words_free(struct verify_words *o);
void key_options_free(struct key_options *o);
#define OWN_SIGN_OPTIONS OWN(sign_options_free)
#define OWN_VERIFY_WORDS OWN(verify_words_free)
#define OWN_KEY_OPTIONS OWN(key_options_free)

extern const struct opt sign_option_table[], verify_option_table[], key_new_options[], key_list_options[],
	key_import_options[], key_export_options[], key_remove_options[], key_trust_options[], key_untrust_options[];

#endif
