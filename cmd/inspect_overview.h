/* What an image is: its container, partitions and file system. */
#ifndef SIF_CMD_INSPECT_OVERVIEW_H
#define SIF_CMD_INSPECT_OVERVIEW_H

#include "cmd/inspect_meta.h"

/* For people: one screen. attributes: of meta_read. */
void overview_text(const struct image *img, const json_t *attributes, struct str *out);
/* The same as an owned JSON object. */
json_t *overview_json(const struct image *img);

#endif
