/* Writes a new SIF. Nothing but objects' bytes reach the file before
 * sif_writer_finish: a file that was given up has no magic. */
#include "image/sif/write.h"

#include "base/fd.h"
#include "base/mem.h"
#include "image/sif/raw.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

int sif_input_partition(struct sif_input *in, int32_t fs, int32_t part, const char *arch, struct err *e)
{
	const char *code = sif_arch_code(arch);

	if (memcmp(code, "00", SIF_ARCH_LEN) == 0)
		return err_set(e, ERR_USAGE, "there is no architecture '%s'", arch);
	in->type = SIF_DATA_PARTITION;
	memset(in->extra, 0, sizeof(in->extra));
	put_le32(in->extra + SIF_X_PART_FS, (uint32_t)fs);
	put_le32(in->extra + SIF_X_PART_TYPE, (uint32_t)part);
	memcpy(in->extra + SIF_X_PART_ARCH, code, SIF_ARCH_LEN);
	return 0;
}

/* RFC 4122, version 4. */
static int random_uuid(uint8_t uuid[16], struct err *e)
{
	if (getrandom(uuid, 16, 0) != 16)
		return err_sys(e, errno, "cannot get random bytes");
	uuid[6] = (uint8_t)((uuid[6] & 0x0f) | 0x40);
	uuid[8] = (uint8_t)((uuid[8] & 0x3f) | 0x80);
	return 0;
}

static int set_uuid(struct sif_writer *w, const struct sif_options *opt, struct err *e)
{
	if (opt->has_uuid)
		memcpy(w->raw.header + SIF_H_UUID, opt->uuid, sizeof(opt->uuid));
	else if (!opt->deterministic)
		return random_uuid(w->raw.header + SIF_H_UUID, e);
	return 0;
}

static int set_launch(struct sif_writer *w, const char *launch, struct err *e)
{
	if (strlen(launch) >= SIF_LAUNCH_LEN)
		return err_set(e, ERR_USAGE, "the launch script '%s' is longer than %d bytes", launch,
			       SIF_LAUNCH_LEN - 1);
	memcpy(w->raw.header + SIF_H_LAUNCH, launch, strlen(launch));
	return 0;
}

static int start(struct sif_writer *w, const struct sif_options *opt, struct err *e)
{
	uint32_t capacity = opt->capacity ? opt->capacity : SIF_DESCR_DEFAULT;
	uint8_t *h = w->raw.header;
	int64_t size = (int64_t)capacity * SIF_DESCR_LEN;

	if (capacity > SIF_DESCR_LIMIT)
		return err_set(e, ERR_USAGE, "an image cannot have more than %d objects", SIF_DESCR_LIMIT);
	w->time = opt->has_time ? opt->time : opt->deterministic ? SIF_TIME_ZERO : (int64_t)time(NULL);
	w->raw.table = xcalloc(capacity, SIF_DESCR_LEN);
	w->raw.total = capacity;
	memcpy(h + SIF_H_MAGIC, SIF_MAGIC, sizeof(SIF_MAGIC));
	memcpy(h + SIF_H_VERSION, SIF_VERSION, sizeof(SIF_VERSION));
	memcpy(h + SIF_H_ARCH, "00", SIF_ARCH_LEN);
	raw_set(h, SIF_H_CREATED, w->time);
	raw_set(h, SIF_H_MODIFIED, w->time);
	raw_set(h, SIF_H_FREE, capacity);
	raw_set(h, SIF_H_TOTAL, capacity);
	raw_set(h, SIF_H_TABLE_OFFSET, SIF_DESCR_OFFSET);
	raw_set(h, SIF_H_TABLE_SIZE, size);
	raw_set(h, SIF_H_DATA_OFFSET, SIF_DESCR_OFFSET + size);
	if (set_launch(w, opt->launch ? opt->launch : SIF_LAUNCH, e))
		return -1;
	return set_uuid(w, opt, e);
}

int sif_writer_new(int fd, const char *name, const struct sif_options *opt, struct sif_writer **ret, struct err *e)
{
	struct sif_writer *w = xcalloc(1, sizeof(*w));

	w->fd = fd;
	w->name = xstrdup(name);
	if (start(w, opt, e)) {
		sif_writer_free(w);
		return err_ctx(e, "'%s'", name);
	}
	*ret = w;
	return 0;
}

void sif_writer_free(struct sif_writer *w)
{
	if (!w)
		return;
	raw_free(&w->raw);
	free(w->name);
	free(w);
}

int sif_writer_begin(struct sif_writer *w, const struct sif_input *in, uint64_t *ret_offset, struct err *e)
{
	if (w->open)
		return err_set(e, ERR_BUG, "'%s': an object is open already", w->name);
	if (raw_begin(&w->raw, in, w->time, &w->slot, e))
		return err_ctx(e, "'%s'", w->name);
	w->open = true;
	*ret_offset = (uint64_t)raw_get(raw_slot(&w->raw, w->slot), SIF_D_OFFSET);
	return 0;
}

int sif_writer_end(struct sif_writer *w, uint64_t size, struct err *e)
{
	if (!w->open)
		return err_set(e, ERR_BUG, "'%s': no object is open", w->name);
	w->open = false;
	if (raw_end_object(&w->raw, w->slot, size, e))
		return err_ctx(e, "'%s'", w->name);
	return 0;
}

uint32_t sif_writer_id(const struct sif_writer *w)
{
	return le32(raw_slot(&w->raw, w->slot) + SIF_D_ID);
}

int sif_writer_add(struct sif_writer *w, const struct sif_input *in, const void *data, size_t len, struct err *e)
{
	uint64_t offset;

	if (sif_writer_begin(w, in, &offset, e) || fd_pwrite_full(w->fd, data, len, offset, w->name, e))
		return -1;
	return sif_writer_end(w, len, e);
}

void sif_writer_set_uuid(struct sif_writer *w, const uint8_t uuid[16])
{
	memcpy(w->raw.header + SIF_H_UUID, uuid, 16);
}

const void *sif_writer_table(const struct sif_writer *w, size_t *ret_len)
{
	*ret_len = (size_t)w->raw.total * SIF_DESCR_LEN;
	return w->raw.table;
}

int sif_writer_finish(struct sif_writer *w, struct err *e)
{
	if (w->open)
		return err_set(e, ERR_BUG, "'%s': an object is still open", w->name);
	if (raw_write_table(w->fd, &w->raw, w->name, e))
		return -1;
	return raw_write_header(w->fd, &w->raw, w->name, e);
}
