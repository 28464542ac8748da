#include "image/sign/metadata.h"

#include "base/le.h"
#include "base/mem.h"

#include <inttypes.h>
#include <jansson.h>
#include <string.h>

void metadata_free(struct metadata *m)
{
	free(m->objects);
	*m = (struct metadata){};
}

uint32_t metadata_base(const struct sif_image *img, uint32_t group)
{
	uint32_t base = 0;

	for (uint32_t i = 0; i < img->n; i++)
		if (img->objects[i].group == group && (!base || img->objects[i].id < base))
			base = img->objects[i].id;
	return base;
}

void metadata_header(const struct sif_image *img, const struct digest_alg *alg, struct meta_digest *ret)
{
	struct digest d;

	ret->alg = alg;
	digest_init(&d, alg);
	digest_add(&d, img->launch, SIF_LAUNCH_LEN);
	digest_add(&d, SIF_MAGIC, sizeof(SIF_MAGIC));
	digest_add(&d, SIF_VERSION, sizeof(SIF_VERSION));
	digest_add(&d, img->uuid, sizeof(img->uuid));
	digest_end(&d, ret->value);
}

void metadata_descriptor(const struct sif_image *img, const struct sif_object *o, const struct digest_alg *alg,
			 struct meta_digest *ret)
{
	uint8_t fixed[45];
	struct digest d;

	put_le32(fixed, (uint32_t)o->type);
	fixed[4] = 1;
	put_le32(fixed + 5, o->id - metadata_base(img, o->group));
	put_le32(fixed + 9, o->link_is_group ? o->link | SIF_GROUP_MASK : o->link);
	put_le64(fixed + 13, (uint64_t)o->size);
	put_le64(fixed + 21, (uint64_t)o->created);
	put_le64(fixed + 29, (uint64_t)o->uid);
	put_le64(fixed + 37, (uint64_t)o->gid);
	ret->alg = alg;
	digest_init(&d, alg);
	digest_add(&d, fixed, sizeof(fixed));
	digest_add(&d, o->name, SIF_NAME_LEN);
	digest_add(&d, o->extra, SIF_EXTRA_LEN);
	digest_end(&d, ret->value);
}

bool metadata_same(const struct meta_digest *a, const struct meta_digest *b)
{
	return a->alg == b->alg && memcmp(a->value, b->value, a->alg->len) == 0;
}

static void add_digest(struct str *out, const char *key, const struct meta_digest *d)
{
	char hex[2 * DIGEST_MAX + 1];

	digest_hex(d->value, d->alg->len, hex);
	str_addf(out, "\"%s\":\"%s:%s\"", key, d->alg->name, hex);
}

void metadata_text(const struct metadata *m, struct str *out)
{
	str_add(out, "{\"version\":1,\"header\":{");
	add_digest(out, "digest", &m->header);
	str_add(out, "},\"objects\":[");
	for (size_t i = 0; i < m->n; i++) {
		str_addf(out, "%s{\"relativeId\":%" PRIu32 ",", i ? "," : "", m->objects[i].id);
		add_digest(out, "descriptorDigest", &m->objects[i].descriptor);
		str_addc(out, ',');
		add_digest(out, "objectDigest", &m->objects[i].object);
		str_addc(out, '}');
	}
	str_add(out, "]}");
}

static bool take_digest(json_t *object, const char *key, struct meta_digest *ret)
{
	const char *text = json_string_value(json_object_get(object, key)), *colon;

	colon = text ? strchr(text, ':') : NULL;
	if (!colon)
		return false;
	ret->alg = digest_find(text, (size_t)(colon - text));
	return ret->alg && digest_unhex(colon + 1, strlen(colon + 1), ret->value, ret->alg->len) == 0;
}

static bool take_object(json_t *from, struct meta_object *ret)
{
	json_t *id = json_object_get(from, "relativeId");
	json_int_t n = json_integer_value(id);

	if (!json_is_integer(id) || n < 0 || n > UINT32_MAX)
		return false;
	ret->id = (uint32_t)n;
	return take_digest(from, "descriptorDigest", &ret->descriptor) && take_digest(from, "objectDigest", &ret->object);
}

static bool take_all(json_t *root, struct metadata *ret)
{
	json_t *objects = json_object_get(root, "objects");

	if (!take_digest(json_object_get(root, "header"), "digest", &ret->header) || !json_is_array(objects))
		return false;
	ret->objects = xcalloc(json_array_size(objects) + 1, sizeof(*ret->objects));
	for (size_t i = 0; i < json_array_size(objects); i++) {
		if (!take_object(json_array_get(objects, i), &ret->objects[i]))
			return false;
		/* sorted, so that none is there twice */
		if (i && ret->objects[i].id <= ret->objects[i - 1].id)
			return false;
		ret->n++;
	}
	return true;
}

int metadata_parse(const char *text, size_t len, struct metadata *ret, struct err *e)
{
	json_error_t why;
	json_t *root = json_loadb(text, len, JSON_REJECT_DUPLICATES, &why);
	bool good;

	*ret = (struct metadata){};
	if (!root)
		return err_set(e, ERR_FORMAT, "the signed metadata is no JSON: %s", why.text);
	good = take_all(root, ret);
	json_decref(root);
	if (good)
		return 0;
	metadata_free(ret);
	return err_set(e, ERR_FORMAT, "the signed metadata is not of the form of a SIF signature");
}
