#include "image/sign/private.h"

#include "base/mem.h"
#include "base/num.h"

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <string.h>

struct private_key {
	EVP_PKEY *key;
	struct pubkey *pub;
};

/* OpenSSL's own reason behind what we could not do. */
static int fail(struct err *e, enum err_kind kind, const char *what, const char *name)
{
	const char *why = ERR_reason_error_string(ERR_peek_last_error());

	ERR_clear_error();
	return err_set(e, kind, "%s '%s'%s%s", what, name, why ? ": " : "", why ? why : "");
}

static int wrap(EVP_PKEY *key, const char *name, struct private_key **ret, struct err *e)
{
	struct private_key *k = xcalloc(1, sizeof(*k));
	unsigned char *der = NULL;
	int len = i2d_PUBKEY(key, &der);
	int rc = len > 0 ? pubkey_from_der(der, (size_t)len, name, &k->pub, e) :
			   fail(e, ERR_FORMAT, "cannot use the key", name);

	OPENSSL_free(der);
	k->key = key;
	if (rc) {
		private_free(k);
		return -1;
	}
	*ret = k;
	return 0;
}

static EVP_PKEY *generate(const char *kind)
{
	static const struct {
		const char *ours, *theirs;
	} curves[] = { { "ecdsa-p256", "P-256" }, { "ecdsa-p384", "P-384" }, { "ecdsa-p521", "P-521" } };
	struct err ignored = {};
	uint32_t bits;

	if (strcmp(kind, "ed25519") == 0)
		return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	for (size_t i = 0; i < ARRAY_SIZE(curves); i++)
		if (strcmp(kind, curves[i].ours) == 0)
			return EVP_PKEY_Q_keygen(NULL, NULL, "EC", curves[i].theirs);
	if (str_starts(kind, "rsa-") && num_u32(kind + 4, &bits, &ignored) == 0 && bits >= PUBKEY_RSA_BITS &&
	    bits <= PUBKEY_RSA_MAX)
		return EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)bits);
	return NULL;
}

int private_new(const char *kind, struct private_key **ret, struct err *e)
{
	EVP_PKEY *key = generate(kind);

	if (!key) {
		ERR_clear_error();
		err_set(e, ERR_USAGE, "there is no kind of key '%s'", kind);
		return err_hint(e, "ed25519, ecdsa-p256, ecdsa-p384, ecdsa-p521, rsa-2048 to rsa-16384");
	}
	return wrap(key, "the new key", ret, e);
}

/* One passphrase prompt of OpenSSL's PEM reader. */
struct prompt {
	const struct passphrase *pass;
	const char *name;
	bool asked;
	struct err err;
};

static int on_prompt(char *buf, int room, int writing, void *ctx)
{
	struct prompt *p = ctx;

	(void)writing;
	p->asked = true;
	if (!p->pass) {
		err_set(&p->err, ERR_USAGE, "the key '%s' is encrypted", p->name);
		return -1;
	}
	return p->pass->ask(p->pass->ctx, p->name, buf, (size_t)room, &p->err);
}

int private_from_pem(const char *text, size_t len, const char *name, const struct passphrase *pass,
		     struct private_key **ret, struct err *e)
{
	struct prompt p = { .pass = pass, .name = name };
	BIO *bio = len < INT32_MAX ? BIO_new_mem_buf(text, (int)len) : NULL;
	EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, on_prompt, &p) : NULL;

	BIO_free(bio);
	if (!key && p.err.kind) {
		*e = p.err;
		ERR_clear_error();
		return -1;
	}
	if (!key && p.asked) {
		ERR_clear_error();
		return err_set(e, ERR_USAGE, "the passphrase of the key '%s' is wrong", name);
	}
	if (!key && (strstr(text, "BEGIN ENCRYPTED SIGSTORE") || strstr(text, "BEGIN ENCRYPTED COSIGN"))) {
		ERR_clear_error();
		err_set(e, ERR_FORMAT, "'%s' is a private key in the form of sigstore, which is not supported", name);
		return err_hint(e, "sign with a PEM key: sif key new");
	}
	if (!key) {
		ERR_clear_error();
		err_set(e, ERR_FORMAT, "'%s' holds no private key (PEM)", name);
		return err_hint(e, "'sif key new' makes one");
	}
	return wrap(key, name, ret, e);
}

void private_free(struct private_key *k)
{
	if (!k)
		return;
	EVP_PKEY_free(k->key);
	pubkey_free(k->pub);
	free(k);
}

void private_wipe(void *bytes, size_t len)
{
	OPENSSL_cleanse(bytes, len);
}

static void take_bio(BIO *bio, struct str *ret)
{
	char *data = NULL;
	long n = BIO_get_mem_data(bio, &data);

	if (n > 0)
		str_addn(ret, data, (size_t)n);
}

/* PKCS #8 encrypted by scrypt and AES-256-CBC; OpenSSL's ready-made calls would
 * take PBKDF2 with 2048 rounds. */
static int write_encrypted(BIO *bio, EVP_PKEY *key, const char *pass)
{
	PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(key);
	X509_ALGOR *alg = PKCS5_pbe2_set_scrypt(EVP_aes_256_cbc(), NULL, 0, NULL, 1 << 14, 8, 1);
	X509_SIG *sig = info && alg ? PKCS8_set0_pbe(pass, (int)strlen(pass), info, alg) : NULL;
	int good = sig && PEM_write_bio_PKCS8(bio, sig);

	if (sig)
		X509_SIG_free(sig); /* has alg */
	else
		X509_ALGOR_free(alg);
	PKCS8_PRIV_KEY_INFO_free(info);
	return good;
}

int private_to_pem(const struct private_key *k, const char *pass, struct str *ret, struct err *e)
{
	BIO *bio = BIO_new(BIO_s_secmem());
	int good = bio && (pass ? write_encrypted(bio, k->key, pass) :
				  PEM_write_bio_PKCS8PrivateKey(bio, k->key, NULL, NULL, 0, NULL, NULL));

	if (good)
		take_bio(bio, ret);
	BIO_free(bio);
	return good ? 0 : fail(e, ERR_SYSTEM, "cannot write the private key", pubkey_name(k->pub));
}

int private_to_public_pem(const struct private_key *k, struct str *ret, struct err *e)
{
	BIO *bio = BIO_new(BIO_s_mem());
	int good = bio && PEM_write_bio_PUBKEY(bio, k->key);

	if (good)
		take_bio(bio, ret);
	BIO_free(bio);
	return good ? 0 : fail(e, ERR_SYSTEM, "cannot write the public key", pubkey_name(k->pub));
}

const struct pubkey *private_pubkey(const struct private_key *k)
{
	return k->pub;
}

int private_sign(const struct private_key *k, const void *data, size_t len, struct str *ret, struct err *e)
{
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	const EVP_MD *md = EVP_PKEY_is_a(k->key, "ED25519") ? NULL : EVP_sha256();
	unsigned char *sig = NULL;
	size_t n = 0;
	int good = c && EVP_DigestSignInit(c, NULL, md, NULL, k->key) && EVP_DigestSign(c, NULL, &n, data, len);

	if (good) {
		sig = xmalloc(n);
		good = EVP_DigestSign(c, sig, &n, data, len);
	}
	EVP_MD_CTX_free(c);
	if (good)
		str_addn(ret, sig, n);
	free(sig);
	if (!good)
		return fail(e, ERR_SYSTEM, "cannot sign with the key", pubkey_name(k->pub));
	/* A fault of the machine must not become a signature that nobody accepts. */
	if (!pubkey_verify(k->pub, data, len, ret->s, ret->len))
		return err_set(e, ERR_BUG, "the new signature of '%s' does not hold", pubkey_name(k->pub));
	return 0;
}
