#include "image/sign/base64.h"

#include <string.h>

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_add(struct str *out, const void *data, size_t len, bool pad)
{
	const uint8_t *p = data;

	for (size_t i = 0; i < len; i += 3) {
		size_t n = len - i < 3 ? len - i : 3;
		uint32_t v = (uint32_t)p[i] << 16 | (n > 1 ? (uint32_t)p[i + 1] << 8 : 0) | (n > 2 ? p[i + 2] : 0);

		for (size_t k = 0; k < 4; k++)
			if (k <= n)
				str_addc(out, digits[v >> (18 - 6 * k) & 63]);
			else if (pad)
				str_addc(out, '=');
	}
}

static int value_of(char c)
{
	const char *at;

	if (c == '-')
		return 62;
	if (c == '_')
		return 63;
	at = c ? strchr(digits, c) : NULL;
	return at ? (int)(at - digits) : -1;
}

int base64_decode(const char *text, size_t len, struct str *out)
{
	uint32_t v = 0;
	unsigned have = 0, padding = 0; /* digits of a group of four */

	for (size_t i = 0; i < len; i++) {
		int digit;

		if (text[i] == '\n' || text[i] == '\r' || text[i] == ' ')
			continue;
		if (text[i] == '=') {
			padding++;
			continue;
		}
		digit = value_of(text[i]);
		if (digit < 0 || padding)
			return -1;
		v = v << 6 | (uint32_t)digit;
		if (++have < 4)
			continue;
		str_addc(out, (char)(v >> 16));
		str_addc(out, (char)(v >> 8));
		str_addc(out, (char)v);
		v = have = 0;
	}
	if (have == 1 || (padding && have + padding != 4))
		return -1;
	if (have == 2 && (v & 15) == 0)
		str_addc(out, (char)(v >> 4));
	else if (have == 3 && (v & 3) == 0) {
		str_addc(out, (char)(v >> 10));
		str_addc(out, (char)(v >> 2));
	} else if (have) {
		return -1; /* two texts for the same bytes */
	}
	return 0;
}
