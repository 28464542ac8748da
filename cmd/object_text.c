#include "cmd/object.h"

#include "base/le.h"
#include "base/mem.h"
#include "cmd/lines.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

int32_t object_code(const struct sif_object *o, unsigned field)
{
	return (int32_t)le32(o->extra + field);
}

void object_add_fingerprint(const struct sif_object *o, struct str *out)
{
	for (size_t i = 0; i < SIF_ENTITY_LEN; i++)
		str_addf(out, "%02X", o->extra[SIF_X_SIGN_ENTITY + i]);
}

char *object_digest(const struct sif_object *o)
{
	return xstrndup((const char *)o->extra + SIF_X_DIGEST, SIF_EXTRA_LEN);
}

bool object_is_zero(const uint8_t *bytes, size_t n)
{
	while (n && !*bytes) {
		bytes++;
		n--;
	}
	return n == 0;
}

/* The type with what its extra says: "Signature (SHA-256)". */
static void add_type(const struct sif_image *img, const struct sif_object *o, struct str *out)
{
	str_add(out, sif_type_name(o->type));
	switch (o->type) {
	case SIF_DATA_PARTITION:
		str_addf(out, " (%s/%s/%s)", sif_fs_name(sif_part_fs(o)), sif_part_name(sif_part_type(o)),
			 sif_part_arch(img, o));
		break;
	case SIF_DATA_SIGNATURE:
		str_addf(out, " (%s)", sif_code_name(sif_hashes, object_code(o, SIF_X_SIGN_HASH)));
		break;
	case SIF_DATA_CRYPTO_MESSAGE:
		str_addf(out, " (%s/%s)", sif_code_name(sif_crypto_formats, object_code(o, SIF_X_CRYPTO_FORMAT)),
			 sif_code_name(sif_crypto_messages, object_code(o, SIF_X_CRYPTO_MESSAGE)));
		break;
	case SIF_DATA_SBOM:
		str_addf(out, " (%s)", sif_code_name(sif_sbom_formats, object_code(o, SIF_X_SBOM_FORMAT)));
		break;
	}
}

static void group_text(const struct sif_object *o, char text[16])
{
	if (o->group)
		snprintf(text, 16, "%" PRIu32, o->group);
	else
		snprintf(text, 16, "NONE");
}

void object_text_list_peers(const struct sif_image *img, struct str *out)
{
	static const char rule[] =
		"------------------------------------------------------------------------------\n";

	str_addf(out, "%s%-5s|%-8s|%-8s|%-26s|%s\n%s", rule, "ID", "GROUP", "LINK", "SIF POSITION (start-end)", "TYPE",
		 rule);
	for (uint32_t i = 0; i < img->n; i++) {
		const struct sif_object *o = &img->objects[i];
		char group[16], link[24], position[48];

		group_text(o, group);
		if (o->link_is_group)
			snprintf(link, sizeof(link), "%-3" PRIu32 " (G) ", o->link);
		else if (o->link)
			snprintf(link, sizeof(link), "%" PRIu32, o->link);
		else
			snprintf(link, sizeof(link), "NONE");
		snprintf(position, sizeof(position), "%" PRId64 "-%" PRId64, o->offset, o->offset + o->size);
		str_addf(out, "%-5" PRIu32 "|%-8s|%-8s|%-26s|", o->id, group, link, position);
		add_type(img, o, out);
		str_add(out, "\n");
	}
}

void object_text_list(const struct sif_image *img, struct str *out)
{
	str_addf(out, "%4s %5s %8s %12s %12s  %-44s %s\n", "ID", "GROUP", "LINK", "OFFSET", "SIZE", "TYPE", "NAME");
	for (uint32_t i = 0; i < img->n; i++) {
		const struct sif_object *o = &img->objects[i];
		OWN_STR struct str type = {}, name = {};
		char group[16], link[24];

		snprintf(group, sizeof(group), o->group ? "%" PRIu32 : "-", o->group);
		snprintf(link, sizeof(link), o->link_is_group ? "group %" PRIu32 : o->link ? "%" PRIu32 : "-", o->link);
		add_type(img, o, &type);
		str_add_printable(&name, o->name);
		str_addf(out, "%4" PRIu32 " %5s %8s %12" PRId64 " %12" PRId64 "  ", o->id, group, link, o->offset,
			 o->size);
		if (name.len)
			str_addf(out, "%-44s %s\n", str_text(&type), str_text(&name));
		else
			str_addf(out, "%s\n", str_text(&type));
	}
}

static void info_extra(const struct sif_image *img, const struct sif_object *o, struct lines *l)
{
	OWN_STR struct str entity = {};
	OWN_FREE char *digest = NULL;

	switch (o->type) {
	case SIF_DATA_PARTITION:
		lines_add(l, "Filesystem Type", sif_fs_name(sif_part_fs(o)));
		lines_add(l, "Partition Type", sif_part_name(sif_part_type(o)));
		lines_add(l, "Architecture", sif_part_arch(img, o));
		break;
	case SIF_DATA_SIGNATURE:
		lines_add(l, "Hash Type", sif_code_name(sif_hashes, object_code(o, SIF_X_SIGN_HASH)));
		object_add_fingerprint(o, &entity);
		lines_add(l, "Entity", str_text(&entity));
		break;
	case SIF_DATA_CRYPTO_MESSAGE:
		lines_add(l, "Format Type", sif_code_name(sif_crypto_formats, object_code(o, SIF_X_CRYPTO_FORMAT)));
		lines_add(l, "Message Type", sif_code_name(sif_crypto_messages, object_code(o, SIF_X_CRYPTO_MESSAGE)));
		break;
	case SIF_DATA_SBOM:
		lines_add(l, "Format", sif_code_name(sif_sbom_formats, object_code(o, SIF_X_SBOM_FORMAT)));
		break;
	case SIF_DATA_OCI_ROOT_INDEX:
	case SIF_DATA_OCI_BLOB:
		digest = object_digest(o);
		lines_printable(l, "Digest", digest);
		break;
	}
}

void object_text_info(const struct sif_image *img, const struct sif_object *o, struct str *out)
{
	struct lines l = {};
	char group[16];

	group_text(o, group);
	lines_add(&l, "Data Type", sif_type_name(o->type));
	lines_addf(&l, "ID", "%" PRIu32, o->id);
	lines_add(&l, "Group ID", group);
	if (o->link_is_group)
		lines_addf(&l, "Linked ID", "%" PRIu32 " (G)", o->link);
	else if (o->link)
		lines_addf(&l, "Linked ID", "%" PRIu32, o->link);
	else
		lines_add(&l, "Linked ID", "NONE");
	lines_addf(&l, "Offset", "%" PRId64, o->offset);
	lines_addf(&l, "Size", "%" PRId64, o->size);
	lines_time(&l, "Created At", o->created);
	lines_time(&l, "Modified At", o->modified);
	if (o->name[0])
		lines_printable(&l, "Name", o->name);
	info_extra(img, o, &l);
	lines_print(&l, "  ", ":", 2, out);
}

void object_text_header(const struct sif_image *img, struct str *out)
{
	OWN_STR struct str launch = {};
	char uuid[SIF_UUID_TEXT];
	struct lines l = {};

	str_add(&launch, img->launch);
	while (launch.len && launch.s[launch.len - 1] == '\n')
		launch.s[--launch.len] = '\0';
	if (launch.len)
		lines_printable(&l, "Launch Script", str_text(&launch));
	lines_add(&l, "Version", SIF_VERSION);
	if (strcmp(sif_arch_name(img->arch), "unknown") != 0)
		lines_add(&l, "Primary Architecture", sif_arch_name(img->arch));
	sif_uuid_text(img->uuid, uuid);
	if (!object_is_zero(img->uuid, sizeof(img->uuid)))
		lines_add(&l, "ID", uuid);
	lines_time(&l, "Created At", img->created);
	lines_time(&l, "Modified At", img->modified);
	lines_addf(&l, "Descriptors Free", "%" PRId64, img->descr_free);
	lines_addf(&l, "Descriptors Total", "%" PRId64, img->descr_total);
	lines_addf(&l, "Descriptors Offset", "%" PRId64, img->descr_offset);
	lines_size(&l, "Descriptors Size", img->descr_size);
	lines_addf(&l, "Data Offset", "%" PRId64, img->data_offset);
	lines_size(&l, "Data Size", img->data_size);
	lines_print(&l, "", ":", 1, out);
}
