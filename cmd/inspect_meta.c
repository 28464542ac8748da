#include "cmd/inspect_meta.h"

#include "base/log.h"
#include "base/mem.h"

#include <fnmatch.h>
#include <string.h>

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

/* text as a string member of object, and its bytes as one of bytes. */
static void set_both(json_t *object, const char *key, const char *text, json_t *bytes, const char *bytes_key)
{
	OWN_STR struct str quoted = {}, hex = {};

	str_add_json(&quoted, text);
	str_add_hex(&hex, text);
	json_object_set_new(bytes, bytes_key, json_string(str_text(&hex)));
	json_object_set_new(object, key, json_loads(str_text(&quoted), JSON_DECODE_ANY, NULL));
}

void meta_set_utf8(json_t *object, const char *key, const char *text)
{
	OWN_FREE char *bytes_key = xasprintf("%s_bytes", key);

	if (str_is_utf8(text))
		json_object_set_new(object, key, json_string(text));
	else
		set_both(object, key, text, object, bytes_key);
}

static void make_utf8_environment(json_t *attributes)
{
	json_t *scripts = json_object_get(attributes, "environment");
	OWN_JSON json_t *bytes = json_object();
	OWN_STRV struct strv paths = {};

	meta_keys(scripts, &paths);
	for (size_t i = 0; i < paths.n; i++) {
		const char *text = json_string_value(json_object_get(scripts, paths.v[i]));

		if (text && !str_is_utf8(text))
			set_both(scripts, paths.v[i], text, bytes, paths.v[i]);
	}
	if (json_object_size(bytes))
		json_object_set(attributes, "environment_bytes", bytes);
}

void meta_make_utf8(json_t *attributes)
{
	OWN_STRV struct strv keys = {};

	meta_keys(attributes, &keys);
	for (size_t i = 0; i < keys.n; i++) {
		json_t *value = json_object_get(attributes, keys.v[i]);

		if (json_is_string(value) && !str_is_utf8(json_string_value(value)))
			meta_set_utf8(attributes, keys.v[i], json_string_value(value));
	}
	make_utf8_environment(attributes);
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
		json_object_set_new(attributes, member, json_string_nocheck(text->s));
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
		OWN_STR struct str path = {};

		str_addf(&path, "%s/", env);
		str_add_printable(&path, names.v[i]);
		if (is_own_script(names.v[i]) && add_file(img, env, names.v[i], str_text(&path), scripts, e))
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
		OWN_JSON json_t *app = json_object();
		OWN_STR struct str name = {};

		str_add_printable(&name, names.v[i]);
		if (add_files(img, dir, app, e))
			return -1;
		if (json_object_size(app))
			json_object_set(apps, str_text(&name), app);
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
