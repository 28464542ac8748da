/* From descriptors and sif.verity.json to a tree whose sizes and places hold. */
#include "image/verity/layout.h"

#include "base/fd.h"

#include <inttypes.h>
#include <string.h>

uint32_t verity_group_base(const struct sif_image *img, const struct sif_object *o)
{
	uint32_t base = o->id;

	for (uint32_t i = 0; i < img->n; i++)
		if (img->objects[i].group == o->group && img->objects[i].id < base)
			base = img->objects[i].id;
	return base;
}

static bool is_linked(const struct sif_object *o, const struct sif_object *part)
{
	return !o->link_is_group && o->link == part->id;
}

const struct sif_object *verity_next(const struct sif_image *img, const struct sif_object *part,
				     const struct sif_object *after)
{
	for (const struct sif_object *o = after ? after + 1 : img->objects; o < img->objects + img->n; o++)
		if (o->type == SIF_DATA_GENERIC_JSON && strcmp(o->name, VERITY_JSON_NAME) == 0 && is_linked(o, part))
			return o;
	return NULL;
}

/* The tree stands in the group of its JSON: one signature covers both. */
static const struct sif_object *find_tree(const struct sif_image *img, const struct sif_object *part,
					  const struct sif_object *json, uint32_t relative)
{
	uint32_t base = verity_group_base(img, json);

	for (uint32_t i = 0; i < img->n; i++) {
		const struct sif_object *o = &img->objects[i];

		if (o->type == SIF_DATA_GENERIC && strcmp(o->name, VERITY_TREE_NAME) == 0 && o->group == json->group &&
		    is_linked(o, part) && o->id - base == relative)
			return o;
	}
	return NULL;
}

static int read_info(int fd, const struct sif_object *json, struct verity_info *ret, struct err *e)
{
	char text[VERITY_JSON_MAX];

	if (json->size > VERITY_JSON_MAX)
		return err_set(e, ERR_FORMAT, "'" VERITY_JSON_NAME "' has %" PRId64 " bytes, more than %d", json->size,
			       VERITY_JSON_MAX);
	if (fd_pread_full(fd, text, (size_t)json->size, (uint64_t)json->offset, VERITY_JSON_NAME, e))
		return -1;
	return verity_info_parse(text, (size_t)json->size, ret, e);
}

static int check_info(const struct sif_image *img, struct verity *v, struct err *e)
{
	const struct sif_object *part = v->partition;

	if (part->id - verity_group_base(img, part) != v->info.partition)
		return err_set(e, ERR_FORMAT, "'" VERITY_JSON_NAME "' (object %" PRIu32 ") is not about object %" PRIu32,
			       v->json->id, part->id);
	if (v->info.size != (uint64_t)part->size)
		return err_set(e, ERR_FORMAT,
			       "'" VERITY_JSON_NAME "' is about a partition of %" PRIu64 " bytes, object %" PRIu32
			       " has %" PRId64,
			       v->info.size, part->id, part->size);
	if (!v->json->group)
		return err_set(e, ERR_FORMAT, "'" VERITY_JSON_NAME "' (object %" PRIu32 ") is in no group", v->json->id);
	if (v->json->group != part->group && !v->info.has_digest)
		return err_set(e, ERR_FORMAT,
			       "'" VERITY_JSON_NAME "' (object %" PRIu32
			       ") stands in another group and does not name the partition's digest",
			       v->json->id);
	return 0;
}

static int check_tree(int fd, const struct verity *v, struct err *e)
{
	uint8_t want[VERITY_SUPER_LEN], have[VERITY_SUPER_LEN];

	if (v->layout.size != v->info.tree_size || v->layout.size != (uint64_t)v->tree->size)
		return err_set(e, ERR_FORMAT,
			       "the hash tree (object %" PRIu32 ") has %" PRId64 " bytes, for %" PRIu64
			       " bytes of data it has %" PRIu64,
			       v->tree->id, v->tree->size, v->layout.data_size, v->layout.size);
	if (fd_pread_full(fd, have, sizeof(have), (uint64_t)v->tree->offset, VERITY_TREE_NAME, e))
		return -1;
	verity_super(&v->layout, want);
	if (memcmp(want, have, sizeof(want)) != 0)
		return err_set(e, ERR_FORMAT, "the hash tree's superblock (object %" PRIu32 ") is not the one expected",
			       v->tree->id);
	return 0;
}

int verity_load(int fd, const struct sif_image *img, const struct sif_object *part, const struct sif_object *json,
		struct verity *ret, struct err *e)
{
	*ret = (struct verity){ .partition = part, .json = json };
	if (read_info(fd, json, &ret->info, e) || check_info(img, ret, e) ||
	    verity_layout(ret->info.size, &ret->layout, e))
		return -1;
	ret->tree = find_tree(img, part, json, ret->info.tree);
	if (!ret->tree)
		return err_set(e, ERR_FORMAT, "'" VERITY_JSON_NAME "' (object %" PRIu32 ") names a tree that is not there",
			       json->id);
	return check_tree(fd, ret, e);
}
