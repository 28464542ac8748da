#include "cmd/object.h"

#include <inttypes.h>

/* Members of one object that depend on its type; each begins with ", ". */
static void json_extra(const struct sif_image *img, const struct sif_object *o, struct str *out)
{
	OWN_FREE char *digest = NULL;

	switch (o->type) {
	case SIF_DATA_PARTITION:
		str_addf(out, ", \"fs\": \"%s\", \"partition\": \"%s\", \"arch\": \"%s\"",
			 sif_code_word(sif_fs_types, sif_part_fs(o)), sif_code_word(sif_part_types, sif_part_type(o)),
			 sif_part_arch(img, o));
		break;
	case SIF_DATA_SIGNATURE:
		str_addf(out, ", \"hash\": \"%s\", \"entity\": ",
			 sif_code_word(sif_hashes, object_code(o, SIF_X_SIGN_HASH)));
		if (object_is_zero(o->extra + SIF_X_SIGN_ENTITY, SIF_ENTITY_LEN)) {
			str_add(out, "null");
			break;
		}
		str_addc(out, '"');
		object_add_fingerprint(o, out);
		str_addc(out, '"');
		break;
	case SIF_DATA_CRYPTO_MESSAGE:
		str_addf(out, ", \"format\": \"%s\", \"message\": \"%s\"",
			 sif_code_word(sif_crypto_formats, object_code(o, SIF_X_CRYPTO_FORMAT)),
			 sif_code_word(sif_crypto_messages, object_code(o, SIF_X_CRYPTO_MESSAGE)));
		break;
	case SIF_DATA_SBOM:
		str_addf(out, ", \"format\": \"%s\"",
			 sif_code_word(sif_sbom_formats, object_code(o, SIF_X_SBOM_FORMAT)));
		break;
	case SIF_DATA_OCI_ROOT_INDEX:
	case SIF_DATA_OCI_BLOB:
		digest = object_digest(o);
		str_add(out, ", \"digest\": ");
		str_add_json(out, digest);
		break;
	}
}

/* Deterministic images have no time. */
static void json_time(const char *key, int64_t seconds, struct str *out)
{
	if (seconds == SIF_TIME_ZERO)
		str_addf(out, ", \"%s\": null", key);
	else
		str_addf(out, ", \"%s\": %" PRId64, key, seconds);
}

void object_json_object(const struct sif_image *img, const struct sif_object *o, const char *indent, struct str *out)
{
	str_addf(out, "%s{\"id\": %" PRIu32 ", \"type\": \"%s\", \"code\": %" PRId32, indent, o->id,
		 sif_code_word(sif_types, o->type), o->type);
	str_addf(out, o->group ? ", \"group\": %" PRIu32 : ", \"group\": null", o->group);
	if (o->link || o->link_is_group)
		str_addf(out, ", \"link\": {\"%s\": %" PRIu32 "}", o->link_is_group ? "group" : "object", o->link);
	else
		str_add(out, ", \"link\": null");
	str_addf(out, ", \"offset\": %" PRId64 ", \"size\": %" PRId64, o->offset, o->size);
	json_time("created", o->created, out);
	json_time("modified", o->modified, out);
	str_add(out, ", ");
	str_add_json_member(out, "name", o->name);
	json_extra(img, o, out);
	str_add(out, "}");
}

/* The header's members, without the braces. */
static void json_header(const struct sif_image *img, struct str *out)
{
	char uuid[SIF_UUID_TEXT];

	sif_uuid_text(img->uuid, uuid);
	str_add_json_member(out, "launch", img->launch);
	str_addf(out, ", \"version\": \"%s\", \"arch\": \"%s\", \"uuid\": \"", SIF_VERSION, sif_arch_name(img->arch));
	str_addf(out, "%s\"", uuid);
	json_time("created", img->created, out);
	json_time("modified", img->modified, out);
	str_addf(out, ", \"descriptors\": {\"free\": %" PRId64 ", \"total\": %" PRId64 ", \"offset\": %" PRId64 "}",
		 img->descr_free, img->descr_total, img->descr_offset);
	str_addf(out, ", \"data_offset\": %" PRId64 ", \"data_size\": %" PRId64 ", \"file_size\": %" PRIu64,
		 img->data_offset, img->data_size, img->file_size);
}

void object_json_header(const struct sif_image *img, struct str *out)
{
	str_add(out, "{");
	json_header(img, out);
	str_add(out, "}\n");
}

void object_json_image(const struct sif_image *img, struct str *out)
{
	str_add(out, "{\n  ");
	json_header(img, out);
	str_add(out, ",\n  \"objects\": [");
	for (uint32_t i = 0; i < img->n; i++) {
		str_add(out, i ? ",\n" : "\n");
		object_json_object(img, &img->objects[i], "    ", out);
	}
	str_add(out, img->n ? "\n  ]\n}\n" : "]\n}\n");
}
