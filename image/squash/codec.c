/* Which decoder an image needs, and the pool of decoders in use.
 *
 * A decoder's state must not be shared by two calls at once and is dear to make
 * (zstd: 150 KiB). States are lent for the time of one call; what comes back
 * last is lent first, since it is still in the CPU's cache. */
#include "image/squash/internal.h"

static const struct sq_codec *const codecs[] = {
	[SQUASH_GZIP] = &sq_gzip, [SQUASH_XZ] = &sq_xz,	    [SQUASH_ZSTD] = &sq_zstd,
	[SQUASH_LZ4] = &sq_lz4,
#ifdef WITH_LZO
	[SQUASH_LZO] = &sq_lzo,
#endif
};

int sq_codec_choose(struct squash *fs, struct err *e)
{
	unsigned c = fs->super.compressor;

	fs->codec = c < ARRAY_SIZE(codecs) ? codecs[c] : NULL;
	if (fs->codec)
		return 0;
	err_set(e, ERR_FORMAT, "'%s' compression is not supported", squash_compressor_name(c));
	if (c == SQUASH_LZO)
		return err_hint(e, "build sif --with-lzo, or pack the image again with zstd");
	return err_hint(e, "pack the image again with zstd");
}

static void scratch_free(struct squash *fs, struct sq_scratch *s)
{
	if (s->state)
		fs->codec->destroy(s->state);
	free(s->in);
	free(s);
}

struct sq_scratch *sq_scratch_get(struct squash *fs, struct err *e)
{
	struct sq_scratch *s;

	pthread_mutex_lock(&fs->pool_lock);
	s = fs->pool;
	if (s)
		fs->pool = s->next;
	pthread_mutex_unlock(&fs->pool_lock);
	if (s)
		return s;
	s = calloc(1, sizeof(*s));
	if (s)
		s->state = fs->codec->create();
	if (!s || !s->state) {
		free(s);
		err_sys(e, ENOMEM, "cannot make a decoder");
		return NULL;
	}
	return s;
}

void sq_scratch_put(struct squash *fs, struct sq_scratch *s)
{
	pthread_mutex_lock(&fs->pool_lock);
	s->next = fs->pool;
	fs->pool = s;
	pthread_mutex_unlock(&fs->pool_lock);
}

void sq_scratch_free_all(struct squash *fs)
{
	while (fs->pool) {
		struct sq_scratch *s = fs->pool;

		fs->pool = s->next;
		scratch_free(fs, s);
	}
}

ssize_t sq_decode(struct squash *fs, struct sq_scratch *s, const void *in, size_t n, void *out, size_t max,
		  uint64_t pos, struct err *e)
{
	ssize_t got = fs->codec->decode(s->state, in, n, out, max);

	if (got < 0)
		return err_set(e, ERR_FORMAT, "the block at %llu is damaged (%s)", (unsigned long long)pos,
			       squash_compressor_name(fs->super.compressor));
	return got;
}
