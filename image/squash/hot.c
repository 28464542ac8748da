#include "image/squash/hot.h"

#include "base/le.h"
#include "base/mem.h"
#include "image/squash/internal.h"

#include <string.h>

#define HOT_MAGIC "sif-hot\n"
#define HOT_VERSION 1u
#define HEAD_LEN 40u
#define BLOCK_LEN 12u

void squash_hot_free(struct squash_hot *hot)
{
	own_free_(&hot->blocks);
	hot->n = 0;
}

/* The blocks behind the head: each inside the range, and no byte twice. */
static int take_blocks(const uint8_t *p, const struct squash_super *super, struct squash_hot *hot, struct err *e)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < hot->n; i++, p += BLOCK_LEN) {
		struct squash_hot_block b = { .pos = le64(p), .word = le32(p + 8) };
		uint32_t n = b.word & ~SQ_UNCOMPRESSED;

		sum += n;
		if (n == 0 || n > super->block_size || b.pos < hot->start || b.pos - hot->start > hot->size ||
		    n > hot->size - (b.pos - hot->start) || sum > hot->size)
			return err_set(e, ERR_FORMAT, "entry %u of the hot list is impossible", i);
		hot->blocks[i] = b;
	}
	return 0;
}

int squash_hot_parse(const void *data, size_t len, const struct squash_super *super, struct squash_hot *ret,
		     struct err *e)
{
	const uint8_t *p = data;
	OWN_SQUASH_HOT struct squash_hot hot = {};

	if (len < HEAD_LEN || memcmp(p, HOT_MAGIC, 8) != 0)
		return err_set(e, ERR_FORMAT, "not a hot list");
	if (le32(p + 8) != HOT_VERSION || le64(p + 16) != super->bytes_used)
		return 0;
	hot.n = le32(p + 12);
	hot.start = le64(p + 24);
	hot.size = le64(p + 32);
	if (hot.n > SQUASH_HOT_MAX || len != HEAD_LEN + (size_t)hot.n * BLOCK_LEN)
		return err_set(e, ERR_FORMAT, "the hot list has %zu bytes, which is not its length", len);
	if (hot.start > super->bytes_used || hot.size > super->bytes_used - hot.start)
		return err_set(e, ERR_FORMAT, "the hot list's range lies outside of the file system");
	hot.blocks = calloc(hot.n ? hot.n : 1, sizeof(*hot.blocks));
	if (!hot.blocks)
		return err_sys(e, ENOMEM, "cannot read the hot list");
	if (take_blocks(p + HEAD_LEN, super, &hot, e))
		return -1;
	*ret = hot;
	hot.blocks = NULL;
	return 1;
}

void squash_hot_format(const struct squash_hot *hot, uint64_t fs_bytes, struct str *out)
{
	uint8_t head[HEAD_LEN] = HOT_MAGIC, block[BLOCK_LEN];

	put_le32(head + 8, HOT_VERSION);
	put_le32(head + 12, hot->n);
	put_le64(head + 16, fs_bytes);
	put_le64(head + 24, hot->start);
	put_le64(head + 32, hot->size);
	str_addn(out, (const char *)head, sizeof(head));
	for (uint32_t i = 0; i < hot->n; i++) {
		put_le64(block, hot->blocks[i].pos);
		put_le32(block + 8, hot->blocks[i].word);
		str_addn(out, (const char *)block, sizeof(block));
	}
}
