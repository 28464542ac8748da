/* sif config show, sif config import. */
#include "cmd/config.h"

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "cmd/config_import.h"
#include "runtime/policy.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

COMMAND_RUN(config_show_main);
COMMAND_RUN(config_import_main);

/* One line of the answer. */
struct row {
	const char *key, *value, *section; /* value NULL: the key is not set */
	const char *origin; /* "built-in", "environment", or a file */
	unsigned line;	    /* 0 = none */
};

struct listing {
	const struct config_show_options *options;
	struct str text;
	size_t rows;
};

static void print_row(struct listing *l, const struct row *r)
{
	OWN_STR struct str setting = {};

	if (r->section)
		str_addf(&setting, "[path %s] ", r->section);
	str_addf(&setting, "%s =%s%s", r->key, r->value ? " " : "", r->value ? r->value : "");
	if (!l->options->origin)
		str_addf(&l->text, "%s\n", str_text(&setting));
	else if (r->line)
		str_addf(&l->text, "%-40s # %s:%u\n", str_text(&setting), r->origin, r->line);
	else
		str_addf(&l->text, "%-40s # %s\n", str_text(&setting), r->origin);
}

static void json_row(struct listing *l, const struct row *r)
{
	static const char value[] = "value";
	const char *const members[][2] = { { "key", r->key }, { value, r->value }, { "section", r->section },
					   { "origin", r->origin } };

	str_add(&l->text, l->rows ? ",\n  {" : "\n  {");
	for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
		if (!members[i][1] && members[i][0] != value)
			continue;
		str_addf(&l->text, "%s\"%s\": ", i ? ", " : "", members[i][0]);
		if (members[i][1])
			str_add_json(&l->text, members[i][1]);
		else
			str_add(&l->text, "null");
	}
	if (r->line)
		str_addf(&l->text, ", \"line\": %u", r->line);
	str_add(&l->text, "}");
}

static void add_row(struct listing *l, const struct row *r)
{
	if (l->options->json)
		json_row(l, r);
	else
		print_row(l, r);
	l->rows++;
}

static void add_setting(struct listing *l, const struct setting *s)
{
	OWN_FREE char *key = s->key->kind == CONFIG_OPTION ? xasprintf("default %s", s->option->name) :
							      xstrdup(s->key->name);

	add_row(l, &(struct row){ key, s->value, s->section, s->file, s->line });
}

static void add_builtin(struct listing *l, const char *key, const char *value)
{
	add_row(l, &(struct row){ key, value, NULL, "built-in", 0 });
}

/* Of its lines one counts. */
static bool is_single(const struct config_key *key)
{
	return key->kind == CONFIG_BOOL || key->kind == CONFIG_SIZE || key->kind == CONFIG_WORD;
}

/* Keys of which every line counts, and lines of sections when no image is
 * named: then nobody knows yet which one will count. */
static void list_lines(struct listing *l, const struct config *c, const struct config_key *key, const char *image)
{
	bool collected = !is_single(key);

	for (size_t i = 0; i < c->n; i++) {
		const struct setting *s = &c->v[i];

		if (s->key == key && (image ? collected && config_applies(s, image) : collected || s->section))
			add_setting(l, s);
	}
}

/* Does a line of the files give key (of a CONFIG_OPTION: that option) a value
 * wherever the image lies, or for this one? */
static bool is_set(const struct config *c, const struct config_key *key, const struct opt *option, const char *image)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->v[i].key == key && (!option || c->v[i].option == option) && config_applies(&c->v[i], image))
			return true;
	return false;
}

/* Options that neither a file nor a variable sets: what a run begins with. */
static void list_unset_options(struct listing *l, const struct config *c, const struct config_key *key,
			       const char *image, enum run_dialect dialect)
{
	for (const struct opt *o = run_options; o->name; o++) {
		OWN_FREE char *name = xasprintf("default %s", o->name);
		OWN_FREE char *twin = opt_env_found(o, options_prefixes(dialect), environ);

		if (!twin && !(o->flags & OPT_HIDDEN) && !is_set(c, key, o, image))
			add_builtin(l, name, o->kind == OPT_TRUE ? "no" : NULL);
	}
}

static void list_key(struct listing *l, const struct config *c, const struct config_key *key, const char *image,
		     enum run_dialect dialect)
{
	const struct setting *s;

	if (is_single(key)) {
		s = policy_setting(c, key, image);
		if (s)
			add_setting(l, s);
		else
			add_builtin(l, key->name, key->builtin);
	} else if (key->kind != CONFIG_OPTION && !is_set(c, key, NULL, image)) {
		add_builtin(l, key->name, NULL);
	}
	list_lines(l, c, key, image);
	if (key->kind == CONFIG_OPTION)
		list_unset_options(l, c, key, image, dialect);
}

/* Options that an environment twin sets. Values are checked as a run does. */
static int list_environment(struct listing *l, enum run_dialect dialect, struct err *e)
{
	OWN_RUN_SPEC struct run_spec spec = { .dialect = dialect };
	struct option_sources src = {};

	for (const struct opt *o = run_options; o->name; o++) {
		OWN_FREE char *key = xasprintf("default %s", o->name), *origin = NULL;
		OWN_FREE char *name = opt_env_found(o, options_prefixes(dialect), environ);

		if (!name)
			continue;
		origin = xasprintf("environment %s", name);
		add_row(l, &(struct row){ key, getenv(name), NULL, origin, 0 });
	}
	return options_from_env(&spec, environ, &src, e);
}

/* What a run would have stopped at. */
static int report_faults(const struct strv *faults, struct err *e)
{
	for (size_t i = 0; i < faults->n; i++)
		log_warn("%s", faults->v[i]);
	if (!faults->n)
		return 0;
	err_set(e, ERR_USAGE, "%zu line%s of the configuration %s wrong", faults->n, faults->n == 1 ? "" : "s",
		faults->n == 1 ? "is" : "are");
	return err_hint(e, "no image runs until that is put right; sif.conf(5) lists the keys");
}

int config_show_main(const struct invocation *inv, int argc, char *const argv[], struct err *e)
{
	struct config_show_options options = {};
	OWN_FREE char *image = NULL, *image_word = NULL;
	OWN_STRV struct strv faults = {};
	OWN_CONFIG struct config config = { .faults = &faults };
	struct listing l = { .options = &options };
	int index = 1, status;

	status = opt_parse(command_config_show.options, argc, argv, &index, &options, e);
	image_word = options.image;
	if (status)
		return -1;
	if (index < argc)
		return err_set(e, ERR_USAGE, "'config show' takes no words: '%s'", argv[index]);
	if (image_word && !(image = realpath(image_word, NULL)))
		return err_sys(e, errno, "cannot find image '%s'", image_word);
	if (config_load(&config, e))
		return -1;
	if (options.json)
		str_add(&l.text, "[");
	for (const struct config_key *key = config_keys; key->name; key++)
		list_key(&l, &config, key, image, inv->dialect);
	status = list_environment(&l, inv->dialect, e);
	if (options.json)
		str_add(&l.text, "\n]\n");
	fputs(str_text(&l.text), stdout);
	str_free(&l.text);
	return status ? status : report_faults(&faults, e);
}

int config_import_main(const struct invocation *inv, int argc, char *const argv[], struct err *e)
{
	OWN_STR struct str out = {};
	OWN_FREE char *text = NULL;
	int index = 1, status;
	size_t losses;

	(void)inv;
	if (opt_parse(command_config_import.options, argc, argv, &index, NULL, e))
		return -1;
	if (argc - index != 1)
		return err_set(e, ERR_USAGE, "'config import' takes one file, e.g. /etc/apptainer/apptainer.conf");
	status = strcmp(argv[index], "-") == 0 ? fd_read_all(0, 1 << 20, "standard input", &text, NULL, e) :
						  fd_read_file(argv[index], 1 << 20, &text, NULL, e);
	if (status)
		return -1;
	losses = config_import(text, &out);
	fputs(str_text(&out), stdout);
	if (losses)
		log_warn("%zu of the directives could not be taken over; the comments say why", losses);
	return 0;
}
