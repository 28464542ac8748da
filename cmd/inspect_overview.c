#include "cmd/inspect_overview.h"

#include "base/le.h"
#include "cmd/lines.h"

#include <inttypes.h>
#include <string.h>

static const char *const kinds[] = { [IMAGE_SIF] = "sif", [IMAGE_SQUASH] = "squashfs", [IMAGE_DIRECTORY] = "directory" };

static unsigned count_signatures(const struct image *img)
{
	unsigned n = 0;

	for (uint32_t i = 0; i < img->sif.n; i++)
		n += img->sif.objects[i].type == SIF_DATA_SIGNATURE;
	return n;
}

/* "Squashfs, amd64, 745472 bytes at 45056, object 4" for each partition. */
static void add_partitions(const struct image *img, struct lines *l)
{
	for (uint32_t i = 0; i < img->sif.n; i++) {
		const struct sif_object *o = &img->sif.objects[i];
		char key[48];

		if (o->type != SIF_DATA_PARTITION)
			continue;
		snprintf(key, sizeof(key), "%s partition", sif_code_word(sif_part_types, sif_part_type(o)));
		lines_addf(l, key, "%s, %s, %" PRId64 " bytes, object %" PRIu32, sif_fs_name(sif_part_fs(o)),
			   sif_part_arch(&img->sif, o), o->size, o->id);
	}
}

static void add_sif(const struct image *img, struct lines *l)
{
	static const uint8_t zero[sizeof(img->sif.uuid)];
	const struct sif_object *primary = sif_primary(&img->sif);
	char uuid[SIF_UUID_TEXT];

	lines_add(l, "architecture", primary ? sif_part_arch(&img->sif, primary) : "none (no primary partition)");
	lines_time(l, "created", img->sif.created);
	if (img->sif.modified != img->sif.created)
		lines_time(l, "modified", img->sif.modified);
	sif_uuid_text(img->sif.uuid, uuid);
	if (memcmp(img->sif.uuid, zero, sizeof(zero)) != 0)
		lines_add(l, "uuid", uuid);
	add_partitions(img, l);
	if (count_signatures(img))
		lines_addf(l, "signatures", "%u, not checked here", count_signatures(img));
}

static void add_squash(const struct image *img, struct lines *l)
{
	const struct squash_super *s = &img->super;

	if (!img->has_squash)
		return;
	lines_addf(l, "compression", "%s, blocks of %u KiB", squash_compressor_name(s->compressor),
		   s->block_size / 1024);
	lines_addf(l, "inodes", "%" PRIu32, s->inodes);
}

/* Which of the scripts and texts there are. */
static void add_contents(const json_t *attributes, struct lines *l)
{
	static const char *const members[] = { "runscript", "startscript", "test", "environment", "helpfile", "deffile" };
	OWN_STR struct str list = {};
	OWN_STRV struct strv apps = {};

	for (size_t i = 0; i < ARRAY_SIZE(members); i++)
		if (json_object_get(attributes, members[i]))
			str_addf(&list, "%s%s", list.len ? ", " : "", members[i]);
	if (list.len)
		lines_add(l, "has", list.s);
	str_clear(&list);
	meta_keys(json_object_get(attributes, "apps"), &apps);
	for (size_t i = 0; i < apps.n; i++)
		str_addf(&list, "%s%s", i ? ", " : "", apps.v[i]);
	if (list.len)
		lines_printable(l, "apps", list.s);
}

static void add_labels(const json_t *attributes, struct str *out)
{
	const json_t *labels = json_object_get(attributes, "labels");
	OWN_STRV struct strv keys = {};
	struct lines l = {};

	meta_keys(labels, &keys);
	for (size_t i = 0; i < keys.n; i++) {
		const json_t *value = json_object_get(labels, keys.v[i]);
		OWN_STR struct str safe = {};

		str_add_printable(&safe, keys.v[i]);
		if (json_is_string(value))
			lines_printable(&l, str_text(&safe), json_string_value(value));
	}
	if (l.keys.n)
		str_add(out, "\nlabels\n");
	lines_print(&l, "  ", "", 2, out);
}

void overview_text(const struct image *img, const json_t *attributes, struct str *out)
{
	struct lines l = {};

	lines_printable(&l, "image", img->name);
	lines_add(&l, "format", kinds[img->kind]);
	if (img->kind != IMAGE_DIRECTORY)
		lines_size(&l, "size", (int64_t)img->size);
	if (img->kind == IMAGE_SIF)
		add_sif(img, &l);
	add_squash(img, &l);
	add_contents(attributes, &l);
	lines_print(&l, "", "", 2, out);
	add_labels(attributes, out);
}

static json_t *json_seconds(int64_t seconds)
{
	return seconds == SIF_TIME_ZERO ? json_null() : json_integer(seconds);
}

static json_t *json_partition(const struct sif_image *img, const struct sif_object *o)
{
	return json_pack("{s:I, s:s, s:s, s:s, s:I, s:I}", "id", (json_int_t)o->id, "use",
			 sif_code_word(sif_part_types, sif_part_type(o)), "fs",
			 sif_code_word(sif_fs_types, sif_part_fs(o)), "arch", sif_part_arch(img, o), "offset",
			 (json_int_t)o->offset, "size", (json_int_t)o->size);
}

static void json_sif(const struct image *img, json_t *out)
{
	const struct sif_object *primary = sif_primary(&img->sif);
	json_t *partitions = json_array();
	char uuid[SIF_UUID_TEXT];

	sif_uuid_text(img->sif.uuid, uuid);
	for (uint32_t i = 0; i < img->sif.n; i++)
		if (img->sif.objects[i].type == SIF_DATA_PARTITION)
			json_array_append_new(partitions, json_partition(&img->sif, &img->sif.objects[i]));
	json_object_set_new(out, "arch", primary ? json_string(sif_part_arch(&img->sif, primary)) : json_null());
	json_object_set_new(out, "uuid", json_string(uuid));
	json_object_set_new(out, "created", json_seconds(img->sif.created));
	json_object_set_new(out, "modified", json_seconds(img->sif.modified));
	json_object_set_new(out, "objects", json_integer(img->sif.n));
	json_object_set_new(out, "signatures", json_integer(count_signatures(img)));
	json_object_set_new(out, "partitions", partitions);
}

json_t *overview_json(const struct image *img)
{
	const struct squash_super *s = &img->super;
	json_t *out = json_object();

	meta_set_utf8(out, "file", img->name);
	json_object_set_new(out, "format", json_string(kinds[img->kind]));
	if (img->kind != IMAGE_DIRECTORY)
		json_object_set_new(out, "size", json_integer((json_int_t)img->size));
	if (img->kind == IMAGE_SIF)
		json_sif(img, out);
	if (img->has_squash)
		json_object_set_new(out, "squashfs",
				    json_pack("{s:s, s:I, s:I, s:I, s:I}", "compression",
					      squash_compressor_name(s->compressor), "block_size",
					      (json_int_t)s->block_size, "inodes", (json_int_t)s->inodes, "bytes",
					      (json_int_t)s->bytes_used, "modified", (json_int_t)s->mtime));
	return out;
}
