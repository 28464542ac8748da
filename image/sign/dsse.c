#include "image/sign/dsse.h"

#include "base/mem.h"
#include "image/sign/base64.h"

#include <jansson.h>
#include <string.h>

void dsse_free(struct dsse *d)
{
	for (size_t i = 0; i < d->n; i++) {
		free(d->signatures[i].keyid);
		str_free(&d->signatures[i].sig);
	}
	free(d->signatures);
	str_free(&d->payload);
	*d = (struct dsse){};
}

static bool take_base64(json_t *text, struct str *ret)
{
	return json_is_string(text) && base64_decode(json_string_value(text), json_string_length(text), ret) == 0;
}

/* What `ssh-keygen -l` prints: all writers of SIF signatures use it. */
static bool is_keyid(const char *s)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	return !*s || (str_starts(s, "SHA256:") && strlen(s) == 50 && strspn(s + 7, digits) == 43);
}

static int take_signature(json_t *from, struct dsse_signature *ret, struct err *e)
{
	json_t *keyid = json_object_get(from, "keyid");

	if (!json_is_object(from) || (keyid && !json_is_string(keyid)))
		return err_set(e, ERR_FORMAT, "a signature of the envelope is no object with 'keyid' and 'sig'");
	ret->keyid = xstrdup(keyid ? json_string_value(keyid) : "");
	if (!is_keyid(ret->keyid))
		return err_set(e, ERR_FORMAT, "a signature of the envelope has the malformed key id '%.60s'", ret->keyid);
	if (!take_base64(json_object_get(from, "sig"), &ret->sig) || !ret->sig.len)
		return err_set(e, ERR_FORMAT, "a signature of the envelope is empty or not base64");
	return 0;
}

static int take_envelope(json_t *root, struct dsse *ret, struct err *e)
{
	json_t *list = json_object_get(root, "signatures");
	size_t n = json_array_size(list);

	if (!take_base64(json_object_get(root, "payload"), &ret->payload))
		return err_set(e, ERR_FORMAT, "the envelope's payload is not base64");
	if (!json_is_array(list) || !n || n > DSSE_SIGNATURES_MAX)
		return err_set(e, ERR_FORMAT, "the envelope has %zu signatures, not 1 to %d", n, DSSE_SIGNATURES_MAX);
	ret->signatures = xcalloc(n, sizeof(*ret->signatures));
	for (ret->n = 0; ret->n < n;) {
		struct dsse_signature *s = &ret->signatures[ret->n++];

		if (take_signature(json_array_get(list, ret->n - 1), s, e))
			return -1;
	}
	return 0;
}

int dsse_parse(const char *text, size_t len, struct dsse *ret, struct err *e)
{
	json_t *root = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
	const char *type = json_string_value(json_object_get(root, "payloadType"));
	int rc = 0;

	*ret = (struct dsse){};
	if (type && strcmp(type, DSSE_TYPE) == 0)
		rc = take_envelope(root, ret, e) ? -1 : 1;
	json_decref(root);
	if (rc < 0)
		dsse_free(ret);
	return rc;
}

void dsse_pae(const char *payload, size_t len, struct str *out)
{
	str_addf(out, "DSSEv1 %zu %s %zu ", strlen(DSSE_TYPE), DSSE_TYPE, len);
	str_addn(out, payload, len);
}

void dsse_text(const char *payload, size_t len, const char *keyid, const void *sig, size_t sig_len, struct str *out)
{
	str_add(out, "{\"payloadType\":\"" DSSE_TYPE "\",\"payload\":\"");
	base64_add(out, payload, len, true);
	str_addf(out, "\",\"signatures\":[{\"keyid\":\"%s\",\"sig\":\"", keyid);
	base64_add(out, sig, sig_len, true);
	str_add(out, "\"}]}");
}
