/* Bytes of files: full blocks, sparse blocks, and the tail in a fragment. */
#include "image/squash/internal.h"

#include "base/le.h"

#include <limits.h>
#include <sys/stat.h>

/* Tell the source once that a chunk of the image is in use. Images with more
 * chunks than there are bits share them: a hint may be missing, no more. */
void sq_advise(struct squash *fs, uint64_t pos)
{
	uint64_t chunk = pos >> SQ_CHUNK_LOG;
	_Atomic uint64_t *word = &fs->advised[chunk % SQ_CHUNKS / 64];
	uint64_t bit = 1ull << (chunk % 64);

	if (atomic_load_explicit(word, memory_order_relaxed) & bit)
		return;
	if (!(atomic_fetch_or_explicit(word, bit, memory_order_relaxed) & bit))
		source_advise(fs->src, chunk << SQ_CHUNK_LOG, 1u << SQ_CHUNK_LOG);
}

static ssize_t unpack(struct squash *fs, uint64_t pos, uint32_t n, void *out, size_t max, struct err *e)
{
	struct sq_scratch *s = sq_scratch_get(fs, e);
	ssize_t got = -1;

	if (!s)
		return -1;
	if (!s->in)
		s->in = malloc(fs->super.block_size);
	if (!s->in)
		err_sys(e, ENOMEM, "cannot read a block");
	else if (source_read(fs->src, s->in, n, pos, e) == 0)
		got = sq_decode(fs, s, s->in, n, out, max, pos, e);
	sq_scratch_put(fs, s);
	return got;
}

ssize_t sq_block_load(struct squash *fs, uint64_t pos, uint32_t word, void *out, size_t max, struct err *e)
{
	uint32_t n = word & ~SQ_UNCOMPRESSED;

	sq_slow(fs);
	sq_advise(fs, pos);
	sq_seen_set(fs, pos);
	atomic_fetch_add_explicit(&fs->blocks_read, 1, memory_order_relaxed);
	if (!(word & SQ_UNCOMPRESSED))
		return unpack(fs, pos, n, out, max, e);
	if (n > max)
		return err_set(e, ERR_FORMAT, "the block at %llu has more bytes than its file",
			       (unsigned long long)pos);
	return source_read(fs->src, out, n, pos, e) ? -1 : (ssize_t)n;
}

static int wrong_size(uint64_t pos, struct err *e)
{
	return err_set(e, ERR_FORMAT, "the block at %llu has not the size that its file says",
		       (unsigned long long)pos);
}

/* Bytes [from, from+n) of a block whose unpacked size is at least need (exactly
 * need when exact): out of the cache, or of the image when it is not packed. */
static int read_part(struct squash *fs, uint64_t pos, uint32_t word, uint32_t from, uint32_t n, uint32_t need,
		     bool exact, void *out, struct err *e)
{
	struct sq_block *b;
	uint32_t have = word & ~SQ_UNCOMPRESSED;

	if (word & SQ_UNCOMPRESSED) {
		if (exact ? have != need : have < need)
			return wrong_size(pos, e);
		sq_slow(fs);
		sq_advise(fs, pos);
		return source_read(fs->src, out, n, pos + from, e);
	}
	b = sq_cache_get(fs, pos, word, exact ? need : fs->super.block_size, e);
	if (!b)
		return -1;
	have = b->len;
	if (exact ? have == need : have >= need)
		memcpy(out, b->data + from, n);
	sq_cache_put(fs, b, n);
	return (exact ? have == need : have >= need) ? 0 : wrong_size(pos, e);
}

/* A block that is wanted whole: n bytes. */
static int read_whole(struct squash *fs, uint64_t pos, uint32_t word, uint32_t n, void *out, struct err *e)
{
	struct sq_block *b = word & SQ_UNCOMPRESSED ? NULL : sq_cache_peek(fs, pos, word);
	ssize_t got;

	if (!b) {
		got = sq_block_load(fs, pos, word, out, n, e);
		if (got < 0)
			return -1;
		return got == (ssize_t)n ? 0 : wrong_size(pos, e);
	}
	got = b->len;
	if (got == (ssize_t)n)
		memcpy(out, b->data, n);
	sq_cache_put(fs, b, n);
	return got == (ssize_t)n ? 0 : wrong_size(pos, e);
}

static int read_fragment(struct squash *fs, const struct squash_inode *file, uint32_t from, uint32_t n, void *out,
			 struct err *e)
{
	uint8_t p[16];
	uint32_t tail = file->size & (fs->super.block_size - 1), word;
	uint64_t need = (uint64_t)file->fragment_offset + tail;

	if (sq_table_get(fs, &fs->fragments, file->fragment, p, e))
		return err_ctx(e, "fragment %u", file->fragment);
	word = le32(p + 8);
	if (need > fs->super.block_size || (word & ~SQ_UNCOMPRESSED) > fs->super.block_size || word == 0)
		return err_set(e, ERR_FORMAT, "fragment %u has impossible bounds", file->fragment);
	return read_part(fs, le64(p), word, file->fragment_offset + from, n, (uint32_t)need, false, out, e);
}

/* The request's part that lies in full blocks, from block first on. */
static int read_blocks(struct squash *fs, const struct squash_inode *file, uint8_t *out, uint64_t off, size_t len,
		       struct err *e)
{
	uint32_t block_size = fs->super.block_size;
	uint64_t first = off >> fs->super.block_log, last = (off + len - 1) >> fs->super.block_log;
	struct sq_blocks list;

	if (sq_blocks_seek(fs, file, first, last - first + 1, &list, e))
		return -1;
	for (uint64_t i = first; i <= last; i++) {
		uint64_t start = i << fs->super.block_log, pos;
		uint32_t whole = file->size - start < block_size ? (uint32_t)(file->size - start) : block_size;
		uint32_t from = (uint32_t)(off - start), word;
		uint32_t n = whole - from < len ? whole - from : (uint32_t)len;
		int r = 0;

		if (sq_blocks_next(&list, &pos, &word, e))
			return -1;
		if (word == 0)
			memset(out, 0, n); /* sparse */
		else if (n == whole)
			r = read_whole(fs, pos, word, n, out, e);
		else
			r = read_part(fs, pos, word, from, n, whole, true, out, e);
		if (r)
			return -1;
		out += n;
		off += n;
		len -= n;
	}
	return 0;
}

ssize_t squash_read(struct squash *fs, const struct squash_inode *file, void *buf, size_t len, uint64_t off,
		    struct err *e)
{
	uint64_t in_blocks = sq_block_count(fs, file) << fs->super.block_log;
	size_t head;

	if (!S_ISREG(file->mode))
		return err_sys(e, EINVAL, "cannot read what is no file");
	if (off >= file->size || len == 0)
		return 0;
	if (len > file->size - off)
		len = file->size - off;
	if (len > SSIZE_MAX)
		len = SSIZE_MAX;
	head = off >= in_blocks ? 0 : len < in_blocks - off ? len : (size_t)(in_blocks - off);
	if (head && read_blocks(fs, file, buf, off, head, e))
		return -1;
	if (head < len && read_fragment(fs, file, (uint32_t)(off + head - in_blocks), (uint32_t)(len - head),
					(uint8_t *)buf + head, e))
		return -1;
	return (ssize_t)len;
}
