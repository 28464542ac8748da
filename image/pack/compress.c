#include "image/pack/compress.h"

#include "base/mem.h"
#include "base/num.h"

#include <sqfs/super.h>
#include <string.h>

static const struct {
	const char *word;
	int id;
	unsigned level, low, high; /* high 0 = takes no level */
} words[] = {
	{ "zstd", SQFS_COMP_ZSTD, 3, SQFS_ZSTD_MIN_LEVEL, SQFS_ZSTD_MAX_LEVEL },
	{ "gzip", SQFS_COMP_GZIP, SQFS_GZIP_DEFAULT_LEVEL, SQFS_GZIP_MIN_LEVEL, SQFS_GZIP_MAX_LEVEL },
	{ "xz", SQFS_COMP_XZ, SQFS_XZ_DEFAULT_LEVEL, SQFS_XZ_MIN_LEVEL, SQFS_XZ_MAX_LEVEL },
	{ "lz4", SQFS_COMP_LZ4, 0, 0, 0 },
	/* stored blocks need no codec; gzip is the id that every reader knows */
	{ "none", SQFS_COMP_GZIP, 0, 0, 0 },
};

int compress_parse(const char *text, struct compress *ret, struct err *e)
{
	size_t len = strcspn(text, ":");

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		uint32_t level = words[i].level;

		if (strlen(words[i].word) != len || memcmp(words[i].word, text, len) != 0)
			continue;
		if (text[len] && !words[i].high)
			return err_set(e, ERR_USAGE, "compressor '%s' takes no level", words[i].word);
		if (text[len] && num_u32(text + len + 1, &level, e))
			return err_ctx(e, "compressor '%s'", text);
		if (level < words[i].low || (words[i].high && level > words[i].high))
			return err_set(e, ERR_USAGE, "compressor '%s': the level is %u to %u", text, words[i].low,
				       words[i].high);
		*ret = (struct compress){ .id = words[i].id, .level = level, .none = strcmp(words[i].word, "none") == 0 };
		return 0;
	}
	err_set(e, ERR_USAGE, "unknown compressor '%s'", text);
	return err_hint(e, "one of zstd[:LEVEL], gzip[:LEVEL], xz[:LEVEL], lz4, none");
}

int compress_block_size(const char *text, uint32_t *ret, struct err *e)
{
	uint64_t size;

	if (num_size(text, &size, e))
		return -1;
	if (size < SQFS_MIN_BLOCK_SIZE || size > SQFS_MAX_BLOCK_SIZE || (size & (size - 1))) {
		err_set(e, ERR_USAGE, "block size '%s' is not possible", text);
		return err_hint(e, "a power of two from 4K to 1M");
	}
	*ret = (uint32_t)size;
	return 0;
}

/* A compressor around libsquashfs's: a block that does not become smaller is
 * stored. (The lz4 of libsquashfs 1.2 keeps blocks that grew; unsquashfs then
 * refuses the table.) Without an inner one it stores everything. */
struct saving {
	sqfs_compressor_t base; /* first: libsquashfs knows only this */
	sqfs_compressor_t *inner;
};

static struct saving *saving_new(sqfs_compressor_t *inner);

static sqfs_compressor_t *inner_of(const sqfs_compressor_t *c)
{
	return ((const struct saving *)c)->inner;
}

static sqfs_s32 saving_block(sqfs_compressor_t *c, const sqfs_u8 *in, sqfs_u32 size, sqfs_u8 *out, sqfs_u32 outsize)
{
	sqfs_compressor_t *inner = inner_of(c);
	sqfs_s32 n = inner ? inner->do_block(inner, in, size, out, outsize) : 0;

	return n > 0 && (sqfs_u32)n >= size ? 0 : n;
}

static int saving_write_options(sqfs_compressor_t *c, sqfs_file_t *file)
{
	sqfs_compressor_t *inner = inner_of(c);

	return inner ? inner->write_options(inner, file) : 0;
}

static int saving_read_options(sqfs_compressor_t *c, sqfs_file_t *file)
{
	sqfs_compressor_t *inner = inner_of(c);

	return inner ? inner->read_options(inner, file) : 0;
}

static void saving_configuration(const sqfs_compressor_t *c, sqfs_compressor_config_t *cfg)
{
	sqfs_compressor_t *inner = inner_of(c);

	*cfg = (sqfs_compressor_config_t){ .id = SQFS_COMP_GZIP };
	if (inner)
		inner->get_configuration(inner, cfg);
}

static void saving_destroy(sqfs_object_t *obj)
{
	sqfs_destroy(((struct saving *)obj)->inner);
	free(obj);
}

/* Each of libsquashfs's threads takes a copy. */
static sqfs_object_t *saving_copy(const sqfs_object_t *obj)
{
	sqfs_compressor_t *inner = ((const struct saving *)obj)->inner;
	sqfs_compressor_t *copy = inner ? sqfs_copy(inner) : NULL;

	return inner && !copy ? NULL : &saving_new(copy)->base.base;
}

static struct saving *saving_new(sqfs_compressor_t *inner)
{
	struct saving *s = xcalloc(1, sizeof(*s));

	s->inner = inner;
	s->base.base.destroy = saving_destroy;
	s->base.base.copy = saving_copy;
	s->base.get_configuration = saving_configuration;
	s->base.write_options = saving_write_options;
	s->base.read_options = saving_read_options;
	s->base.do_block = saving_block;
	return s;
}

int compress_new(const struct compress *c, uint32_t block_size, bool unpack, sqfs_compressor_t **ret, struct err *e)
{
	sqfs_compressor_config_t cfg;
	sqfs_compressor_t *inner;

	if (c->none) {
		*ret = &saving_new(NULL)->base;
		return 0;
	}
	if (sqfs_compressor_config_init(&cfg, (SQFS_COMPRESSOR)c->id, block_size, unpack ? SQFS_COMP_FLAG_UNCOMPRESS : 0))
		return err_set(e, ERR_BUG, "libsquashfs refuses a block size of %u", block_size);
	if (c->level)
		cfg.level = c->level;
	if (sqfs_compressor_create(&cfg, &inner)) {
		err_set(e, ERR_ENVIRONMENT, "this libsquashfs was built without %s",
			sqfs_compressor_name_from_id((SQFS_COMPRESSOR)c->id));
		return err_hint(e, "choose another one by --compress");
	}
	*ret = unpack ? inner : &saving_new(inner)->base;
	return 0;
}
