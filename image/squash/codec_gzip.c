/* gzip (zlib streams): libdeflate, which is twice as fast as zlib; what it
 * refuses is judged by zlib, the reference. */
#include "image/squash/internal.h"

#include <libdeflate.h>
#include <zlib.h>

static void *gzip_create(void)
{
	return libdeflate_alloc_decompressor();
}

static void gzip_destroy(void *state)
{
	libdeflate_free_decompressor(state);
}

static ssize_t zlib_decode(const void *in, size_t n, void *out, size_t max)
{
	uLongf got = max;

	return uncompress(out, &got, in, n) == Z_OK ? (ssize_t)got : -1;
}

static ssize_t gzip_decode(void *state, const void *in, size_t n, void *out, size_t max)
{
	size_t got;

	switch (libdeflate_zlib_decompress(state, in, n, out, max, &got)) {
	case LIBDEFLATE_SUCCESS:
		return (ssize_t)got;
	case LIBDEFLATE_INSUFFICIENT_SPACE:
		return -1;
	default:
		return zlib_decode(in, n, out, max);
	}
}

const struct sq_codec sq_gzip = { gzip_create, gzip_destroy, gzip_decode };
