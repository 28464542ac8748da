/* Changes of an existing SIF, in an order that survives a crash at any point.
 * A disk writes sectors of 512 bytes whole, in any order between two fsyncs,
 * and a descriptor (585 bytes) lies across at least two of them. So what makes
 * an object exist or not is always the one byte that says "used", and nothing
 * else changes between the fsync before it and the one after it:
 *
 *   add         the bytes behind the last object, and a descriptor that is not
 *               yet used; fsync. The byte; fsync. Header (times, counts); fsync.
 *   delete      The byte; fsync. The rest of the descriptor to zero, and the
 *               header; fsync. Only then are the bytes zeroed or cut off; fsync.
 *   set-primary The old one becomes a system partition; fsync. The new one
 *               becomes primary; fsync. Header; fsync. A crash in the middle
 *               leaves no primary partition: it is chosen again, then. (One
 *               write for both could be torn into two primaries, which no
 *               strict reader accepts.)
 *
 * A crash may leave trailing bytes, which every reader ignores, and a free
 * count and data size in the header that are behind, which none may rely on. */
#include "base/fd.h"
#include "image/sif/raw.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#define COPY_CHUNK (256 * 1024)

/* A file under change. */
struct edit {
	int fd; /* borrowed, locked */
	const char *name;
	struct raw raw;
	struct sif_image img; /* as it was read */
	int64_t time;
};

static void edit_close(struct edit *ed)
{
	raw_free(&ed->raw);
	sif_image_free(&ed->img);
	flock(ed->fd, LOCK_UN);
}
#define OWN_EDIT OWN(edit_close)

/* An image that says nothing about when or by whom it was made stays so. */
static bool is_deterministic(const struct sif_image *img)
{
	static const uint8_t zero[sizeof(img->uuid)];

	return memcmp(img->uuid, zero, sizeof(zero)) == 0 && img->created == SIF_TIME_ZERO &&
	       img->modified == SIF_TIME_ZERO;
}

static int edit_open(struct edit *ed, int fd, const char *name, const struct sif_change *c, struct err *e)
{
	*ed = (struct edit){ .fd = fd, .name = name };
	/* Two changes at once would both take the same slot. File systems without
	 * locks (ENOLCK, EOPNOTSUPP) are changed unlocked. */
	while (flock(fd, LOCK_EX) && errno == EINTR)
		;
	if (raw_read(fd, &ed->raw, &ed->img, e))
		return err_ctx(e, "'%s'", name);
	if (c && c->has_time)
		ed->time = c->time;
	else
		ed->time = is_deterministic(&ed->img) ? SIF_TIME_ZERO : (int64_t)time(NULL);
	return 0;
}

static int sync_file(const struct edit *ed, struct err *e)
{
	if (fsync(ed->fd) && errno != EINVAL)
		return err_sys(e, errno, "cannot write '%s' to the disk", ed->name);
	return 0;
}

static int commit_table(const struct edit *ed, struct err *e)
{
	if (raw_write_table(ed->fd, &ed->raw, ed->name, e))
		return -1;
	return sync_file(ed, e);
}

static int commit_header(struct edit *ed, struct err *e)
{
	raw_set(ed->raw.header, SIF_H_MODIFIED, ed->time);
	if (raw_write_header(ed->fd, &ed->raw, ed->name, e))
		return -1;
	return sync_file(ed, e);
}

/* New data go behind data offset and objects: a lying header must not send
 * them to the end of the world. */
static int check_data_offset(const struct edit *ed, struct err *e)
{
	const struct sif_image *img = &ed->img;

	if (img->data_offset < img->descr_offset + img->descr_size ||
	    (uint64_t)img->data_offset > img->file_size + SIF_PART_ALIGN)
		return err_set(e, ERR_FORMAT, "'%s': the header's data offset %" PRId64 " is not behind the descriptors",
			       ed->name, img->data_offset);
	return 0;
}

static int copy_data(const struct edit *ed, int data_fd, int64_t offset, uint64_t *ret_size, struct err *e)
{
	OWN_FREE char *buf = malloc(COPY_CHUNK);

	*ret_size = 0;
	if (!buf)
		return err_sys(e, ENOMEM, "cannot copy the object");
	for (;;) {
		ssize_t n = read(data_fd, buf, COPY_CHUNK);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, errno, "cannot read the object's data");
		if (n == 0)
			return 0;
		if (fd_pwrite_full(ed->fd, buf, (size_t)n, (uint64_t)offset + *ret_size, ed->name, e))
			return -1;
		*ret_size += (uint64_t)n;
	}
}

static int refuse_itself(int fd, int data_fd, const char *name, struct err *e)
{
	struct stat a, b;

	if (fstat(fd, &a) || fstat(data_fd, &b))
		return err_sys(e, errno, "cannot add to '%s'", name);
	if (a.st_dev == b.st_dev && a.st_ino == b.st_ino)
		return err_set(e, ERR_USAGE, "'%s' cannot be added to itself", name);
	return 0;
}

/* The object's bytes, and its descriptor but for the byte that counts. */
static int add_unused(struct edit *ed, uint32_t slot, int data_fd, struct err *e)
{
	uint8_t *d = raw_slot(&ed->raw, slot);
	uint64_t size;

	if (copy_data(ed, data_fd, raw_get(d, SIF_D_OFFSET), &size, e) || raw_end_object(&ed->raw, slot, size, e))
		return -1;
	d[SIF_D_USED] = 0;
	if (commit_table(ed, e))
		return -1;
	d[SIF_D_USED] = 1;
	return 0;
}

int sif_add(int fd, const char *name, const struct sif_input *in, int data_fd, const struct sif_change *c,
	    struct err *e)
{
	OWN_EDIT struct edit ed;
	uint32_t slot;

	if (edit_open(&ed, fd, name, c, e) || refuse_itself(fd, data_fd, name, e) || check_data_offset(&ed, e))
		return -1;
	if (raw_begin(&ed.raw, in, ed.time, &slot, e))
		return err_ctx(e, "'%s'", name);
	if (add_unused(&ed, slot, data_fd, e)) {
		if (ftruncate(fd, (off_t)ed.img.file_size))
			err_hint(e, "the image is whole, but larger than before");
		return -1;
	}
	if (commit_table(&ed, e))
		return -1;
	return commit_header(&ed, e);
}

static const struct sif_object *find_object(const struct edit *ed, uint32_t id, struct err *e)
{
	const struct sif_object *o = sif_by_id(&ed->img, id);

	if (!o) {
		err_set(e, ERR_USAGE, "object %" PRIu32 " not found in '%s'", id, ed->name);
		e->status = 1;
		err_hint(e, "'sif object list' shows the objects");
	}
	return o;
}

static int zero_bytes(const struct edit *ed, const struct sif_object *o, struct err *e)
{
	static const char zero[64 * 1024];
	int64_t end = o->offset + o->size, at = o->offset;

	/* Reads as zeros and gives the space back, where that is known. */
	if (!o->size || fallocate(ed->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, o->offset, o->size) == 0)
		return 0;
	while (at < end) {
		size_t n = end - at < (int64_t)sizeof(zero) ? (size_t)(end - at) : sizeof(zero);

		if (fd_pwrite_full(ed->fd, zero, n, (uint64_t)at, ed->name, e))
			return -1;
		at += (int64_t)n;
	}
	return 0;
}

int sif_delete(int fd, const char *name, uint32_t id, bool zero, bool compact, const struct sif_change *c,
	       struct err *e)
{
	OWN_EDIT struct edit ed;
	const struct sif_object *o;

	if (edit_open(&ed, fd, name, c, e) || (compact && check_data_offset(&ed, e)))
		return -1;
	o = find_object(&ed, id, e);
	if (!o)
		return -1;
	raw_slot(&ed.raw, o->slot)[SIF_D_USED] = 0;
	if (commit_table(&ed, e))
		return -1;
	memset(raw_slot(&ed.raw, o->slot), 0, SIF_DESCR_LEN);
	if (o == sif_primary(&ed.img))
		memcpy(ed.raw.header + SIF_H_ARCH, "00", SIF_ARCH_LEN);
	raw_set(ed.raw.header, SIF_H_FREE, raw_free_slots(&ed.raw));
	if (compact)
		raw_set(ed.raw.header, SIF_H_DATA_SIZE, raw_end(&ed.raw) - ed.img.data_offset);
	if (raw_write_table(fd, &ed.raw, name, e) || commit_header(&ed, e) || (zero && zero_bytes(&ed, o, e)))
		return -1;
	if (compact && ftruncate(fd, raw_end(&ed.raw)))
		return err_sys(e, errno, "cannot shorten '%s'", name);
	return zero || compact ? sync_file(&ed, e) : 0;
}

static int set_part_type(struct edit *ed, const struct sif_object *o, int32_t part, struct err *e)
{
	uint8_t *d = raw_slot(&ed->raw, o->slot);

	put_le32(d + SIF_D_EXTRA + SIF_X_PART_TYPE, (uint32_t)part);
	raw_set(d, SIF_D_MODIFIED, ed->time);
	return commit_table(ed, e);
}

int sif_set_primary(int fd, const char *name, uint32_t id, const struct sif_change *c, struct err *e)
{
	OWN_EDIT struct edit ed;
	const struct sif_object *o, *old;

	if (edit_open(&ed, fd, name, c, e))
		return -1;
	o = find_object(&ed, id, e);
	if (!o)
		return -1;
	old = sif_primary(&ed.img);
	if (o == old)
		return 0;
	if (o->type != SIF_DATA_PARTITION || sif_part_type(o) != SIF_PART_SYSTEM)
		return err_set(e, ERR_USAGE, "object %" PRIu32 " of '%s' is not a system partition", id, name);
	if ((old && set_part_type(&ed, old, SIF_PART_SYSTEM, e)) || set_part_type(&ed, o, SIF_PART_PRIMARY, e))
		return -1;
	raw_set_arch(&ed.raw, raw_slot(&ed.raw, o->slot));
	return commit_header(&ed, e);
}
