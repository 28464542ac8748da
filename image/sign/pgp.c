#include "image/sign/pgp.h"

#include "base/mem.h"
#include "base/str.h"
#include "image/digest/digest.h"

#include <string.h>

#define PREFIX "[GNUPG:] "

const char *verdict_word(enum verdict v)
{
	static const char *const words[] = { "good", "expired-key", "revoked-key", "expired", "unknown", "invalid" };

	return words[v];
}

/* What the lines told, by how often. */
struct seen {
	unsigned signatures, good, valid, bad, expired_key, revoked_key, expired, no_key, other;
};

static void copy_text(char *to, size_t room, const char *from)
{
	size_t n = from ? strnlen(from, room - 1) : 0;

	memcpy(to, from ? from : "", n);
	to[n] = '\0';
}

/* "KEYID User Name <mail>": the name is the rest of the line. */
static void take_signer(const char *line, struct pgp_result *ret)
{
	const char *space = strchr(line, ' ');

	if (space)
		copy_text(ret->name, sizeof(ret->name), space + 1);
}

static void take_fingerprint(const char *hex, struct pgp_result *ret)
{
	copy_text(ret->key, sizeof(ret->key), hex);
	ret->has_fingerprint = digest_unhex(hex, strlen(hex), ret->fingerprint, PGP_FINGERPRINT) == 0;
}

static bool is_one_of(const char *word, const char *const list[])
{
	while (*list && strcmp(*list, word) != 0)
		list++;
	return *list;
}

/* FPR DATE TIME EXPIRES VERSION RESERVED KEYALG HASH CLASS [PRIMARY]. Numbers of
 * hashes are OpenPGP's: 8 to 11 are SHA-2; classes 00 and 01 sign bytes and text. */
static bool take_valid(const char *line, struct pgp_result *ret)
{
	static const char *const hashes[] = { "8", "9", "10", "11", NULL }, *const classes[] = { "00", "01", NULL };
	OWN_STRV struct strv words = {};

	strv_split(&words, line, " ");
	if (words.n < 9)
		return false;
	take_fingerprint(words.v[words.n > 9 ? 9 : 0], ret);
	return is_one_of(words.v[7], hashes) && is_one_of(words.v[8], classes);
}

/* KEYID KEYALG HASH CLASS TIME RC FPR; RC 9 = no such key. */
static void take_failure(const char *line, struct seen *s, struct pgp_result *ret)
{
	OWN_STRV struct strv words = {};

	strv_split(&words, line, " ");
	if (words.n < 6 || strcmp(words.v[5], "9") != 0) {
		s->other++;
		return;
	}
	s->no_key++;
	take_fingerprint(words.n > 6 && strcmp(words.v[6], "-") != 0 ? words.v[6] : words.v[0], ret);
}

static void take_line(const char *line, struct seen *s, struct pgp_result *ret)
{
	size_t n = strcspn(line, " ");
	const char *rest = line[n] ? line + n + 1 : "";
	OWN_FREE char *word = xstrndup(line, n);
	unsigned *count = NULL;

	if (strcmp(word, "GOODSIG") == 0)
		count = &s->good;
	else if (strcmp(word, "EXPKEYSIG") == 0)
		count = &s->expired_key;
	else if (strcmp(word, "REVKEYSIG") == 0)
		count = &s->revoked_key;
	else if (strcmp(word, "EXPSIG") == 0)
		count = &s->expired;
	else if (strcmp(word, "BADSIG") == 0)
		count = &s->bad;
	if (count) {
		(*count)++;
		take_signer(rest, ret);
	} else if (strcmp(word, "NEWSIG") == 0) {
		s->signatures++;
	} else if (strcmp(word, "VALIDSIG") == 0) {
		if (take_valid(rest, ret))
			s->valid++;
		else
			s->other++;
	} else if (strcmp(word, "ERRSIG") == 0) {
		take_failure(rest, s, ret);
	} else if (strcmp(word, "FAILURE") == 0 || strcmp(word, "UNEXPECTED") == 0) {
		s->other++;
	} else if (strcmp(word, "NODATA") == 0 && !s->no_key) {
		s->other++;
	}
}

/* One signature, one judgement, and for the good ones the proof beside it. */
static enum verdict judge(const struct seen *s)
{
	unsigned judged = s->good + s->expired_key + s->revoked_key + s->expired;

	if (s->signatures != 1 || s->bad || s->other || judged + s->no_key != 1)
		return VERDICT_INVALID;
	if (s->no_key)
		return s->valid ? VERDICT_INVALID : VERDICT_UNKNOWN;
	if (s->valid != 1)
		return VERDICT_INVALID;
	return s->revoked_key ? VERDICT_REVOKED_KEY :
	       s->expired_key ? VERDICT_EXPIRED_KEY :
	       s->expired     ? VERDICT_EXPIRED :
				VERDICT_GOOD;
}

void pgp_parse_status(const char *text, size_t len, struct pgp_result *ret)
{
	OWN_FREE char *copy = xstrndup(text, len);
	struct seen s = {};
	char *line = copy, *stop;

	*ret = (struct pgp_result){ .verdict = VERDICT_INVALID };
	for (; line; line = stop ? stop + 1 : NULL) {
		stop = strchr(line, '\n');
		if (stop)
			*stop = '\0';
		if (str_starts(line, PREFIX))
			take_line(line + strlen(PREFIX), &s, ret);
	}
	ret->verdict = judge(&s);
}
