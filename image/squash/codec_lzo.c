/* lzo: keeps no state. Only in builds that were configured --with-lzo. */
#include "image/squash/internal.h"

#ifdef WITH_LZO
#include <lzo/lzo1x.h>

static void *lzo_create(void)
{
	return lzo_init() == LZO_E_OK ? malloc(1) : NULL;
}

static ssize_t lzo_decode(void *state, const void *in, size_t n, void *out, size_t max)
{
	lzo_uint got = max;

	(void)state;
	return lzo1x_decompress_safe(in, n, out, &got, NULL) == LZO_E_OK ? (ssize_t)got : -1;
}

const struct sq_codec sq_lzo = { lzo_create, free, lzo_decode };
#endif
