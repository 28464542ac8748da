/* Unit tests of image/sign: encodings, envelopes, signed metadata, keys, and what
 * GnuPG's status lines mean. Images and signatures of other programs are in
 * tests/e2e/interop_sign.sh. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/mem.h"
#include "image/sign/base64.h"
#include "image/sign/clear.h"
#include "image/sign/dsse.h"
#include "image/sign/metadata.h"
#include "image/sign/pgp.h"
#include "image/sign/private.h"
#include "image/sign/pubkey.h"

#include <stdio.h>
#include <string.h>

static void base64_both_ways(void **state)
{
	static const struct {
		const char *bytes, *text;
	} cases[] = { /* RFC 4648, section 10 */
		{ "", "" },	       { "f", "Zg==" },	      { "fo", "Zm8=" },	       { "foo", "Zm9v" },
		{ "foob", "Zm9vYg==" }, { "fooba", "Zm9vYmE=" }, { "foobar", "Zm9vYmFy" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		OWN_STR struct str text = {}, back = {}, bare = {};
		size_t digits = strcspn(cases[i].text, "=");

		base64_add(&text, cases[i].bytes, strlen(cases[i].bytes), true);
		assert_string_equal(str_text(&text), cases[i].text);
		assert_int_equal(base64_decode(cases[i].text, strlen(cases[i].text), &back), 0);
		assert_string_equal(str_text(&back), cases[i].bytes);
		assert_int_equal(base64_decode(cases[i].text, digits, &bare), 0);
		assert_string_equal(str_text(&bare), cases[i].bytes);
	}
}

static void base64_that_is_none(void **state)
{
	static const char *const bad[] = { "Z", "Zg=", "Zg===", "Zh==", "Zm9=", "Zm9v=", "Z*==", "=", "Zg==Zg==", "Zm\0v" };
	OWN_STR struct str same = {};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		OWN_STR struct str out = {};

		assert_int_equal(base64_decode(bad[i], i + 1 < ARRAY_SIZE(bad) ? strlen(bad[i]) : 4, &out), -1);
	}
	assert_int_equal(base64_decode("_-8\n=", 5, &same), 0);
	assert_memory_equal(same.s, "\xff\xef", 2);
}

static void the_bytes_that_dsse_signs(void **state)
{
	OWN_STR struct str pae = {};

	(void)state;
	dsse_pae("{}", 2, &pae);
	assert_string_equal(str_text(&pae), "DSSEv1 40 application/vnd.sylabs.sif-metadata+json 2 {}");
}

#define TYPE "\"payloadType\":\"" DSSE_TYPE "\""
#define KEYID "SHA256:N9haM8AmJupMdf4vP7/GfJxZOF981VzdixHFGfFVGCM"

static void envelopes(void **state)
{
	static const struct {
		int rc;
		const char *text;
	} cases[] = {
		{ 1, "{" TYPE ",\"payload\":\"e30=\",\"signatures\":[{\"keyid\":\"" KEYID "\",\"sig\":\"AAAA\"}]}\n" },
		{ 1, "{\"payload\":\"e30\",\"signatures\":[{\"sig\":\"AAAA\"}]," TYPE "}" },
		{ -1, "{" TYPE ",\"payload\":\"e30=\",\"signatures\":[]}" },
		{ -1, "{" TYPE ",\"payload\":\"e30=\",\"signatures\":null}" },
		{ -1, "{" TYPE ",\"payload\":\"e30=\"}" },
		{ -1, "{" TYPE ",\"payload\":7,\"signatures\":[{\"sig\":\"AAAA\"}]}" },
		{ -1, "{" TYPE ",\"payload\":\"e3*=\",\"signatures\":[{\"sig\":\"AAAA\"}]}" },
		{ -1, "{" TYPE ",\"payload\":\"e30=\",\"signatures\":[{\"sig\":\"\"}]}" },
		{ -1, "{" TYPE ",\"payload\":\"e30=\",\"signatures\":[{\"keyid\":\"evil\",\"sig\":\"AAAA\"}]}" },
		{ -1, "{" TYPE ",\"payload\":\"e30=\",\"signatures\":[{\"keyid\":1,\"sig\":\"AAAA\"}]}" },
		{ -1, "{" TYPE ",\"payload\":\"e30=\",\"signatures\":[[]]}" },
		{ 0, "{" TYPE ",\"payload\":\"e30=\",\"payload\":\"e30=\",\"signatures\":[{\"sig\":\"AAAA\"}]}" },
		{ 0, "{" TYPE ",\"payload\":\"e30=\",\"signatures\":[{\"sig\":\"AAAA\"}]}{}" },
		{ 0, "{\"payloadType\":\"application/json\",\"payload\":\"e30=\",\"signatures\":[{\"sig\":\"AAAA\"}]}" },
		{ 0, "" }, { 0, "[]" }, { 0, "{" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		OWN_DSSE struct dsse d = {};
		struct err e = {};

		assert_int_equal(dsse_parse(cases[i].text, strlen(cases[i].text), &d, &e), cases[i].rc);
		assert_int_equal(e.kind, cases[i].rc < 0 ? ERR_FORMAT : ERR_NONE);
		if (cases[i].rc > 0)
			assert_string_equal(str_text(&d.payload), "{}");
	}
}

static void an_envelope_of_ours_is_read_back(void **state)
{
	OWN_STR struct str text = {};
	OWN_DSSE struct dsse d = {};
	struct err e = {};

	(void)state;
	dsse_text("payload", 7, KEYID, "\1\2\3", 3, &text);
	assert_int_equal(dsse_parse(text.s, text.len, &d, &e), 1);
	assert_int_equal(d.n, 1);
	assert_string_equal(d.signatures[0].keyid, KEYID);
	assert_memory_equal(d.signatures[0].sig.s, "\1\2\3", 3);
	assert_string_equal(str_text(&d.payload), "payload");
}

static void metadata_both_ways(void **state)
{
	struct meta_object objects[2] = { { .id = 0 }, { .id = 7 } };
	struct metadata m = { .objects = objects, .n = 2 };
	OWN_STR struct str text = {}, again = {};
	OWN_METADATA struct metadata back = {};
	struct err e = {};

	(void)state;
	m.header.alg = digest_find("sha384", 6);
	memset(m.header.value, 0x3a, DIGEST_MAX);
	for (int i = 0; i < 2; i++) {
		objects[i].descriptor = m.header;
		objects[i].object.alg = digest_find("sha512_256", 10);
	}
	metadata_text(&m, &text);
	assert_int_equal(metadata_parse(text.s, text.len, &back, &e), 0);
	metadata_text(&back, &again);
	assert_string_equal(text.s, again.s);
	assert_true(metadata_same(&back.objects[1].descriptor, &m.header));
	back.objects[1].descriptor.value[47] ^= 1;
	assert_false(metadata_same(&back.objects[1].descriptor, &m.header));
}

#define DIGEST "\"sha256:0000000000000000000000000000000000000000000000000000000000000000\""
#define OBJECT(id, digest) "{\"relativeId\":" id ",\"descriptorDigest\":" DIGEST ",\"objectDigest\":" digest "}"
#define META(objects) "{\"version\":1,\"header\":{\"digest\":" DIGEST "},\"objects\":[" objects "]}"

static void metadata_that_is_none(void **state)
{
	static const struct {
		int rc;
		const char *text;
	} cases[] = {
		{ 0, META("") },
		{ 0, META(OBJECT("0", DIGEST)) },
		{ 0, META(OBJECT("0", DIGEST) "," OBJECT("4294967295", DIGEST)) "\n" },
		{ -1, META(OBJECT("0", DIGEST) "," OBJECT("0", DIGEST)) },
		{ -1, META(OBJECT("1", DIGEST) "," OBJECT("0", DIGEST)) },
		{ -1, META(OBJECT("-1", DIGEST)) },
		{ -1, META(OBJECT("4294967296", DIGEST)) },
		{ -1, META(OBJECT("0.0", DIGEST)) },
		{ -1, META(OBJECT("0", "\"sha1:0000000000000000000000000000000000000000\"")) },
		{ -1, META(OBJECT("0", "\"md5:00000000000000000000000000000000\"")) },
		{ -1, META(OBJECT("0", "\"sha256:00\"")) },
		{ -1, META(OBJECT("0", "\"sha256\"")) },
		{ -1, META(OBJECT("0", "\"\"")) },
		{ -1, META(OBJECT("0", "null")) },
		{ -1, META("[]") },
		{ -1, META("") "{}" },
		{ -1, "{\"version\":1,\"objects\":[]}" },
		{ -1, "{\"version\":1,\"header\":{\"digest\":" DIGEST "}}" },
		{ -1, "{\"header\":{\"digest\":" DIGEST ",\"digest\":" DIGEST "},\"objects\":[]}" },
		{ -1, "" }, { -1, "null" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		OWN_METADATA struct metadata m = {};
		struct err e = {};

		if (metadata_parse(cases[i].text, strlen(cases[i].text), &m, &e) != cases[i].rc)
			fail_msg("%s: wanted %d (%s)", cases[i].text, cases[i].rc, e.msg);
	}
}

#define BEGIN "-----BEGIN PGP SIGNED MESSAGE-----\n"
#define SIGNATURE "-----BEGIN PGP SIGNATURE-----\n\nAAAA\n=AAAA\n-----END PGP SIGNATURE-----\n"

static void clear_signed_messages(void **state)
{
	static const struct {
		const char *message, *text; /* NULL = refused */
	} cases[] = {
		{ BEGIN "Hash: SHA256\n\ntext\n" SIGNATURE, "text" },
		{ BEGIN "Hash: SHA256\r\n\r\none\r\ntwo\r\n" SIGNATURE "\n \n", "one\ntwo" },
		{ BEGIN "\n- -dash\n- \nend\n\n" SIGNATURE, "-dash\n\nend\n" },
		{ "x" BEGIN "\ntext\n" SIGNATURE, NULL },
		{ "\n" BEGIN "\ntext\n" SIGNATURE, NULL },
		{ BEGIN "Hash: SHA256\nComment: x\n\ntext\n" SIGNATURE, NULL },
		{ BEGIN "Hash: SHA256\ntext\n" SIGNATURE, NULL },
		{ BEGIN "\n-dash\n" SIGNATURE, NULL },
		{ BEGIN "\ntext\n", NULL },
		{ BEGIN "\ntext\n" SIGNATURE "x", NULL },
		{ BEGIN "\ntext\n" SIGNATURE BEGIN "\ntext\n" SIGNATURE, NULL },
		{ BEGIN "\n" BEGIN "\ntext\n" SIGNATURE, NULL },
		{ BEGIN "\ntext\n-----BEGIN PGP SIGNATURE-----\n\n-----END PGP SIGNATURE-----\n", NULL },
		{ BEGIN "\ntext\n-----BEGIN PGP SIGNATURE-----\n\nA*AA\n-----END PGP SIGNATURE-----\n", NULL },
		{ BEGIN "\ntext\n-----BEGIN PGP SIGNATURE-----\n\nAAAA\n", NULL },
		{ "", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		OWN_STR struct str text = {};
		struct err e = {};
		int rc = clear_text(cases[i].message, strlen(cases[i].message), &text, &e);

		assert_int_equal(rc, cases[i].text ? 0 : -1);
		if (cases[i].text)
			assert_string_equal(str_text(&text), cases[i].text);
		else
			assert_int_equal(e.kind, ERR_FORMAT);
	}
}

#define FPR "12045C8C0B1004D058DE4BEDA20C27EE7FF7BA84"
#define GOOD "[GNUPG:] GOODSIG A20C27EE7FF7BA84 Unit Test <unit@test.com>\n"
#define VALID(hash, class) "[GNUPG:] VALIDSIG " FPR " 2020-06-30 1593475316 0 4 0 1 " hash " " class " " FPR "\n"
#define NEW "[GNUPG:] NEWSIG\n"

static void what_gnupg_says(void **state)
{
	static const struct {
		enum verdict verdict;
		const char *status;
	} cases[] = {
		{ VERDICT_GOOD, "gpgv: noise\n" NEW GOOD VALID("8", "01") },
		{ VERDICT_GOOD, NEW GOOD VALID("10", "00") },
		{ VERDICT_EXPIRED_KEY, NEW "[GNUPG:] EXPKEYSIG A20C27EE7FF7BA84 x\n" VALID("8", "01") },
		{ VERDICT_REVOKED_KEY, NEW "[GNUPG:] REVKEYSIG A20C27EE7FF7BA84 x\n" VALID("8", "01") },
		{ VERDICT_EXPIRED, NEW "[GNUPG:] EXPSIG A20C27EE7FF7BA84 x\n" VALID("8", "01") },
		{ VERDICT_UNKNOWN, NEW "[GNUPG:] ERRSIG A20C27EE7FF7BA84 1 8 01 1593475316 9 " FPR "\n"
				       "[GNUPG:] NO_PUBKEY A20C27EE7FF7BA84\n" },
		/* hashes that nobody should use, classes that sign something else */
		{ VERDICT_INVALID, NEW GOOD VALID("1", "01") },
		{ VERDICT_INVALID, NEW GOOD VALID("2", "01") },
		{ VERDICT_INVALID, NEW GOOD VALID("8", "10") },
		/* one line alone, two signatures, contradictions */
		{ VERDICT_INVALID, "" },
		{ VERDICT_INVALID, NEW GOOD },
		{ VERDICT_INVALID, NEW VALID("8", "01") },
		{ VERDICT_INVALID, GOOD VALID("8", "01") },
		{ VERDICT_INVALID, NEW GOOD VALID("8", "01") NEW GOOD VALID("8", "01") },
		{ VERDICT_INVALID, NEW GOOD VALID("8", "01") "[GNUPG:] BADSIG A20C27EE7FF7BA84 x\n" },
		{ VERDICT_INVALID, NEW GOOD "[GNUPG:] EXPKEYSIG A20C27EE7FF7BA84 x\n" VALID("8", "01") },
		{ VERDICT_INVALID, NEW "[GNUPG:] BADSIG A20C27EE7FF7BA84 x\n" },
		{ VERDICT_INVALID, NEW "[GNUPG:] ERRSIG A20C27EE7FF7BA84 1 8 01 1593475316 4 " FPR "\n" },
		{ VERDICT_INVALID, "[GNUPG:] NODATA 1\n" },
		/* lines that are not GnuPG's own */
		{ VERDICT_INVALID, NEW "x" GOOD "x" VALID("8", "01") },
		{ VERDICT_INVALID, NEW "[GNUPG:] GOODSIGX A x\n" VALID("8", "01") },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct pgp_result r;

		pgp_parse_status(cases[i].status, strlen(cases[i].status), &r);
		if (r.verdict != cases[i].verdict)
			fail_msg("%s: %s", cases[i].status, verdict_word(r.verdict));
		if (r.verdict == VERDICT_GOOD || r.verdict == VERDICT_UNKNOWN) {
			assert_string_equal(r.key, FPR);
			assert_true(r.has_fingerprint);
			assert_int_equal(r.fingerprint[0], 0x12);
		}
	}
}

static void flip_all(const struct pubkey *k, struct str *sig, char *data, size_t len)
{
	for (size_t i = 0; i < sig->len; i++) {
		sig->s[i] ^= 1;
		assert_false(pubkey_verify(k, data, len, sig->s, sig->len));
		sig->s[i] ^= 1;
		assert_false(pubkey_verify(k, data, len, sig->s, i));
	}
	for (size_t i = 0; i < len; i++) {
		data[i] ^= 1;
		assert_false(pubkey_verify(k, data, len, sig->s, sig->len));
		data[i] ^= 1;
	}
	str_addc(sig, '\0');
	assert_false(pubkey_verify(k, data, len, sig->s, sig->len));
	str_cut(sig, sig->len - 1);
	assert_true(pubkey_verify(k, data, len, sig->s, sig->len));
}

/* OpenSSL signs, nettle verifies; the PEM in between is read by both. */
static void every_kind_of_key_signs(void **state)
{
	static const char *const kinds[] = { "ed25519", "ecdsa-p256", "ecdsa-p384", "ecdsa-p521", "rsa-2048" };
	struct pubkey *last = NULL;
	char data[] = "DSSEv1 some bytes";

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		OWN_STR struct str pem = {}, private = {}, sig = {};
		struct private_key *k, *again;
		struct pubkey *p;
		struct err e = {};

		assert_int_equal(private_new(kinds[i], &k, &e), 0);
		assert_int_equal(private_to_public_pem(k, &pem, &e), 0);
		assert_int_equal(private_to_pem(k, NULL, &private, &e), 0);
		assert_int_equal(pubkey_from_pem(pem.s, pem.len, "key", &p, &e), 0);
		assert_string_equal(pubkey_kind(p), kinds[i]);
		assert_string_equal(pubkey_id(p), pubkey_id(private_pubkey(k)));
		assert_int_equal(private_from_pem(private.s, private.len, "again", NULL, &again, &e), 0);
		assert_string_equal(pubkey_id(private_pubkey(again)), pubkey_id(p));
		assert_int_equal(private_sign(again, data, sizeof(data), &sig, &e), 0);
		flip_all(p, &sig, data, sizeof(data));
		if (last)
			assert_false(pubkey_verify(last, data, sizeof(data), sig.s, sig.len));
		pubkey_free(last);
		last = p;
		private_free(k);
		private_free(again);
	}
	pubkey_free(last);
}

/* Every truncation and every flipped byte of a key is a key or an error. */
static void damaged_keys(void **state)
{
	static const char *const kinds[] = { "ed25519", "ecdsa-p256", "rsa-2048" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		OWN_STR struct str pem = {}, der = {};
		struct private_key *k;
		struct pubkey *p;
		struct err e = {};

		assert_int_equal(private_new(kinds[i], &k, &e), 0);
		assert_int_equal(private_to_public_pem(k, &pem, &e), 0);
		assert_int_equal(pem_decode(pem.s, pem.len, "PUBLIC KEY", &der, &e), 0);
		for (size_t at = 0; at < der.len; at++) {
			OWN_FREE char *exact = xmalloc(at ? at : 1); /* for the sanitizer */

			memcpy(exact, der.s, at);
			assert_int_equal(pubkey_from_der(exact, at, "key", &p, &e), -1);
			for (int bit = 0; bit < 8; bit++) {
				der.s[at] ^= (char)(1 << bit);
				if (pubkey_from_der(der.s, der.len, "key", &p, &e) == 0) {
					assert_false(pubkey_verify(p, "x", 1, der.s, 64));
					pubkey_free(p);
				}
				der.s[at] ^= (char)(1 << bit);
			}
		}
		private_free(k);
	}
}

static int answer(void *ctx, const char *name, char *buf, size_t room, struct err *e)
{
	(void)name;
	(void)e;
	snprintf(buf, room, "%s", (const char *)ctx);
	return (int)strlen(ctx);
}

static void an_encrypted_key_wants_its_passphrase(void **state)
{
	const struct passphrase right = { answer, (char[]){ "correct horse" } }, wrong = { answer, (char[]){ "battery" } };
	OWN_STR struct str pem = {};
	struct private_key *k, *again;
	struct err e = {};

	(void)state;
	assert_int_equal(private_new("ed25519", &k, &e), 0);
	assert_int_equal(private_to_pem(k, "correct horse", &pem, &e), 0);
	assert_non_null(strstr(pem.s, "BEGIN ENCRYPTED PRIVATE KEY"));
	assert_int_equal(private_from_pem(pem.s, pem.len, "key", NULL, &again, &e), -1);
	assert_int_equal(e.kind, ERR_USAGE);
	assert_int_equal(private_from_pem(pem.s, pem.len, "key", &wrong, &again, &e), -1);
	assert_non_null(strstr(e.msg, "passphrase"));
	assert_int_equal(private_from_pem(pem.s, pem.len, "key", &right, &again, &e), 0);
	assert_string_equal(pubkey_id(private_pubkey(again)), pubkey_id(private_pubkey(k)));
	private_free(k);
	private_free(again);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(base64_both_ways),
		cmocka_unit_test(base64_that_is_none),
		cmocka_unit_test(the_bytes_that_dsse_signs),
		cmocka_unit_test(envelopes),
		cmocka_unit_test(an_envelope_of_ours_is_read_back),
		cmocka_unit_test(metadata_both_ways),
		cmocka_unit_test(metadata_that_is_none),
		cmocka_unit_test(clear_signed_messages),
		cmocka_unit_test(what_gnupg_says),
		cmocka_unit_test(every_kind_of_key_signs),
		cmocka_unit_test(damaged_keys),
		cmocka_unit_test(an_encrypted_key_wants_its_passphrase),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
