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

/* The compressor that compresses nothing: 0 from do_block means "store it". */
static sqfs_s32 none_block(sqfs_compressor_t *c, const sqfs_u8 *in, sqfs_u32 size, sqfs_u8 *out, sqfs_u32 outsize)
{
	(void)c;
	(void)in;
	(void)size;
	(void)out;
	(void)outsize;
	return 0;
}

static int none_options(sqfs_compressor_t *c, sqfs_file_t *file)
{
	(void)c;
	(void)file;
	return 0;
}

static void none_configuration(const sqfs_compressor_t *c, sqfs_compressor_config_t *cfg)
{
	(void)c;
	*cfg = (sqfs_compressor_config_t){ .id = SQFS_COMP_GZIP };
}

static void none_destroy(sqfs_object_t *obj)
{
	free(obj);
}

static sqfs_object_t *none_copy(const sqfs_object_t *obj)
{
	sqfs_compressor_t *c = xmalloc(sizeof(*c));

	*c = *(const sqfs_compressor_t *)obj;
	return &c->base;
}

static sqfs_compressor_t *none_new(void)
{
	sqfs_compressor_t *c = xcalloc(1, sizeof(*c));

	c->base.destroy = none_destroy;
	c->base.copy = none_copy;
	c->get_configuration = none_configuration;
	c->write_options = none_options;
	c->read_options = none_options;
	c->do_block = none_block;
	return c;
}

int compress_new(const struct compress *c, uint32_t block_size, bool unpack, sqfs_compressor_t **ret, struct err *e)
{
	sqfs_compressor_config_t cfg;

	if (c->none) {
		*ret = none_new();
		return 0;
	}
	if (sqfs_compressor_config_init(&cfg, (SQFS_COMPRESSOR)c->id, block_size, unpack ? SQFS_COMP_FLAG_UNCOMPRESS : 0))
		return err_set(e, ERR_BUG, "libsquashfs refuses a block size of %u", block_size);
	if (c->level)
		cfg.level = c->level;
	if (sqfs_compressor_create(&cfg, ret)) {
		err_set(e, ERR_ENVIRONMENT, "this libsquashfs was built without %s",
			sqfs_compressor_name_from_id((SQFS_COMPRESSOR)c->id));
		return err_hint(e, "choose another one by --compress");
	}
	return 0;
}
