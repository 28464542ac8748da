#include "image/digest/digest.h"

#include <nettle/nettle-meta.h>
#include <string.h>

/* Nettle's tables are variables of a shared library, no constants of ours. */
const struct digest_alg digest_algs[] = {
	{ "sha224", 28, &nettle_sha224 },
	{ "sha256", 32, &nettle_sha256 },
	{ "sha384", 48, &nettle_sha384 },
	{ "sha512", 64, &nettle_sha512 },
	{ "sha512_224", 28, &nettle_sha512_224 },
	{ "sha512_256", 32, &nettle_sha512_256 },
	{ NULL, 0, NULL },
};

const struct digest_alg *digest_find(const char *name, size_t len)
{
	for (const struct digest_alg *a = digest_algs; a->name; a++)
		if (strlen(a->name) == len && memcmp(a->name, name, len) == 0)
			return a;
	return NULL;
}

void digest_init(struct digest *d, const struct digest_alg *alg)
{
	const struct nettle_hash *h = alg->nettle;

	d->alg = alg;
	h->init(&d->ctx);
}

void digest_add(struct digest *d, const void *data, size_t len)
{
	const struct nettle_hash *h = d->alg->nettle;

	h->update(&d->ctx, len, data);
}

void digest_end(struct digest *d, uint8_t *ret)
{
	const struct nettle_hash *h = d->alg->nettle;

	h->digest(&d->ctx, d->alg->len, ret);
}

void digest_sha256(const void *data, size_t len, uint8_t ret[DIGEST_SHA256])
{
	struct sha256_ctx c;

	sha256_init(&c);
	sha256_update(&c, len, data);
	sha256_digest(&c, DIGEST_SHA256, ret);
}

void digest_hex(const uint8_t *bytes, size_t len, char *ret)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++) {
		*ret++ = digits[bytes[i] >> 4];
		*ret++ = digits[bytes[i] & 15];
	}
	*ret = '\0';
}

static int nibble(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int digest_unhex(const char *text, size_t text_len, uint8_t *ret, size_t len)
{
	if (text_len != 2 * len)
		return -1;
	for (size_t i = 0; i < len; i++) {
		int high = nibble(text[2 * i]), low = nibble(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return -1;
		ret[i] = (uint8_t)(high << 4 | low);
	}
	return 0;
}
