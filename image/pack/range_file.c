#include "image/pack/range_file.h"

#include "base/fd.h"

#include <fcntl.h>
#include <sqfs/error.h>

/* Hand written pages to the disk while the packer goes on: the fsync at the end
 * then finds little to do. Only a hint, errors come up at the fsync. */
#define WRITEBACK_STEP (8u << 20)
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
	if (f->size >= f->started + WRITEBACK_STEP) {
		sync_file_range(f->fd, (off_t)(f->base + f->started), (off_t)(f->size - f->started), SYNC_FILE_RANGE_WRITE);
		f->started = f->size;
	}
	return 0;
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
	f->file.base.destroy = range_destroy;
	f->file.read_at = range_read;
	f->file.write_at = range_write;
	f->file.get_size = range_size;
	f->file.truncate = range_truncate;
}
