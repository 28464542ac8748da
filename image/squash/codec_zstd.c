/* zstd. Decoding in one call, from memory to memory, needs no window buffer:
 * the output is the window. A frame that asks for a large window costs nothing. */
#include "image/squash/internal.h"

#include <zstd.h>

static void *zstd_create(void)
{
	return ZSTD_createDCtx();
}

static void zstd_destroy(void *state)
{
	ZSTD_freeDCtx(state);
}

static ssize_t zstd_decode(void *state, const void *in, size_t n, void *out, size_t max)
{
	size_t got = ZSTD_decompressDCtx(state, out, max, in, n);

	return ZSTD_isError(got) ? -1 : (ssize_t)got;
}

const struct sq_codec sq_zstd = { zstd_create, zstd_destroy, zstd_decode };
