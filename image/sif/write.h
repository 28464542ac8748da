/* Write SIF files, byte for byte as the reference does (interop 1.4).
 * A new file is composed by a builder that writes at absolute offsets of a
 * descriptor (O_TMPFILE of base/replace.h), so that a packer streams the
 * partition straight into its place. Changes of an existing file leave the old
 * set of objects or the new one after a crash at any point (change.c). */
#ifndef SIF_IMAGE_SIF_WRITE_H
#define SIF_IMAGE_SIF_WRITE_H

#include "image/sif/read.h"

/* What a new object is; zero values are the defaults of the reference. */
struct sif_input {
	int32_t type;
	uint32_t group; /* 0 = no group; callers want SIF_GROUP_DEFAULT */
	uint32_t link;
	bool link_is_group;
	uint32_t alignment; /* 0 = 4096 for partitions, 1 for others */
	uint64_t at;	    /* absolute offset of the bytes when the caller has chosen
			     * it (a packer writes the partition before it knows what
			     * stands before it in the table); 0 = behind the last object */
	const char *name;   /* NULL = "" */
	bool has_time;
	int64_t time;
	uint8_t extra[SIF_EXTRA_LEN];
};

/* Fill in->extra of a partition. arch: Go name. */
int sif_input_partition(struct sif_input *in, int32_t fs, int32_t part, const char *arch, struct err *e) MUST_CHECK;

struct sif_options {
	const char *launch; /* NULL = SIF_LAUNCH; "" = none */
	uint32_t capacity;  /* descriptors; 0 = 48 */
	bool deterministic; /* the reference's: UUID zero, times SIF_TIME_ZERO */
	bool has_uuid;
	uint8_t uuid[16]; /* else random v4 */
	bool has_time;
	int64_t time; /* else now */
};

struct sif_writer;

/* fd: borrowed, empty, O_RDWR. */
int sif_writer_new(int fd, const char *name, const struct sif_options *opt, struct sif_writer **ret,
		   struct err *e) MUST_CHECK;
void sif_writer_free(struct sif_writer *w); /* NULL is fine; writes nothing */
/* Begin the next object: reserves a slot and returns the absolute offset where
 * its bytes go. One object is open at a time. */
int sif_writer_begin(struct sif_writer *w, const struct sif_input *in, uint64_t *ret_offset,
		     struct err *e) MUST_CHECK;
/* The open object has size bytes (already written at its offset). */
int sif_writer_end(struct sif_writer *w, uint64_t size, struct err *e) MUST_CHECK;
/* Id of the object that was begun last. */
uint32_t sif_writer_id(const struct sif_writer *w);
/* begin, write, end. */
int sif_writer_add(struct sif_writer *w, const struct sif_input *in, const void *data, size_t len,
		   struct err *e) MUST_CHECK;
/* UUID of the finished image, when it depends on the descriptors' content. */
void sif_writer_set_uuid(struct sif_writer *w, const uint8_t uuid[16]);
/* The descriptor table as it will be written (for digests); borrowed. */
const void *sif_writer_table(const struct sif_writer *w, size_t *ret_len);
/* Write table, then header. The caller syncs and names the file. */
int sif_writer_finish(struct sif_writer *w, struct err *e) MUST_CHECK;

/* A new file that is another one with one object's bytes exchanged: header, ids,
 * names, times and slots as they were, the bytes one behind the other in the order
 * that they had, the exchanged object last. */
struct sif_copy {
	int fd; /* of the other one, borrowed */
	const char *name;
	uint32_t exchange;    /* id */
	const uint32_t *drop; /* ids that are left out */
	size_t n_drop;
};
/* The exchanged object is open: its bytes go to *ret_offset, then sif_writer_end.
 * There is room for at least one object more. */
int sif_writer_copy(int fd, const char *name, const struct sif_copy *c, struct sif_writer **ret, uint64_t *ret_offset,
		    struct err *e) MUST_CHECK;

/* Changes of an existing file; fd: borrowed, O_RDWR. Times are now, or
 * SIF_TIME_ZERO when the image is deterministic, or opt_time. */
struct sif_change {
	bool has_time;
	int64_t time;
};
int sif_add(int fd, const char *name, const struct sif_input *in, int data_fd, const struct sif_change *c,
	    struct err *e) MUST_CHECK;
int sif_delete(int fd, const char *name, uint32_t id, bool zero, bool compact, const struct sif_change *c,
	       struct err *e) MUST_CHECK;
int sif_set_primary(int fd, const char *name, uint32_t id, const struct sif_change *c, struct err *e) MUST_CHECK;

#endif
