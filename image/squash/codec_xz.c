/* xz, with whatever BCJ filters liblzma knows. The stream keeps its memory from
 * block to block. */
#include "image/squash/internal.h"

#include <lzma.h>

/* mksquashfs never uses a dictionary larger than a block (1 MiB). */
#define MEMORY_LIMIT (16u << 20)

static void *xz_create(void)
{
	lzma_stream *s = malloc(sizeof(*s));

	if (s)
		*s = (lzma_stream)LZMA_STREAM_INIT;
	return s;
}

static void xz_destroy(void *state)
{
	lzma_end(state);
	free(state);
}

static ssize_t xz_decode(void *state, const void *in, size_t n, void *out, size_t max)
{
	lzma_stream *s = state;

	if (lzma_stream_decoder(s, MEMORY_LIMIT, 0) != LZMA_OK)
		return -1;
	s->next_in = in;
	s->avail_in = n;
	s->next_out = out;
	s->avail_out = max;
	if (lzma_code(s, LZMA_FINISH) != LZMA_STREAM_END)
		return -1;
	return (ssize_t)(max - s->avail_out);
}

const struct sq_codec sq_xz = { xz_create, xz_destroy, xz_decode };
