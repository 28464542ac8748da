#include "image/pack/range_file.h"

#include "base/fd.h"

#include <sqfs/error.h>

#define WRITEBACK_STEP (4u << 20)
#define SUPER_BLOCK 4096

static struct range_file *from(sqfs_file_t *file)
{
	return (struct range_file *)file;
}

static int range_read(sqfs_file_t *file, sqfs_u64 offset, void *buf, size_t size)
{
	struct range_file *f = from(file);

	if (offset > f->size || size > f->size - offset)
		return SQFS_ERROR_OUT_OF_BOUNDS;
	if (fd_pread_full(f->fd, buf, size, f->base + offset, "the new image", &f->err))
		return SQFS_ERROR_IO;
	return 0;
}

static int range_write(sqfs_file_t *file, sqfs_u64 offset, const void *buf, size_t size)
{
	struct range_file *f = from(file);

	/* The superblock, written last of all, is in the block that the trail hashes
	 * again at its end. */
	if (offset + size > SUPER_BLOCK && offset < f->size)
		trail_cut(f->trail, offset);
	if (fd_pwrite_full(f->fd, buf, size, f->base + offset, "the new image", &f->err))
		return SQFS_ERROR_IO;
	if (offset + size > f->size)
		f->size = offset + size;
	trail_grow(f->trail, f->size);
	if (f->size >= f->started + WRITEBACK_STEP)
		range_file_start(f);
	return 0;
}

void range_file_start(struct range_file *f)
{
	writeback_range(f->writeback, f->base + f->started, f->base + f->size);
	f->started = f->size;
}

static sqfs_u64 range_size(const sqfs_file_t *file)
{
	return ((const struct range_file *)file)->size;
}

static int range_truncate(sqfs_file_t *file, sqfs_u64 size)
{
	struct range_file *f = from(file);

	/* What lies behind is overwritten; the image's end is cut when it is complete. */
	f->size = size;
	trail_cut(f->trail, size);
	if (f->started > size)
		f->started = size;
	return 0;
}

static void range_destroy(sqfs_object_t *obj)
{
	(void)obj;
}

void range_file_init(struct range_file *f, int fd, uint64_t base, uint64_t size)
{
	*f = (struct range_file){ .fd = fd, .base = base, .size = size, .started = size };
	f->writeback = writeback_new(fd);
	f->file.base.destroy = range_destroy;
	f->file.read_at = range_read;
	f->file.write_at = range_write;
	f->file.get_size = range_size;
	f->file.truncate = range_truncate;
}

void range_file_clear(struct range_file *f)
{
	writeback_free(f->writeback);
	f->writeback = NULL;
}
