/* What an image says about itself, in the shape of the "attributes" member of
 * the object inspect-metadata.json: labels, environment (path: text),
 * runscript, startscript, test, helpfile, deffile, apps (name: the same). What
 * an image does not have is absent. Values are as hostile as the image: check
 * the type of each before use. */
#ifndef SIF_CMD_INSPECT_META_H
#define SIF_CMD_INSPECT_META_H

#include "cmd/inspect_image.h"

#include <jansson.h>

/* From that object when the image has one, else from its files and the older
 * objects for definition and labels. Returns an owned object in *ret. */
int meta_read(struct image *img, json_t **ret, struct err *e) MUST_CHECK;

static inline void meta_free(json_t **j)
{
	json_decref(*j);
	*j = NULL;
}
#define OWN_JSON OWN(meta_free)

/* The keys of an object in byte order; none when it is no object. */
void meta_keys(const json_t *object, struct strv *ret);

/* Any bytes as a JSON string: what is no UTF-8 becomes U+FFFD. */
json_t *meta_text(const char *text);

#endif
