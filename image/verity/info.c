/* sif.verity.json. One form only: a reader that accepts many forms has many
 * ways to be told two things at once. So the text is written again from what
 * was read, and must be the same. */
#include "image/verity/verity.h"

#include <inttypes.h>
#include <string.h>

void verity_info_text(const struct verity_info *info, struct str *out)
{
	char hex[2 * DIGEST_SHA256 + 1];

	digest_hex(info->root, DIGEST_SHA256, hex);
	str_addf(out, "{\"version\":1,\"algorithm\":\"sha256\",\"blockSize\":%u,\"salt\":\"\",\"root\":\"%s\"", VERITY_BLOCK,
		 hex);
	str_addf(out, ",\"partition\":{\"relativeId\":%" PRIu32 ",\"size\":%" PRIu64, info->partition, info->size);
	if (info->has_digest) {
		digest_hex(info->digest, DIGEST_SHA256, hex);
		str_addf(out, ",\"digest\":\"sha256:%s\"", hex);
	}
	str_addf(out, "},\"tree\":{\"relativeId\":%" PRIu32 ",\"size\":%" PRIu64 "}}", info->tree, info->tree_size);
}

/* The text from *p on must begin with word. */
static bool skip(const char **p, const char *word)
{
	size_t n = strlen(word);

	if (strncmp(*p, word, n) != 0)
		return false;
	*p += n;
	return true;
}

static bool take_digest(const char **p, uint8_t ret[DIGEST_SHA256])
{
	size_t n = strspn(*p, "0123456789abcdef");

	if (digest_unhex(*p, n, ret, DIGEST_SHA256))
		return false;
	*p += n;
	return true;
}

static bool take_number(const char **p, uint64_t max, uint64_t *ret)
{
	uint64_t n = 0;
	const char *s = *p;

	for (; *s >= '0' && *s <= '9'; s++)
		if (__builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, (uint64_t)(*s - '0'), &n))
			return false;
	if (s == *p || n > max)
		return false;
	*p = s;
	*ret = n;
	return true;
}

static bool parse(const char *p, struct verity_info *ret)
{
	uint64_t partition = 0, tree = 0;

	if (!skip(&p, "{\"version\":1,\"algorithm\":\"sha256\",\"blockSize\":4096,\"salt\":\"\",\"root\":\"") ||
	    !take_digest(&p, ret->root) || !skip(&p, "\",\"partition\":{\"relativeId\":") ||
	    !take_number(&p, UINT32_MAX, &partition) || !skip(&p, ",\"size\":") ||
	    !take_number(&p, INT64_MAX, &ret->size))
		return false;
	ret->has_digest = skip(&p, ",\"digest\":\"sha256:");
	if (ret->has_digest && (!take_digest(&p, ret->digest) || !skip(&p, "\"")))
		return false;
	if (!skip(&p, "},\"tree\":{\"relativeId\":") || !take_number(&p, UINT32_MAX, &tree) ||
	    !skip(&p, ",\"size\":") || !take_number(&p, INT64_MAX, &ret->tree_size))
		return false;
	ret->partition = (uint32_t)partition;
	ret->tree = (uint32_t)tree;
	return true;
}

int verity_info_parse(const char *text, size_t len, struct verity_info *ret, struct err *e)
{
	OWN_STR struct str copy = {}, again = {};

	*ret = (struct verity_info){};
	if (len <= VERITY_JSON_MAX) {
		str_addn(&copy, text, len);
		if (parse(str_text(&copy), ret))
			verity_info_text(ret, &again);
	}
	if (!again.len || again.len != len || memcmp(again.s, text, len) != 0)
		return err_set(e, ERR_FORMAT, "'" VERITY_JSON_NAME "' is not of the form that this version knows");
	return 0;
}
