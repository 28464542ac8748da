/* One signature: which of the two envelopes, by whom, and does it hold? */
#include "image/sign/judge.h"

#include "base/le.h"
#include "image/sign/clear.h"
#include "image/sign/dsse.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

/* A native signature holds if one of the envelope's is by a key that we were
 * given, and none that names such a key is wrong. */
static int judge_dsse(const struct dsse *d, const struct verify_keys *keys, struct verify_signature *s, struct err *e)
{
	OWN_STR struct str pae = {};
	bool known = false;

	dsse_pae(str_text(&d->payload), d->payload.len, &pae);
	for (size_t i = 0; i < d->n; i++) {
		const struct dsse_signature *one = &d->signatures[i];

		for (size_t k = 0; k < keys->n; k++) {
			bool named = strcmp(one->keyid, pubkey_id(keys->keys[k])) == 0;

			if (*one->keyid && !named)
				continue;
			known = true;
			if (pubkey_verify(keys->keys[k], pae.s, pae.len, one->sig.s, one->sig.len)) {
				if (!s->key)
					s->key = keys->keys[k];
			} else if (named) {
				s->pgp.verdict = VERDICT_INVALID;
				return err_set(e, ERR_VERIFY, "the signature of key '%s' is wrong", pubkey_name(keys->keys[k]));
			}
		}
	}
	if (s->key) {
		s->pgp.verdict = VERDICT_GOOD;
		return 0;
	}
	s->pgp.verdict = known ? VERDICT_INVALID : VERDICT_UNKNOWN;
	if (known)
		return err_set(e, ERR_VERIFY, "no signature in it is by a known key");
	memcpy(s->pgp.key, d->signatures[0].keyid, strnlen(d->signatures[0].keyid, sizeof(s->pgp.key) - 1));
	err_set(e, ERR_VERIFY, "it is by an unknown key, %s", d->signatures[0].keyid);
	return err_hint(e, "name the signer's key with --key, or trust it for good: sif key trust FILE");
}

/* Older signatures name the last digits of their key; the descriptor has all. */
static void complete_key(struct verify_signature *s)
{
	char text[2 * SIF_ENTITY_LEN + 1];

	digest_hex(s->object->extra + SIF_X_SIGN_ENTITY, SIF_ENTITY_LEN, text);
	for (char *c = text; *c; c++)
		*c = (char)toupper((unsigned char)*c);
	if (str_ends(text, s->pgp.key))
		memcpy(s->pgp.key, text, sizeof(text));
}

static int judge_pgp(const struct str *bytes, const struct verify_keys *keys, struct verify_signature *s,
		     struct str *payload, struct err *e)
{
	OWN_STR struct str plain = {};

	if (clear_text(bytes->s, bytes->len, payload, e)) {
		s->pgp.verdict = VERDICT_INVALID;
		return -1;
	}
	if (!keys->pgp) {
		s->pgp.verdict = VERDICT_UNKNOWN;
		err_set(e, ERR_VERIFY, "it is an OpenPGP signature");
		return err_hint(e, "leave out --key and --certificate");
	}
	if (keys->pgp(keys->pgp_ctx, bytes->s, bytes->len, &s->pgp, &plain, e))
		return -1;
	switch (s->pgp.verdict) {
	case VERDICT_INVALID:
		return err_set(e, ERR_VERIFY, "GnuPG says that it is wrong");
	case VERDICT_UNKNOWN:
		complete_key(s);
		err_set(e, ERR_VERIFY, "signed by unknown key %s", s->pgp.key);
		return err_hint(e, "get the signer's public key and trust it: sif key trust FILE");
	default:
		break;
	}
	/* What was judged is what is used. */
	while (plain.len && (plain.s[plain.len - 1] == '\n' || plain.s[plain.len - 1] == '\r'))
		str_cut(&plain, plain.len - 1);
	while (payload->len && payload->s[payload->len - 1] == '\n')
		str_cut(payload, payload->len - 1);
	if (plain.len == payload->len && memcmp(str_text(&plain), str_text(payload), plain.len) == 0)
		return 0;
	s->pgp.verdict = VERDICT_INVALID;
	return err_set(e, ERR_VERIFY, "GnuPG and we disagree about the text that is signed");
}

/* The descriptor says which hash and, for OpenPGP, whose key. */
static int check_extra(const struct sif_object *o, const struct verify_signature *s, struct err *e)
{
	static const uint8_t none[SIF_ENTITY_LEN];
	const uint8_t *entity = o->extra + SIF_X_SIGN_ENTITY;
	uint32_t hash = le32(o->extra + SIF_X_SIGN_HASH);

	if (hash < 1 || hash > 5)
		return err_set(e, ERR_VERIFY, "its descriptor names the unknown hash %" PRIu32, hash);
	if (s->kind == SIGNATURE_PGP ? !s->pgp.has_fingerprint || memcmp(entity, s->pgp.fingerprint, SIF_ENTITY_LEN) != 0 :
				       memcmp(entity, none, SIF_ENTITY_LEN) != 0)
		return err_set(e, ERR_VERIFY, "fingerprint in descriptor does not correspond to signing entity");
	return 0;
}

static int check_verdict(const struct verify_signature *s, unsigned accept, struct err *e)
{
	if (s->pgp.verdict == VERDICT_GOOD || (accept & 1u << s->pgp.verdict))
		return 0;
	switch (s->pgp.verdict) {
	case VERDICT_EXPIRED_KEY:
		err_set(e, ERR_VERIFY, "the key %s has expired", s->pgp.key);
		return err_hint(e, "ask its owner for the key with a later date");
	case VERDICT_REVOKED_KEY:
		return err_set(e, ERR_VERIFY, "the key %s was revoked", s->pgp.key);
	default:
		return err_set(e, ERR_VERIFY, "the signature has expired");
	}
}

static int judge(const struct str *bytes, const struct verify_options *opt, struct verify_signature *s,
		 struct str *payload, struct err *e)
{
	OWN_DSSE struct dsse d = {};
	int rc = dsse_parse(str_text(bytes), bytes->len, &d, e);

	s->pgp.verdict = VERDICT_INVALID;
	if (rc < 0)
		return -1;
	if (rc > 0) {
		s->kind = SIGNATURE_DSSE;
		str_addn(payload, str_text(&d.payload), d.payload.len);
		return judge_dsse(&d, &opt->keys, s, e);
	}
	s->kind = SIGNATURE_PGP;
	if (!clear_is(str_text(bytes), bytes->len))
		return err_set(e, ERR_VERIFY, "signature format not recognized");
	return judge_pgp(bytes, &opt->keys, s, payload, e);
}

int signature_judge(const struct str *bytes, const struct verify_options *opt, struct verify_signature *s,
		    struct str *payload, struct err *e)
{
	if (judge(bytes, opt, s, payload, e) == 0 && check_extra(s->object, s, e) == 0 &&
	    check_verdict(s, opt->accept, e) == 0)
		return 0;
	if (e->kind == ERR_FORMAT) /* a malformed signature is none */
		e->kind = ERR_VERIFY;
	return -1;
}
