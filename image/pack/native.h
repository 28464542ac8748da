/* What every image of ours carries beside its source's files: the directory
 * /.singularity.d with start scripts, environment and labels, mount points, and
 * the metadata object that repeats the texts outside of the file system. What
 * the source brings itself is kept, so an unpacked image can be packed again.
 * Internal to image/pack. */
#ifndef SIF_IMAGE_PACK_NATIVE_H
#define SIF_IMAGE_PACK_NATIVE_H

#include "image/pack/labels.h"
#include "image/pack/packer.h"

/* Check K=V of --environment; ERR_USAGE. */
int native_check_environment(const struct strv *list, struct err *e) MUST_CHECK;
/* Add them all; the source is complete. labels: what labels.json gets. */
int native_add(struct packer *p, const struct labels *labels, uint32_t time, struct err *e) MUST_CHECK;
/* Append the text of inspect-metadata.json. */
void native_metadata(struct packer *p, const struct labels *labels, struct str *out);

#endif
