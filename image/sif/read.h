/* Read a SIF file: the one door for its hostile bytes.
 *
 * Promised for every image that sif_read accepts: the descriptor table lies
 * inside the file; each object lies inside the file and overlaps neither header
 * nor table nor another object; ids are unique and not 0; at most one primary
 * partition. Not promised, since real files break it: the free count, data
 * size and padding, alignment, ids in order of slots, links that lead
 * somewhere, codes that we know. Nothing is allocated by an unchecked size. */
#ifndef SIF_IMAGE_SIF_READ_H
#define SIF_IMAGE_SIF_READ_H

#include "base/err.h"
#include "base/own.h"
#include "image/sif/format.h"
#include "image/sif/names.h"

#include <stdbool.h>
#include <stdint.h>

struct sif_object {
	uint32_t slot; /* index in the descriptor table */
	int32_t type;  /* enum sif_type, or unknown */
	uint32_t id;
	uint32_t group;	  /* without the mask; 0 = no group */
	uint32_t link;	  /* object or group number without the mask; 0 = none */
	bool link_is_group;
	int64_t offset, size, size_padded;
	int64_t created, modified, uid, gid;
	char name[SIF_NAME_LEN + 1]; /* NUL-terminated copy */
	uint8_t extra[SIF_EXTRA_LEN];
};

struct sif_image {
	char launch[SIF_LAUNCH_LEN + 1];
	uint8_t uuid[16];
	char arch[3]; /* two digits of the header, "00" = unknown */
	int64_t created, modified;
	int64_t descr_free, descr_total, descr_offset, descr_size, data_offset, data_size;
	uint64_t file_size;
	struct sif_object *objects; /* used descriptors, in table order */
	uint32_t n;
};

/* Does the file begin as a SIF (launch script field + magic)? data: first bytes. */
bool sif_is_magic(const void *data, size_t len);

/* fd is borrowed; name is for messages. On success release with sif_image_free.
 * Errors: ERR_FORMAT names the field; ERR_SYSTEM. */
int sif_read(int fd, const char *name, struct sif_image *ret, struct err *e) MUST_CHECK;
void sif_image_free(struct sif_image *img);
#define OWN_SIF_IMAGE OWN(sif_image_free)

/* Accessors of a partition's extra (undefined for other types). */
int32_t sif_part_fs(const struct sif_object *o);
int32_t sif_part_type(const struct sif_object *o);
/* "amd64", ...; "unknown". Of the partition, falling back to the header. */
const char *sif_part_arch(const struct sif_image *img, const struct sif_object *o);

/* NULL when there is none. */
const struct sif_object *sif_primary(const struct sif_image *img);
const struct sif_object *sif_by_id(const struct sif_image *img, uint32_t id);
/* First object of a type whose name is name (NULL = any). */
const struct sif_object *sif_by_type(const struct sif_image *img, int32_t type, const char *name);


#endif
