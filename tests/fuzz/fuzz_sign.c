/* Fuzz target: any bytes as what stands in signature and verity objects, and as
 * keys: envelopes, signed metadata, clear-signed messages, PEM, GnuPG's status
 * lines, sif.verity.json. What is accepted keeps what the headers promise. */
#include "image/sign/base64.h"
#include "image/sign/clear.h"
#include "image/sign/dsse.h"
#include "image/sign/metadata.h"
#include "image/sign/pgp.h"
#include "image/sign/pubkey.h"
#include "image/verity/verity.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

static void try_envelope(const char *text, size_t len)
{
	OWN_DSSE struct dsse d = {};
	struct err e = {};
	int rc = dsse_parse(text, len, &d, &e);

	promise(rc >= 0 || (e.kind == ERR_FORMAT && e.msg[0]));
	promise(rc > 0 || (!d.n && !d.signatures));
	if (rc <= 0)
		return;
	promise(d.n >= 1 && d.n <= DSSE_SIGNATURES_MAX);
	for (size_t i = 0; i < d.n; i++)
		promise(d.signatures[i].keyid && d.signatures[i].sig.len);
}

/* What was read and written again is read the same. */
static void try_metadata(const char *text, size_t len)
{
	OWN_METADATA struct metadata m = {}, again = {};
	OWN_STR struct str one = {}, two = {};
	struct err e = {};

	if (metadata_parse(text, len, &m, &e)) {
		promise(e.kind == ERR_FORMAT && !m.objects);
		return;
	}
	metadata_text(&m, &one);
	promise(metadata_parse(one.s, one.len, &again, &e) == 0);
	metadata_text(&again, &two);
	promise(one.len == two.len && memcmp(one.s, two.s, one.len) == 0);
}

static void try_message(const char *text, size_t len)
{
	OWN_STR struct str plain = {}, inside = {};
	struct err e = {};

	if (clear_text(text, len, &plain, &e) == 0)
		promise(clear_is(text, len) && plain.len < len);
	else
		promise(e.kind == ERR_FORMAT);
	if (clear_dearmor(text, len, "PGP PUBLIC KEY BLOCK", &inside, &e) == 0)
		promise(inside.len && inside.len < len);
}

static void try_key(const char *text, size_t len)
{
	struct pubkey *k;
	struct err e = {};

	if (pubkey_from_pem(text, len, "input", &k, &e) == 0) {
		promise(strlen(pubkey_id(k)) == PUBKEY_ID - 1);
		pubkey_verify(k, text, len, text, len < 64 ? len : 64);
		pubkey_free(k);
	}
	if (pubkey_from_der(text, len, "input", &k, &e) == 0)
		pubkey_free(k);
}

static void try_verity(const char *text, size_t len)
{
	struct verity_info info;
	struct verity_layout l;
	OWN_STR struct str again = {};
	struct err e = {};

	if (verity_info_parse(text, len, &info, &e))
		return;
	verity_info_text(&info, &again);
	promise(again.len == len && memcmp(again.s, text, len) == 0);
	if (verity_layout(info.size, &l, &e) == 0)
		promise(l.levels <= VERITY_LEVELS && l.size >= VERITY_BLOCK && l.data_size == info.size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	OWN_STR struct str bytes = {};
	struct pgp_result r;

	try_envelope(text, size);
	try_metadata(text, size);
	try_message(text, size);
	try_key(text, size);
	try_verity(text, size);
	if (base64_decode(text, size, &bytes) == 0)
		promise(bytes.len <= size / 4 * 3 + 2);
	pgp_parse_status(text, size, &r);
	promise(r.verdict != VERDICT_GOOD || size > 60);
	return 0;
}
