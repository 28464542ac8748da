/* sif inspect, sif run-help. Nothing of the image is run or mounted. */
#include "base/mem.h"
#include "cmd/command.h"
#include "cmd/inspect.h"
#include "cmd/inspect_overview.h"
#include "cmd/words.h"

#include <stdio.h>
#include <string.h>

COMMAND_RUN(inspect_main);
COMMAND_RUN(run_help_main);

static bool asks_for_parts(const struct inspect_options *o)
{
	return o->labels || o->deffile || o->runscript || o->startscript || o->test || o->environment || o->helpfile ||
	       o->list_apps;
}

/* The attributes of the app that was named, or of the image; borrowed. */
static const json_t *choose(const json_t *attributes, const struct inspect_options *o, const char *image, struct err *e)
{
	const json_t *app;

	if (!o->app)
		return attributes;
	app = json_object_get(json_object_get(attributes, "apps"), o->app);
	if (app)
		return app;
	err_set(e, ERR_USAGE, "there is no app '%s' in '%s'", o->app, image);
	e->status = 1;
	err_hint(e, "sif inspect --list-apps shows their names");
	return NULL;
}

/* Text of many lines for a terminal: only line ends and tabs steer it. */
static void add_lines(struct str *out, const char *text)
{
	while (*text) {
		size_t n = strcspn(text, "\n\t");
		OWN_FREE char *part = xstrndup(text, n);

		str_add_printable(out, part);
		text += n;
		if (*text)
			str_addc(out, *text++);
	}
}

static void print_text(const char *text)
{
	OWN_STR struct str safe = {};

	if (isatty(STDOUT_FILENO))
		add_lines(&safe, text);
	else
		str_add(&safe, text);
	fputs(str_text(&safe), stdout);
}

/* Calls fn for each member that is a string, in byte order of the keys. */
static void for_sorted(const json_t *object, void (*fn)(const char *key, const char *text))
{
	OWN_STRV struct strv keys = {};

	meta_keys(object, &keys);
	for (size_t i = 0; i < keys.n; i++) {
		const json_t *value = json_object_get(object, keys.v[i]);

		if (json_is_string(value))
			fn(keys.v[i], json_string_value(value));
	}
}

static void print_label(const char *key, const char *text)
{
	print_text(key);
	fputs(": ", stdout);
	print_text(text);
	putchar('\n');
}

static void print_script(const char *path, const char *text)
{
	fputs("=== ", stdout);
	print_text(path);
	fputs(" ===\n", stdout);
	print_text(text);
	fputs("\n\n", stdout);
}

static void print_member(bool wanted, const json_t *attributes, const char *member)
{
	const json_t *value = wanted ? json_object_get(attributes, member) : NULL;

	if (!json_is_string(value))
		return;
	print_text(json_string_value(value));
	putchar('\n');
}

static void print_apps(const json_t *attributes)
{
	OWN_STRV struct strv names = {};

	meta_keys(json_object_get(attributes, "apps"), &names);
	for (size_t i = 0; i < names.n; i++) {
		print_text(names.v[i]);
		putchar('\n');
	}
}

static void print_parts(const struct inspect_options *o, const json_t *attributes, const json_t *chosen)
{
	if (o->list_apps)
		print_apps(attributes);
	print_member(o->deffile, chosen, "deffile");
	print_member(o->runscript, chosen, "runscript");
	print_member(o->startscript, chosen, "startscript");
	print_member(o->test, chosen, "test");
	print_member(o->helpfile, chosen, "helpfile");
	if (o->environment)
		for_sorted(json_object_get(chosen, "environment"), print_script);
	if (o->labels)
		for_sorted(json_object_get(chosen, "labels"), print_label);
}

/* Only the members that were asked for. */
static json_t *select_members(const struct inspect_options *o, const json_t *from)
{
	const struct {
		bool wanted;
		const char *member;
	} members[] = {
		{ o->labels, "labels" }, { o->deffile, "deffile" }, { o->runscript, "runscript" },
		{ o->startscript, "startscript" }, { o->test, "test" }, { o->environment, "environment" },
		{ o->helpfile, "helpfile" }, { o->list_apps, "apps" },
	};
	json_t *to = json_object();

	for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
		json_t *value = json_object_get(from, members[i].member);

		if (members[i].wanted && value)
			json_object_set_new(to, members[i].member, json_deep_copy(value));
	}
	return to;
}

static void make_utf8(json_t *attributes)
{
	json_t *app;
	const char *name;

	meta_make_utf8(attributes);
	json_object_foreach(json_object_get(attributes, "apps"), name, app)
		meta_make_utf8(app);
}

static int print_json(const struct inspect_options *o, const json_t *chosen, json_t *overview, struct err *e)
{
	OWN_JSON json_t *whole = json_pack("{s:{s:{}}, s:s}", "data", "attributes", "type", "container");
	json_t *data = json_object_get(whole, "data"), *members;
	OWN_FREE char *text = NULL;

	members = o->all ? json_deep_copy(chosen) : select_members(o, chosen);
	make_utf8(members);
	if (o->app) {
		json_t *apps = json_object();

		json_object_set_new(apps, o->app, members);
		members = json_object();
		json_object_set_new(members, "apps", apps);
	}
	json_object_set_new(data, "attributes", members);
	if (overview)
		json_object_set(whole, "image", overview);
	text = json_dumps(whole, JSON_INDENT(2) | JSON_SORT_KEYS);
	if (!text)
		return err_set(e, ERR_FORMAT, "the metadata cannot be printed as JSON");
	puts(text);
	return 0;
}

/* The peers show labels when nothing is asked for; we show an overview, and as
 * JSON everything. */
static int show(const struct invocation *inv, struct inspect_options *o, const struct image *img,
		const json_t *attributes, struct err *e)
{
	const json_t *chosen = choose(attributes, o, img->name, e);
	OWN_JSON json_t *overview = NULL;
	OWN_STR struct str out = {};

	if (!chosen)
		return -1;
	if (!asks_for_parts(o) && !o->all && inv->dialect == DIALECT_SIF && !o->app) {
		if (!o->json) {
			overview_text(img, attributes, &out);
			fputs(str_text(&out), stdout);
			return 0;
		}
		o->all = true;
	}
	if (!asks_for_parts(o))
		o->labels = true;
	if (!o->json && !o->all) {
		print_parts(o, attributes, chosen);
		return 0;
	}
	if (inv->dialect == DIALECT_SIF)
		overview = overview_json(img);
	return print_json(o, chosen, overview, e);
}

static int inspect(const struct invocation *inv, struct inspect_options *o, const char *name, struct err *e)
{
	OWN_IMAGE struct image img = { .fd = -1 };
	OWN_JSON json_t *attributes = NULL;

	if (image_open(name, &img, e) || meta_read(&img, &attributes, e))
		return -1;
	return show(inv, o, &img, attributes, e);
}

int inspect_main(const struct invocation *inv, int argc, char *const argv[], struct err *e)
{
	struct inspect_options o = {};
	const char *words[1];
	unsigned n;
	int rc;

	rc = words_parse(inspect_options, argc, argv, &o, words, 1, 1, &n, "IMAGE", e);
	if (!rc)
		rc = inspect(inv, &o, words[0], e);
	free(o.app);
	return rc;
}

int run_help_main(const struct invocation *inv, int argc, char *const argv[], struct err *e)
{
	struct inspect_options o = { .helpfile = true };
	const char *words[1];
	unsigned n;
	int rc;

	rc = words_parse(run_help_options, argc, argv, &o, words, 1, 1, &n, "IMAGE", e);
	if (!rc)
		rc = inspect(inv, &o, words[0], e);
	free(o.app);
	return rc;
}
