/* sif object: what its sub-commands share. */
#ifndef SIF_CMD_OBJECT_H
#define SIF_CMD_OBJECT_H

#include "base/opt.h"
#include "image/sif/read.h"

#include <stdint.h>

/* The options of every sub-command; each uses its own part. */
struct object_options {
	bool json;
	/* new, add, delete, set-primary: times and UUID as the reference writes
	 * them for a deterministic image */
	bool reference;
	/* new */
	bool force;
	char *launch;
	uint32_t capacity;
	/* delete */
	bool zero, compact;
	/* add; codes, 0 = not given */
	int32_t type, fs, part, hash, sbom;
	const char *arch; /* Go name, of static storage */
	char *entity;	  /* 40 hexadecimal digits */
	uint32_t group, link, alignment;
	bool link_is_group;
	char *name;
};

void object_options_free(struct object_options *o);
#define OWN_OBJECT_OPTIONS OWN(object_options_free)

extern const struct opt object_list_options[], object_info_options[], object_header_options[], object_dump_options[],
	object_new_options[], object_add_options[], object_delete_options[], object_set_primary_options[];

/* Number of an object as typed. */
int object_id(const char *word, uint32_t *ret, struct err *e) MUST_CHECK;

/* object_text.c: the tables that users of siftool and of `apptainer sif` know,
 * byte for byte ("peers"), and our own. */
void object_text_list_peers(const struct sif_image *img, struct str *out);
void object_text_list(const struct sif_image *img, struct str *out);
void object_text_info(const struct sif_image *img, const struct sif_object *o, struct str *out);
void object_text_header(const struct sif_image *img, struct str *out);

/* object_json.c: our words, null for what is absent. */
void object_json_header(const struct sif_image *img, struct str *out);
void object_json_image(const struct sif_image *img, struct str *out);
void object_json_object(const struct sif_image *img, const struct sif_object *o, const char *indent,
			struct str *out);

/* Parts of both. A code in the extra; the fingerprint of a signature's key; the
 * digest of an OCI object (malloc'ed, as hostile as any other bytes). */
int32_t object_code(const struct sif_object *o, unsigned field);
void object_add_fingerprint(const struct sif_object *o, struct str *out);
char *object_digest(const struct sif_object *o);
bool object_is_zero(const uint8_t *bytes, size_t n);

#endif
