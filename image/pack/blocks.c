/* Duplicates. libsquashfs's own writer compares each file with every block
 * before it, which is quadratic; here a file is one run of stored blocks, known
 * by a hash over the blocks' sizes and checksums, and looked up in a table. The
 * blocks are written first, as nobody knows a file's end before it comes; when
 * an equal run is found, its bytes are compared, for 32-bit checksums prove
 * nothing, and the file position goes back to where the run began. */
#include "image/pack/blocks.h"

#include "base/mem.h"

#include <sqfs/block.h>
#include <sqfs/error.h>
#include <string.h>

#define COMPARE_STEP (64u << 10)

struct run {
	uint64_t hash, offset, size; /* size 0 = an empty slot */
};

struct blocks {
	sqfs_block_writer_t writer; /* first: libsquashfs knows only this */
	struct range_file *file;
	struct run *runs;
	size_t used, slots;
	uint64_t run_start, run_hash;
	uint64_t count, checksum, duplicate;
	uint8_t buf[2][COMPARE_STEP];
};

static uint64_t mix(uint64_t h, uint64_t v)
{
	h = (h ^ v) * 0x9e3779b97f4a7c15ull;
	return h ^ h >> 29;
}

static struct run *slot_of(struct run *runs, size_t slots, uint64_t hash)
{
	size_t i = hash & (slots - 1);

	while (runs[i].size && runs[i].hash != hash)
		i = (i + 1) & (slots - 1);
	return &runs[i];
}

static void grow(struct blocks *b)
{
	size_t slots = b->slots * 2;
	struct run *runs = xcalloc(slots, sizeof(*runs));

	for (size_t i = 0; i < b->slots; i++)
		if (b->runs[i].size)
			*slot_of(runs, slots, b->runs[i].hash) = b->runs[i];
	free(b->runs);
	b->runs = runs;
	b->slots = slots;
}

/* 1 = the same bytes, 0 = others. */
static int same_bytes(struct blocks *b, uint64_t one, uint64_t two, uint64_t size)
{
	sqfs_file_t *f = &b->file->file;

	while (size) {
		size_t n = size < COMPARE_STEP ? (size_t)size : COMPARE_STEP;
		int rc = f->read_at(f, one, b->buf[0], n);

		if (!rc)
			rc = f->read_at(f, two, b->buf[1], n);
		if (rc)
			return rc;
		if (memcmp(b->buf[0], b->buf[1], n) != 0)
			return 0;
		one += n;
		two += n;
		size -= n;
	}
	return 1;
}

/* The run that ends here is complete: where do its bytes lie? */
static int finish_run(struct blocks *b, sqfs_u64 *location)
{
	uint64_t size = b->file->size - b->run_start;
	struct run *r;
	int same;

	*location = size ? b->run_start : 0;
	if (!size)
		return 0;
	r = slot_of(b->runs, b->slots, b->run_hash);
	if (r->size == size) {
		same = same_bytes(b, r->offset, b->run_start, size);
		if (same < 0)
			return same;
		if (same) {
			*location = r->offset;
			b->duplicate += size;
			return b->file->file.truncate(&b->file->file, b->run_start);
		}
	}
	if (!r->size) {
		*r = (struct run){ .hash = b->run_hash, .offset = b->run_start, .size = size };
		if (++b->used * 2 > b->slots)
			grow(b);
	}
	return 0;
}

static int write_block(sqfs_block_writer_t *w, void *user, sqfs_u32 size, sqfs_u32 checksum, sqfs_u32 flags,
		       const sqfs_u8 *data, sqfs_u64 *location)
{
	struct blocks *b = (struct blocks *)w;
	bool stored = size && !(flags & SQFS_BLK_IS_SPARSE);
	int rc;

	(void)user;
	if (flags & SQFS_BLK_FIRST_BLOCK) {
		b->run_start = b->file->size;
		b->run_hash = 0;
	}
	*location = b->file->size;
	b->checksum = mix(mix(b->checksum, checksum), (uint64_t)flags << 32 | size);
	if (stored) {
		rc = b->file->file.write_at(&b->file->file, b->file->size, data, size);
		if (rc)
			return rc;
		b->run_hash = mix(mix(b->run_hash, checksum), (uint64_t)(flags & SQFS_BLK_IS_COMPRESSED) << 32 | size);
		b->count++;
	}
	return flags & SQFS_BLK_LAST_BLOCK ? finish_run(b, location) : 0;
}

static sqfs_u64 block_count(const sqfs_block_writer_t *w)
{
	return ((const struct blocks *)w)->count;
}

static void destroy(sqfs_object_t *obj)
{
	(void)obj;
}

struct blocks *blocks_new(struct range_file *file)
{
	struct blocks *b = xcalloc(1, sizeof(*b));

	b->writer.base.destroy = destroy;
	b->writer.write_data_block = write_block;
	b->writer.get_block_count = block_count;
	b->file = file;
	b->slots = 256;
	b->runs = xcalloc(b->slots, sizeof(*b->runs));
	return b;
}

void blocks_free(struct blocks *b)
{
	if (!b)
		return;
	free(b->runs);
	free(b);
}

sqfs_block_writer_t *blocks_writer(struct blocks *b)
{
	return &b->writer;
}

uint64_t blocks_checksum(const struct blocks *b)
{
	return b->checksum;
}

uint64_t blocks_duplicate_bytes(const struct blocks *b)
{
	return b->duplicate;
}
