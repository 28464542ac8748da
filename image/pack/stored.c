#include "image/pack/stored.h"

#include "base/mem.h"
#include "image/pack/mkfs_private.h"

#include <string.h>

#define PLAIN (1u << 24) /* in a size word */

int stored_write(struct mkfs *m, const void *data, size_t len, uint64_t *ret, struct err *e)
{
	int rc;

	*ret = m->file.size;
	rc = len ? m->file.file.write_at(&m->file.file, m->file.size, data, len) : 0;
	return rc ? mkfs_fail(m, rc, "writing contents", e) : 0;
}

int stored_pack(struct mkfs *m, const void *data, size_t n, bool plain, uint64_t *ret_pos, uint32_t *ret_word,
		struct err *e)
{
	OWN_FREE uint8_t *out = xmalloc(m->opt.block_size);
	sqfs_s32 got = plain ? 0 : m->pack->do_block(m->pack, data, (sqfs_u32)n, out, m->opt.block_size);

	if (got < 0)
		return mkfs_fail(m, got, "packing contents", e);
	*ret_word = got ? (uint32_t)got : (uint32_t)n | PLAIN;
	return stored_write(m, got ? out : data, got ? (size_t)got : n, ret_pos, e);
}

int stored_fragment_new(struct mkfs *m, uint32_t *ret, struct err *e)
{
	int rc = sqfs_frag_table_append(m->fragments, 0, 0, ret);

	return rc ? mkfs_fail(m, rc, "recording fragments", e) : 0;
}

int stored_fragment_set(struct mkfs *m, uint32_t index, uint64_t pos, uint32_t word, struct err *e)
{
	int rc = sqfs_frag_table_set(m->fragments, index, pos, word);

	return rc ? mkfs_fail(m, rc, "recording fragments", e) : 0;
}

int stored_file_set(struct tree_inode *i, const struct stored_file *f, const uint32_t *words, struct err *e)
{
	size_t bytes;

	if (f->n > MKFS_FILE_BLOCKS)
		return err_set(e, ERR_FORMAT, "a file of %llu blocks", (unsigned long long)f->n);
	bytes = (size_t)f->n * sizeof(*words);
	i->file = xcalloc(1, sizeof(*i->file) + bytes);
	i->file->base.type = SQFS_INODE_EXT_FILE;
	i->file->data.file_ext = (sqfs_inode_file_ext_t){
		.blocks_start = f->start,
		.file_size = f->size,
		.sparse = f->sparse,
		.nlink = 1,
		.fragment_idx = f->fragment,
		.fragment_offset = f->fragment == STORED_NO_FRAGMENT ? STORED_NO_FRAGMENT : f->fragment_offset,
		.xattr_idx = TREE_NO_XATTR,
	};
	i->file->payload_bytes_available = i->file->payload_bytes_used = (sqfs_u32)bytes;
	if (bytes)
		memcpy(i->file->extra, words, bytes);
	return 0;
}
