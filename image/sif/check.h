/* What must hold for a SIF as a whole (internal to image/sif). Functions fill
 * ERR_FORMAT with the field and its value. */
#ifndef SIF_IMAGE_SIF_CHECK_H
#define SIF_IMAGE_SIF_CHECK_H

#include "image/sif/read.h"

/* The descriptor table's count, size and place, against img->file_size. */
int check_table(const struct sif_image *img, struct err *e) MUST_CHECK;
/* One object: id, group, and its place in the file. raw_group: as stored. */
int check_object(const struct sif_image *img, const struct sif_object *o, uint32_t raw_group,
		 struct err *e) MUST_CHECK;
/* The objects among each other: unique ids, no shared bytes, one primary. */
int check_objects(const struct sif_image *img, struct err *e) MUST_CHECK;

#endif
