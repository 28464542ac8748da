#include "image/sign/pubkey.h"

#include "base/mem.h"
#include "base/str.h"
#include "image/digest/digest.h"
#include "image/sign/base64.h"
#include "image/sign/clear.h"

#include <nettle/asn1.h>
#include <nettle/dsa.h>
#include <nettle/ecc-curve.h>
#include <nettle/ecdsa.h>
#include <nettle/eddsa.h>
#include <nettle/rsa.h>
#include <stdio.h>
#include <string.h>

enum kind { KIND_ED25519, KIND_ECDSA, KIND_RSA };

struct curve {
	const char *ours, *ssh; /* "ecdsa-p256", "nistp256" */
	const char *oid;
	size_t oid_len, bytes; /* of a coordinate */
	const struct ecc_curve *(*get)(void);
};

static const struct curve curves[] = {
	{ "ecdsa-p256", "nistp256", "\x2a\x86\x48\xce\x3d\x03\x01\x07", 8, 32, nettle_get_secp_256r1 },
	{ "ecdsa-p384", "nistp384", "\x2b\x81\x04\x00\x22", 5, 48, nettle_get_secp_384r1 },
	{ "ecdsa-p521", "nistp521", "\x2b\x81\x04\x00\x23", 5, 66, nettle_get_secp_521r1 },
};

struct pubkey {
	enum kind kind;
	char *name;
	char id[PUBKEY_ID], kind_name[32];
	uint8_t ed25519[ED25519_KEY_SIZE];
	const struct curve *curve;
	struct ecc_point point;
	struct rsa_public_key rsa;
};

/* SSH's wire form, over which the key id is a digest. */
static void wire_bytes(struct str *out, const void *data, size_t len)
{
	str_addc(out, (char)(len >> 24));
	str_addc(out, (char)(len >> 16));
	str_addc(out, (char)(len >> 8));
	str_addc(out, (char)len);
	str_addn(out, data, len);
}

static void wire_number(struct str *out, const mpz_t n)
{
	size_t len = mpz_sizeinbase(n, 2) / 8 + 1; /* room for a sign bit of 0 */
	uint8_t *bytes = xcalloc(1, len);
	size_t have = (mpz_sizeinbase(n, 2) + 7) / 8;

	mpz_export(bytes + len - have, NULL, 1, 1, 1, 0, n);
	wire_bytes(out, bytes, len);
	free(bytes);
}

static void set_id(struct pubkey *k, const struct str *wire)
{
	OWN_STR struct str text = {};
	uint8_t sum[DIGEST_SHA256];

	digest_sha256(wire->s, wire->len, sum);
	str_add(&text, "SHA256:");
	base64_add(&text, sum, sizeof(sum), false);
	memcpy(k->id, text.s, PUBKEY_ID);
}

static int take_ed25519(struct pubkey *k, const uint8_t *bits, size_t len)
{
	OWN_STR struct str wire = {};

	if (len != ED25519_KEY_SIZE)
		return -1;
	k->kind = KIND_ED25519;
	memcpy(k->ed25519, bits, len);
	snprintf(k->kind_name, sizeof(k->kind_name), "ed25519");
	wire_bytes(&wire, "ssh-ed25519", 11);
	wire_bytes(&wire, bits, len);
	set_id(k, &wire);
	return 0;
}

/* An uncompressed point; one that is not on its curve is refused by nettle. */
static int take_ecdsa(struct pubkey *k, const struct curve *c, const uint8_t *bits, size_t len)
{
	OWN_STR struct str wire = {};
	char name[24];
	mpz_t x, y;
	int good;

	if (len != 1 + 2 * c->bytes || bits[0] != 4)
		return -1;
	mpz_init(x);
	mpz_init(y);
	mpz_import(x, c->bytes, 1, 1, 1, 0, bits + 1);
	mpz_import(y, c->bytes, 1, 1, 1, 0, bits + 1 + c->bytes);
	ecc_point_init(&k->point, c->get());
	k->kind = KIND_ECDSA;
	k->curve = c;
	good = ecc_point_set(&k->point, x, y);
	mpz_clear(x);
	mpz_clear(y);
	snprintf(k->kind_name, sizeof(k->kind_name), "%s", c->ours);
	snprintf(name, sizeof(name), "ecdsa-sha2-%s", c->ssh);
	wire_bytes(&wire, name, strlen(name));
	wire_bytes(&wire, c->ssh, strlen(c->ssh));
	wire_bytes(&wire, bits, len);
	set_id(k, &wire);
	return good ? 0 : -1;
}

static int take_rsa(struct pubkey *k, const uint8_t *der, size_t len, const char *name, struct err *e)
{
	struct asn1_der_iterator i;
	OWN_STR struct str wire = {};
	size_t bits;

	rsa_public_key_init(&k->rsa);
	k->kind = KIND_RSA;
	if (asn1_der_iterator_first(&i, len, der) != ASN1_ITERATOR_CONSTRUCTED || i.type != ASN1_SEQUENCE ||
	    !rsa_public_key_from_der_iterator(&k->rsa, PUBKEY_RSA_MAX, &i) || !rsa_public_key_prepare(&k->rsa))
		return err_set(e, ERR_FORMAT, "'%s' holds no well-formed RSA key", name);
	bits = mpz_sizeinbase(k->rsa.n, 2);
	if (bits < PUBKEY_RSA_BITS)
		return err_set(e, ERR_FORMAT, "the RSA key in '%s' has %zu bits, fewer than %d", name, bits, PUBKEY_RSA_BITS);
	snprintf(k->kind_name, sizeof(k->kind_name), "rsa-%zu", bits);
	wire_bytes(&wire, "ssh-rsa", 7);
	wire_number(&wire, k->rsa.e);
	wire_number(&wire, k->rsa.n);
	set_id(k, &wire);
	return 0;
}

static bool is_oid(const struct asn1_der_iterator *i, const char *oid, size_t len)
{
	return i->type == ASN1_IDENTIFIER && i->length == len && memcmp(i->data, oid, len) == 0;
}

/* SEQUENCE { SEQUENCE { algorithm, parameters }, BIT STRING } */
static int take_spki(struct pubkey *k, const void *der, size_t len, const char *name, struct err *e)
{
	struct asn1_der_iterator outer, alg;
	struct asn1_der_iterator parameters;
	const uint8_t *bits;
	size_t n;
	bool more;

	if (asn1_der_iterator_first(&outer, len, der) != ASN1_ITERATOR_CONSTRUCTED || outer.type != ASN1_SEQUENCE ||
	    asn1_der_decode_constructed_last(&outer) != ASN1_ITERATOR_CONSTRUCTED || outer.type != ASN1_SEQUENCE ||
	    asn1_der_decode_constructed(&outer, &alg) != ASN1_ITERATOR_PRIMITIVE)
		return err_set(e, ERR_FORMAT, "'%s' holds no well-formed public key", name);
	parameters = alg;
	more = asn1_der_iterator_next(&parameters) == ASN1_ITERATOR_PRIMITIVE;
	if (asn1_der_iterator_next(&outer) != ASN1_ITERATOR_PRIMITIVE || outer.type != ASN1_BITSTRING || outer.length < 2 ||
	    outer.data[0] != 0)
		return err_set(e, ERR_FORMAT, "'%s' holds no well-formed public key", name);
	bits = outer.data + 1;
	n = outer.length - 1;
	if (is_oid(&alg, "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01", 9))
		return take_rsa(k, bits, n, name, e);
	if (is_oid(&alg, "\x2b\x65\x70", 3) && take_ed25519(k, bits, n) == 0)
		return 0;
	for (size_t i = 0; more && i < ARRAY_SIZE(curves) && is_oid(&alg, "\x2a\x86\x48\xce\x3d\x02\x01", 7); i++)
		if (is_oid(&parameters, curves[i].oid, curves[i].oid_len) && take_ecdsa(k, &curves[i], bits, n) == 0)
			return 0;
	err_set(e, ERR_FORMAT, "the key in '%s' is of a kind that does not sign images", name);
	return err_hint(e, "Ed25519, ECDSA P-256, P-384, P-521 and RSA keys do");
}

static struct pubkey *new_key(const char *name)
{
	struct pubkey *k = xcalloc(1, sizeof(*k));

	k->name = xstrdup(name);
	return k;
}

void pubkey_free(struct pubkey *k)
{
	if (!k)
		return;
	if (k->kind == KIND_ECDSA && k->curve)
		ecc_point_clear(&k->point);
	if (k->kind == KIND_RSA)
		rsa_public_key_clear(&k->rsa);
	free(k->name);
	free(k);
}

int pubkey_from_der(const void *der, size_t len, const char *name, struct pubkey **ret, struct err *e)
{
	struct pubkey *k = new_key(name);

	if (take_spki(k, der, len, name, e)) {
		pubkey_free(k);
		return -1;
	}
	*ret = k;
	return 0;
}

int pubkey_from_pem(const char *text, size_t len, const char *name, struct pubkey **ret, struct err *e)
{
	OWN_STR struct str der = {};
	struct err ignored = {};
	struct pubkey *k;

	if (pem_decode(text, len, "PUBLIC KEY", &der, &ignored) == 0)
		return pubkey_from_der(der.s, der.len, name, ret, e);
	str_clear(&der);
	if (pem_decode(text, len, "RSA PUBLIC KEY", &der, &ignored)) {
		err_set(e, ERR_FORMAT, "'%s' holds no public key (PEM)", name);
		return err_hint(e, "a private key shows its public key: sif key export NAME");
	}
	k = new_key(name);
	if (take_rsa(k, (const uint8_t *)der.s, der.len, name, e)) {
		pubkey_free(k);
		return -1;
	}
	*ret = k;
	return 0;
}

const char *pubkey_name(const struct pubkey *k)
{
	return k->name;
}

const char *pubkey_id(const struct pubkey *k)
{
	return k->id;
}

const char *pubkey_kind(const struct pubkey *k)
{
	return k->kind_name;
}

/* SEQUENCE { INTEGER r, INTEGER s } and nothing else */
static bool read_ecdsa(struct dsa_signature *s, unsigned bits, const void *sig, size_t sig_len)
{
	struct asn1_der_iterator i;

	return asn1_der_iterator_first(&i, sig_len, sig) == ASN1_ITERATOR_CONSTRUCTED && i.type == ASN1_SEQUENCE &&
	       asn1_der_decode_constructed_last(&i) == ASN1_ITERATOR_PRIMITIVE && i.type == ASN1_INTEGER &&
	       asn1_der_get_bignum(&i, s->r, bits) && asn1_der_iterator_next(&i) == ASN1_ITERATOR_PRIMITIVE &&
	       i.type == ASN1_INTEGER && asn1_der_get_bignum(&i, s->s, bits) &&
	       asn1_der_iterator_next(&i) == ASN1_ITERATOR_END;
}

static bool verify_ecdsa(const struct pubkey *k, const uint8_t sum[DIGEST_SHA256], const void *sig, size_t sig_len)
{
	struct dsa_signature s;
	bool good;

	dsa_signature_init(&s);
	good = read_ecdsa(&s, (unsigned)(k->curve->bytes * 8), sig, sig_len) &&
	       ecdsa_verify(&k->point, DIGEST_SHA256, sum, &s);
	dsa_signature_clear(&s);
	return good;
}

static bool verify_rsa(const struct pubkey *k, const uint8_t sum[DIGEST_SHA256], const void *sig, size_t sig_len)
{
	mpz_t s;
	bool good;

	if (sig_len != k->rsa.size)
		return false;
	mpz_init(s);
	mpz_import(s, sig_len, 1, 1, 1, 0, sig);
	good = rsa_sha256_verify_digest(&k->rsa, sum, s);
	mpz_clear(s);
	return good;
}

bool pubkey_verify(const struct pubkey *k, const void *data, size_t len, const void *sig, size_t sig_len)
{
	uint8_t sum[DIGEST_SHA256];

	if (k->kind == KIND_ED25519)
		return sig_len == ED25519_SIGNATURE_SIZE && ed25519_sha512_verify(k->ed25519, len, data, sig);
	digest_sha256(data, len, sum);
	return k->kind == KIND_ECDSA ? verify_ecdsa(k, sum, sig, sig_len) : verify_rsa(k, sum, sig, sig_len);
}
