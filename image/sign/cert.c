/* Chain and usage. The peers' rules: the chain ends at any certificate of the
 * pool of roots; every certificate of it that limits its usage allows code
 * signing, and the leaf says so. OpenSSL 3.0 has no purpose of that name, so the
 * extension is looked at here. */
#include "image/sign/cert.h"

#include "base/fd.h"
#include "image/sign/ocsp.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <string.h>

#define PEM_FILE_MAX (1u << 20)
#define SECURITY_LEVEL 2 /* 112 bits: no RSA below 2048, no SHA-1 */

int cert_ocsp_mode(const char *word, enum ocsp_mode *ret, struct err *e)
{
	static const char *const words[] = { "off", "soft", "require" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strcmp(word, words[i]) == 0) {
			*ret = (enum ocsp_mode)i;
			return 0;
		}
	return err_set(e, ERR_USAGE, "--ocsp '%s' is not one of require, soft, off", word);
}

static int read_pem(const char *path, BIO **ret, struct err *e)
{
	OWN_FREE char *text = NULL;
	size_t len;

	if (fd_read_file(path, PEM_FILE_MAX, &text, &len, e))
		return -1;
	*ret = BIO_new(BIO_s_mem());
	if (!*ret || BIO_write(*ret, text, (int)len) != (int)len)
		return err_sys(e, ENOMEM, "cannot read '%s'", path);
	return 0;
}

/* All certificates of a file, in order. */
static int read_certificates(const char *path, STACK_OF(X509) * ret, struct err *e)
{
	BIO *bio = NULL;
	X509 *x;
	int n = 0;

	if (read_pem(path, &bio, e)) {
		BIO_free(bio);
		return -1;
	}
	while ((x = PEM_read_bio_X509(bio, NULL, NULL, NULL))) {
		sk_X509_push(ret, x);
		n++;
	}
	ERR_clear_error();
	BIO_free(bio);
	return n ? 0 : err_set(e, ERR_FORMAT, "'%s' holds no certificate (PEM)", path);
}

static int fill_store(const char *roots, X509_STORE *store, struct err *e)
{
	STACK_OF(X509) *pool;
	int rc;

	X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
	if (!roots) {
		if (X509_STORE_set_default_paths(store))
			return 0;
		return err_set(e, ERR_ENVIRONMENT, "the system's root certificates cannot be read");
	}
	pool = sk_X509_new_null();
	rc = read_certificates(roots, pool, e);
	for (int i = 0; i < sk_X509_num(pool); i++)
		X509_STORE_add_cert(store, sk_X509_value(pool, i));
	sk_X509_pop_free(pool, X509_free);
	return rc;
}

static int check_usage(STACK_OF(X509) * chain, const char *name, struct err *e)
{
	for (int i = 0; i < sk_X509_num(chain); i++) {
		X509 *x = sk_X509_value(chain, i);
		bool limited = X509_get_extension_flags(x) & EXFLAG_XKUSAGE;
		uint32_t usage = X509_get_extended_key_usage(x);

		if (limited ? !(usage & (XKU_CODE_SIGN | XKU_ANYEKU)) : i == 0)
			return err_set(e, ERR_VERIFY, "the certificate '%s' is not for signing code", name);
	}
	return 0;
}

static int check_chain(X509_STORE_CTX *ctx, const char *name, struct err *e)
{
	X509_VERIFY_PARAM_set_auth_level(X509_STORE_CTX_get0_param(ctx), SECURITY_LEVEL);
	if (X509_verify_cert(ctx) == 1)
		return check_usage(X509_STORE_CTX_get0_chain(ctx), name, e);
	err_set(e, ERR_VERIFY, "the certificate '%s' is not to be believed: %s", name,
		X509_verify_cert_error_string(X509_STORE_CTX_get_error(ctx)));
	ERR_clear_error();
	return err_hint(e, "--certificate-intermediates and --certificate-roots name the certificates above it");
}

static int take_pubkey(X509 *leaf, const char *name, struct pubkey **ret, struct err *e)
{
	unsigned char *der = NULL;
	int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(leaf), &der);
	int rc = len > 0 ? pubkey_from_der(der, (size_t)len, name, ret, e) :
			   err_set(e, ERR_FORMAT, "'%s' holds no public key", name);

	OPENSSL_free(der);
	return rc;
}

struct parts {
	STACK_OF(X509) * leaf, *intermediates;
	X509_STORE *store;
	X509_STORE_CTX *ctx;
};

static void parts_free(struct parts *p)
{
	X509_STORE_CTX_free(p->ctx);
	X509_STORE_free(p->store);
	sk_X509_pop_free(p->leaf, X509_free);
	sk_X509_pop_free(p->intermediates, X509_free);
}
#define OWN_PARTS OWN(parts_free)

int cert_pubkey(const struct cert_options *opt, struct pubkey **ret, struct err *e)
{
	OWN_PARTS struct parts p = { sk_X509_new_null(), sk_X509_new_null(), X509_STORE_new(), X509_STORE_CTX_new() };
	X509 *leaf;

	if (!p.leaf || !p.intermediates || !p.store || !p.ctx)
		return err_sys(e, ENOMEM, "cannot check '%s'", opt->certificate);
	if (read_certificates(opt->certificate, p.leaf, e) ||
	    (opt->intermediates && read_certificates(opt->intermediates, p.intermediates, e)) ||
	    fill_store(opt->roots, p.store, e))
		return -1;
	leaf = sk_X509_value(p.leaf, 0);
	if (!X509_STORE_CTX_init(p.ctx, p.store, leaf, p.intermediates))
		return err_sys(e, ENOMEM, "cannot check '%s'", opt->certificate);
	if (check_chain(p.ctx, opt->certificate, e))
		return -1;
	if (opt->ocsp != OCSP_OFF &&
	    ocsp_check(X509_STORE_CTX_get0_chain(p.ctx), p.intermediates, p.store, opt, e))
		return err_ctx(e, "OCSP verification has failed");
	return take_pubkey(leaf, opt->certificate, ret, e);
}
