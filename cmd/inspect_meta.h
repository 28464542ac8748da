/* What an image says about itself, in the shape of the "attributes" member of
 * the object inspect-metadata.json: labels, environment (path: text),
 * runscript, startscript, test, helpfile, deffile, apps (name: the same). What
 * an image does not have is absent. Names that are keys have \xNN for bytes that
 * are no UTF-8. Values are as hostile as the image: check
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

/* Texts are the image's bytes, whatever they are, until this makes JSON of
 * them: where a text is no UTF-8, its wrong bytes become U+FFFD and a member
 * KEY_bytes (of environment: in a member environment_bytes) has it in hexadecimal. */
void meta_make_utf8(json_t *attributes);
/* Set a member of object to text so, and KEY_bytes where it is needed. */
void meta_set_utf8(json_t *object, const char *key, const char *text);

#endif
