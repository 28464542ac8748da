/* An answer counts when it is signed by the issuer itself, or by a certificate
 * that the issuer has given the task (id-kp-OCSPSigning): OCSP_basic_verify sees
 * to that. It must be about this certificate and of now. */
#include "image/sign/ocsp.h"

#include "base/fd.h"
#include "base/log.h"

#include <openssl/err.h>
#include <openssl/http.h>
#include <openssl/ocsp.h>
#include <openssl/x509v3.h>
#include <string.h>

#define ANSWER_MAX (1u << 20)
#define TIMEOUT 10 /* seconds for one responder */

struct asking {
	STACK_OF(X509) * intermediates;
	X509_STORE *store;
	const struct cert_options *opt;
};

static const char *openssl_reason(void)
{
	const char *why = ERR_reason_error_string(ERR_peek_last_error());

	ERR_clear_error();
	return why ? why : "not well-formed";
}

/* Judge one answer. 1: it says good; 0: it is not about this certificate;
 * -1: revoked, unknown, or not to be believed. */
static int judge(const struct asking *a, OCSP_RESPONSE *response, OCSP_CERTID *id, X509 *issuer, struct err *e)
{
	OCSP_BASICRESP *basic = OCSP_response_get1_basic(response);
	STACK_OF(X509) *certs = sk_X509_dup(a->intermediates);
	ASN1_GENERALIZEDTIME *this_update = NULL, *next_update = NULL;
	int status = -1, rc = -1;

	sk_X509_push(certs, issuer);
	if (OCSP_response_status(response) != OCSP_RESPONSE_STATUS_SUCCESSFUL || !basic)
		err_set(e, ERR_VERIFY, "the responder did not answer: %s",
			OCSP_response_status_str(OCSP_response_status(response)));
	else if (!OCSP_resp_find_status(basic, id, &status, NULL, NULL, &this_update, &next_update))
		rc = 0;
	else if (OCSP_basic_verify(basic, certs, a->store, 0) != 1)
		err_set(e, ERR_VERIFY, "the answer is not to be believed: %s", openssl_reason());
	else if (!OCSP_check_validity(this_update, next_update, 0, -1))
		err_set(e, ERR_VERIFY, "the answer is not of now: %s", openssl_reason());
	else if (status == V_OCSP_CERTSTATUS_GOOD)
		rc = 1;
	else if (status == V_OCSP_CERTSTATUS_REVOKED)
		err_set(e, ERR_POLICY, "a certificate of the chain was revoked");
	else
		err_set(e, ERR_VERIFY, "the responder does not know a certificate of the chain");
	ERR_clear_error();
	sk_X509_free(certs);
	OCSP_BASICRESP_free(basic);
	return rc;
}

static int ask_file(const struct asking *a, const char *path, OCSP_CERTID *id, X509 *issuer, struct err *e)
{
	OWN_FREE char *bytes = NULL;
	const unsigned char *p;
	OCSP_RESPONSE *response;
	size_t len;
	int rc;

	if (fd_read_file(path, ANSWER_MAX, &bytes, &len, e))
		return -1;
	p = (const unsigned char *)bytes;
	response = d2i_OCSP_RESPONSE(NULL, &p, (long)len);
	if (!response) {
		ERR_clear_error();
		return err_set(e, ERR_FORMAT, "'%s' is no OCSP response (DER)", path);
	}
	rc = judge(a, response, id, issuer, e);
	OCSP_RESPONSE_free(response);
	return rc < 0 ? err_ctx(e, "'%s'", path) : rc;
}

static OCSP_RESPONSE *transfer(const char *url, OCSP_REQUEST *request)
{
	char *host = NULL, *port = NULL, *path = NULL;
	BIO *body = BIO_new(BIO_s_mem()), *answer = NULL;
	OCSP_RESPONSE *response = NULL;
	int ssl = 0;

	if (body && ASN1_item_i2d_bio(ASN1_ITEM_rptr(OCSP_REQUEST), body, request) &&
	    OSSL_HTTP_parse_url(url, &ssl, NULL, &host, &port, NULL, &path, NULL, NULL) && !ssl)
		answer = OSSL_HTTP_transfer(NULL, host, port, path, 0, NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL,
					    "application/ocsp-request", body, "application/ocsp-response", 1, ANSWER_MAX,
					    TIMEOUT, 0);
	if (answer)
		response = d2i_OCSP_RESPONSE_bio(answer, NULL);
	BIO_free(answer);
	BIO_free(body);
	OPENSSL_free(host);
	OPENSSL_free(port);
	OPENSSL_free(path);
	return response;
}

static int ask_network(const struct asking *a, X509 *x, OCSP_CERTID *id, X509 *issuer, struct err *e)
{
	STACK_OF(OPENSSL_STRING) *urls = X509_get1_ocsp(x);
	const char *url = urls && sk_OPENSSL_STRING_num(urls) ? sk_OPENSSL_STRING_value(urls, 0) : NULL;
	OCSP_REQUEST *request = OCSP_REQUEST_new();
	OCSP_CERTID *copy = OCSP_CERTID_dup(id);
	OCSP_RESPONSE *response = NULL;
	int rc = -1;

	if (!request || !copy || !OCSP_request_add0_id(request, copy))
		err_sys(e, ENOMEM, "cannot ask a responder");
	else if (!url)
		err_set(e, ERR_VERIFY, "a certificate of the chain names no responder");
	else if (!(response = transfer(url, request)))
		err_set(e, ERR_NETWORK, "the responder '%s' gave no answer: %s", url, openssl_reason());
	else
		rc = judge(a, response, id, issuer, e);
	if (!rc)
		rc = err_set(e, ERR_VERIFY, "the responder answered about another certificate");
	OCSP_RESPONSE_free(response);
	OCSP_REQUEST_free(request);
	X509_email_free(urls);
	return rc < 0 ? -1 : 0;
}

static int check_one(const struct asking *a, X509 *x, X509 *issuer, struct err *e)
{
	OCSP_CERTID *id = OCSP_cert_to_id(EVP_sha1(), x, issuer);
	int rc = 0;

	if (!id)
		return err_sys(e, ENOMEM, "cannot ask a responder");
	for (size_t i = 0; a->opt->responses && i < a->opt->responses->n && !rc; i++)
		rc = ask_file(a, a->opt->responses->v[i], id, issuer, e);
	if (!rc)
		rc = ask_network(a, x, id, issuer, e);
	OCSP_CERTID_free(id);
	return rc < 0 ? -1 : 0;
}

int ocsp_check(STACK_OF(X509) * chain, STACK_OF(X509) * intermediates, X509_STORE *store,
	       const struct cert_options *opt, struct err *e)
{
	const struct asking a = { intermediates, store, opt };

	for (int i = 0; i < sk_X509_num(chain); i++) {
		X509 *x = sk_X509_value(chain, i);

		if (X509_get_extension_flags(x) & EXFLAG_SS)
			continue;
		/* A root of the pool that is not self-signed is believed as it is. */
		if (i + 1 == sk_X509_num(chain))
			break;
		if (check_one(&a, x, sk_X509_value(chain, i + 1), e) == 0)
			continue;
		if (e->kind == ERR_POLICY) { /* revoked */
			e->kind = ERR_VERIFY;
			return -1;
		}
		if (opt->ocsp == OCSP_REQUIRE)
			return -1;
		log_warn("OCSP: %s", e->msg);
		err_clear(e);
	}
	return 0;
}
