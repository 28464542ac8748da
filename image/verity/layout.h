/* The dm-verity superblock as it lies on disk (internal to image/verity). */
#ifndef SIF_IMAGE_VERITY_LAYOUT_H
#define SIF_IMAGE_VERITY_LAYOUT_H

#include "image/verity/verity.h"

#define VERITY_SUPER_LEN 512

void verity_super(const struct verity_layout *l, uint8_t ret[VERITY_SUPER_LEN]);

#endif
