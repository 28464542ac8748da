/* Header and descriptor table of a SIF as bytes (internal to image/sif).
 * The writer and the changes work on the bytes, so that whatever a file holds
 * that we do not know is kept. */
#ifndef SIF_IMAGE_SIF_RAW_H
#define SIF_IMAGE_SIF_RAW_H

#include "base/le.h"
#include "image/sif/write.h"

struct raw {
	uint8_t header[SIF_HEADER_LEN];
	uint8_t *table; /* total descriptors, malloc'ed; NULL when there are none */
	uint32_t total;
};

/* A file that is being written (write.c; begun as a copy in copy.c). */
struct sif_writer {
	int fd; /* borrowed */
	char *name;
	struct raw raw;
	int64_t time;
	bool open;     /* between begin and end */
	uint32_t slot; /* of the open object */
};

void raw_free(struct raw *r);
#define OWN_RAW OWN(raw_free)

/* Read both and check them as sif_read does; img describes the same bytes. */
int raw_read(int fd, struct raw *ret, struct sif_image *img, struct err *e) MUST_CHECK;

static inline uint8_t *raw_slot(const struct raw *r, uint32_t slot)
{
	return r->table + (size_t)slot * SIF_DESCR_LEN;
}

static inline int64_t raw_get(const uint8_t *p, unsigned field)
{
	return (int64_t)le64(p + field);
}

static inline void raw_set(uint8_t *p, unsigned field, int64_t value)
{
	put_le64(p + field, (uint64_t)value);
}

/* Where the data end: behind the last used object, at least the data offset. */
int64_t raw_end(const struct raw *r);
/* The header's architecture becomes that of partition d; left alone when d
 * carries no code (see sif_part_arch). */
void raw_set_arch(struct raw *r, const uint8_t *d);
/* Count of unused slots. */
uint32_t raw_free_slots(const struct raw *r);

/* Choose slot and offset of a new object and fill in its descriptor, size 0
 * and not yet marked as used. ERR_USAGE: table full, second primary partition,
 * name too long, alignment no power of two. */
int raw_begin(const struct raw *r, const struct sif_input *in, int64_t default_time, uint32_t *ret_slot,
	      struct err *e) MUST_CHECK;
/* Give the object its size, mark it as used, bring the header up to date. */
int raw_end_object(struct raw *r, uint32_t slot, uint64_t size, struct err *e) MUST_CHECK;

/* Write what has a name in the file. */
int raw_write_table(int fd, const struct raw *r, const char *name, struct err *e) MUST_CHECK;
int raw_write_header(int fd, const struct raw *r, const char *name, struct err *e) MUST_CHECK;

#endif
