/* lz4: keeps no state. */
#include "image/squash/internal.h"

#include <lz4.h>

static void *lz4_create(void)
{
	return malloc(1); /* not NULL: nothing failed */
}

static ssize_t lz4_decode(void *state, const void *in, size_t n, void *out, size_t max)
{
	int got = LZ4_decompress_safe(in, out, (int)n, (int)max);

	(void)state;
	return got < 0 ? -1 : got;
}

const struct sq_codec sq_lz4 = { lz4_create, free, lz4_decode };
