#include "image/squash/layout.h"

#include "base/le.h"
#include "image/squash/internal.h"

#define SUPER_LEN 96
#define FLAG_OPTIONS 0x400u
#define META_PLAIN 0x8000u

uint64_t squash_block_count(const struct squash *fs, const struct squash_inode *file)
{
	return sq_block_count(fs, file);
}

int squash_block_words(struct squash *fs, const struct squash_inode *file, uint32_t *words, struct err *e)
{
	uint64_t n = sq_block_count(fs, file), pos;
	struct sq_blocks list;

	if (n == 0)
		return 0;
	if (sq_blocks_seek(fs, file, 0, n, &list, e))
		return -1;
	for (uint64_t i = 0; i < n; i++)
		if (sq_blocks_next(&list, &pos, &words[i], e))
			return -1;
	return 0;
}

uint32_t squash_tail_bytes(const struct squash *fs, const struct squash_inode *file)
{
	return file->fragment == SQ_FRAGMENT_NONE ? 0 : file->size & (fs->super.block_size - 1);
}

int squash_fragment_place(struct squash *fs, uint32_t index, uint64_t *ret_pos, uint32_t *ret_word, struct err *e)
{
	uint8_t p[16];
	uint32_t n;

	if (sq_table_get(fs, &fs->fragments, index, p, e))
		return err_ctx(e, "fragment %u", index);
	*ret_pos = le64(p);
	*ret_word = le32(p + 8);
	n = squash_stored_bytes(*ret_word);
	if (n == 0 || n > fs->super.block_size)
		return err_set(e, ERR_FORMAT, "fragment %u has impossible bounds", index);
	return 0;
}

int squash_stored_read(struct squash *fs, uint64_t pos, void *buf, size_t len, struct err *e)
{
	sq_advise(fs, pos);
	return source_read(fs->src, buf, len, pos, e);
}

/* The options of gzip and zstd begin with the level; others have none. */
unsigned squash_pack_level(struct squash *fs)
{
	uint8_t p[6];
	struct err e;

	if (!(fs->super.flags & FLAG_OPTIONS) ||
	    (fs->super.compressor != SQUASH_GZIP && fs->super.compressor != SQUASH_ZSTD) ||
	    source_read(fs->src, p, sizeof(p), SUPER_LEN, &e) || le16(p) < (META_PLAIN | 4))
		return 0;
	return le32(p + 2);
}
