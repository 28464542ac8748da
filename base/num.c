#include "base/num.h"

#include <string.h>
#include <strings.h>

/* Decimal digits up to *end; -1 when there is none or it overflows. */
static int digits(const char *s, const char **end, uint64_t *ret)
{
	uint64_t v = 0;
	const char *p = s;

	for (; *p >= '0' && *p <= '9'; p++)
		if (__builtin_mul_overflow(v, 10u, &v) || __builtin_add_overflow(v, (uint64_t)(*p - '0'), &v))
			return -1;
	*end = p;
	*ret = v;
	return p == s ? -1 : 0;
}

int num_u64(const char *s, uint64_t *ret, struct err *e)
{
	const char *end;
	uint64_t v;

	if (digits(s, &end, &v) || *end)
		return err_set(e, ERR_USAGE, "'%s' is not a whole number", s);
	*ret = v;
	return 0;
}

int num_u32(const char *s, uint32_t *ret, struct err *e)
{
	uint64_t v;

	if (num_u64(s, &v, e))
		return -1;
	if (v > UINT32_MAX)
		return err_set(e, ERR_USAGE, "'%s' is too large", s);
	*ret = (uint32_t)v;
	return 0;
}

int num_size(const char *s, uint64_t *ret, struct err *e)
{
	static const char units[] = "KMGT";
	const char *end, *u;
	uint64_t v;

	if (digits(s, &end, &v))
		return err_set(e, ERR_USAGE, "'%s' is not a size", s);
	if (*end) {
		u = strchr(units, *end & ~0x20);
		if (!u || !*u || end[1])
			return err_set(e, ERR_USAGE, "'%s' is not a size (use K, M, G or T)", s);
		if (__builtin_mul_overflow(v, (uint64_t)1 << (10 * (u - units + 1)), &v))
			return err_set(e, ERR_USAGE, "'%s' is too large", s);
	}
	*ret = v;
	return 0;
}

int num_bool(const char *s, int *ret, struct err *e)
{
	static const char *const words[2][4] = { { "no", "false", "off", "0" }, { "yes", "true", "on", "1" } };

	for (int v = 0; v < 2; v++)
		for (int i = 0; i < 4; i++)
			if (strcasecmp(s, words[v][i]) == 0) {
				*ret = v;
				return 0;
			}
	return err_set(e, ERR_USAGE, "'%s' is neither yes nor no", s);
}
