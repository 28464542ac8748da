#include "cmd/inspect_meta.h"

#include "base/log.h"
#include "base/mem.h"

#include <fnmatch.h>
#include <string.h>

json_t *meta_text(const char *text)
{
	OWN_STR struct str quoted = {};

	str_add_json(&quoted, text);
	return json_loads(str_text(&quoted), JSON_DECODE_ANY, NULL);
}

static int compare_keys(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;

	return strcmp(*x, *y);
}

void meta_keys(const json_t *object, struct strv *ret)
{
	/* jansson's iterators do not take const, nor do they change anything */
	json_t *o = (json_t *)(uintptr_t)object, *value;
	const char *key;

	json_object_foreach(o, key, value)
		strv_add(ret, key);
	if (ret->n)
		qsort(ret->v, ret->n, sizeof(*ret->v), compare_keys);
}

/* ---- the object inspect-metadata.json ---- */

/* 1 = *ret is its attributes, 0 = there is none that can be used. */
static int from_object(const struct image *img, json_t **ret, struct err *e)
{
	const struct sif_object *o = sif_by_type(&img->sif, SIF_DATA_GENERIC_JSON, "inspect-metadata.json");
	OWN_JSON json_t *whole = NULL;
	OWN_STR struct str text = {};
	json_t *attributes;

	if (!o)
		return 0;
	if (image_object(img, o, &text, e))
		return -1;
	whole = json_loadb(str_text(&text), text.len, 0, NULL);
	attributes = json_object_get(json_object_get(whole, "data"), "attributes");
	if (!json_is_object(attributes)) {
		log_warn("'%s': object %u is no metadata; reading the image's files", img->name, o->id);
		return 0;
	}
	*ret = json_incref(attributes);
	return 1;
}

/* ---- files ---- */

/* As builders store a file's text: without the line ends behind it. */
static void set_text(json_t *attributes, const char *member, struct str *text)
{
	while (text->len && text->s[text->len - 1] == '\n')
		text->s[--text->len] = '\0';
	if (text->len)
		json_object_set_new(attributes, member, meta_text(text->s));
}

static void set_labels(json_t *attributes, const char *name, const struct str *text)
{
	json_t *labels = json_loadb(str_text(text), text->len, 0, NULL);

	if (json_is_object(labels)) {
		json_object_set_new(attributes, "labels", labels);
		return;
	}
	log_warn("the labels of '%s' are not a JSON object", name);
	json_decref(labels);
}

/* One file as the text of a member. */
static int add_file(struct image *img, const char *dir, const char *file, const char *member, json_t *attributes,
		    struct err *e)
{
	OWN_FREE char *path = xasprintf("%s/%s", dir, file);
	OWN_STR struct str text = {};
	int found = image_read(img, path, &text, e);

	if (found > 0 && strcmp(member, "labels") == 0)
		set_labels(attributes, img->name, &text);
	else if (found > 0)
		set_text(attributes, member, &text);
	return found < 0 ? -1 : 0;
}

/* Scripts of the image's author, not those that every image has. */
static bool is_own_script(const char *name)
{
	return fnmatch("9*-environment.sh", name, 0) == 0 || fnmatch("10-docker*.sh", name, 0) == 0;
}

static int add_environment(struct image *img, const char *dir, json_t *attributes, struct err *e)
{
	OWN_FREE char *env = xasprintf("%s/env", dir);
	OWN_JSON json_t *scripts = json_object();
	OWN_STRV struct strv names = {};

	if (image_list(img, env, &names, e))
		return -1;
	for (size_t i = 0; i < names.n; i++) {
		OWN_FREE char *path = xasprintf("%s/%s", env, names.v[i]);

		if (is_own_script(names.v[i]) && add_file(img, env, names.v[i], path, scripts, e))
			return -1;
	}
	if (json_object_size(scripts))
		json_object_set(attributes, "environment", scripts);
	return 0;
}

/* dir: where the files of the image, or of an app, are. */
static int add_files(struct image *img, const char *dir, json_t *attributes, struct err *e)
{
	static const struct {
		const char *file, *member;
	} files[] = {
		{ "labels.json", "labels" },	   { "runscript", "runscript" }, { "startscript", "startscript" },
		{ "test", "test" },		   { "runscript.help", "helpfile" }, { "Singularity", "deffile" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		if (add_file(img, dir, files[i].file, files[i].member, attributes, e))
			return -1;
	return add_environment(img, dir, attributes, e);
}

static int add_apps(struct image *img, json_t *attributes, struct err *e)
{
	OWN_JSON json_t *apps = json_object();
	OWN_STRV struct strv names = {};

	if (image_list(img, "/scif/apps", &names, e))
		return -1;
	for (size_t i = 0; i < names.n; i++) {
		OWN_FREE char *dir = xasprintf("/scif/apps/%s/scif", names.v[i]);
		OWN_JSON json_t *app = json_object(), *name = meta_text(names.v[i]);

		if (add_files(img, dir, app, e))
			return -1;
		if (json_object_size(app))
			json_object_set(apps, json_string_value(name), app);
	}
	if (json_object_size(apps))
		json_object_set(attributes, "apps", apps);
	return 0;
}

/* Objects that images had before there was inspect-metadata.json. */
static int add_objects(const struct image *img, json_t *attributes, struct err *e)
{
	const struct sif_object *deffile = sif_by_type(&img->sif, SIF_DATA_DEFFILE, NULL),
				*labels = sif_by_type(&img->sif, SIF_DATA_LABELS, NULL);
	OWN_STR struct str a = {}, b = {};

	if (deffile && !json_object_get(attributes, "deffile")) {
		if (image_object(img, deffile, &a, e))
			return -1;
		set_text(attributes, "deffile", &a);
	}
	if (labels && !json_object_get(attributes, "labels")) {
		if (image_object(img, labels, &b, e))
			return -1;
		set_labels(attributes, img->name, &b);
	}
	return 0;
}

int meta_read(struct image *img, json_t **ret, struct err *e)
{
	OWN_JSON json_t *attributes = NULL;
	int found = img->kind == IMAGE_SIF ? from_object(img, ret, e) : 0;

	if (found)
		return found < 0 ? -1 : 0;
	attributes = json_object();
	if (add_files(img, "/.singularity.d", attributes, e) || add_apps(img, attributes, e) ||
	    add_objects(img, attributes, e))
		return -1;
	*ret = TAKE_PTR(attributes);
	return 0;
}
