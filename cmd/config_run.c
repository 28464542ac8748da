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
	const char *key, *value, *section;
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
	str_addf(&setting, "%s = %s", r->key, r->value);
	if (!l->options->origin)
		str_addf(&l->text, "%s\n", str_text(&setting));
	else if (r->line)
		str_addf(&l->text, "%-40s # %s:%u\n", str_text(&setting), r->origin, r->line);
	else
		str_addf(&l->text, "%-40s # %s\n", str_text(&setting), r->origin);
}

static void json_row(struct listing *l, const struct row *r)
{
	const char *const members[][2] = { { "key", r->key }, { "value", r->value }, { "section", r->section },
					   { "origin", r->origin } };

	str_add(&l->text, l->rows ? ",\n  {" : "\n  {");
	for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
		if (!members[i][1])
			continue;
		str_addf(&l->text, "%s\"%s\": ", i ? ", " : "", members[i][0]);
		str_add_json(&l->text, members[i][1]);
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

/* Keys of which every line counts, and lines of sections when no image is
 * named: then nobody knows yet which one will count. */
static void list_lines(struct listing *l, const struct config *c, const struct config_key *key, const char *image)
{
	bool collected = key->kind != CONFIG_BOOL && key->kind != CONFIG_SIZE;

	for (size_t i = 0; i < c->n; i++) {
		const struct setting *s = &c->v[i];

		if (s->key == key && (image ? collected && config_applies(s, image) : collected || s->section))
			add_setting(l, s);
	}
}

static void list_key(struct listing *l, const struct config *c, const struct config_key *key, const char *image)
{
	const struct setting *s;

	if (key->kind == CONFIG_BOOL || key->kind == CONFIG_SIZE) {
		s = policy_setting(c, key, image);
		if (s)
			add_setting(l, s);
		else
			add_row(l, &(struct row){ key->name, key->builtin, NULL, "built-in", 0 });
	}
	list_lines(l, c, key, image);
}

/* Options that an environment twin sets. Values are checked as a run does. */
static int list_environment(struct listing *l, const struct invocation *inv, struct err *e)
{
	OWN_RUN_SPEC struct run_spec spec = { .dialect = inv->dialect };
	struct option_sources src = {};

	if (options_from_env(&spec, environ, &src, e))
		return -1;
	for (const struct opt *o = run_options; o->name; o++) {
		OWN_FREE char *key = xasprintf("default %s", o->name), *origin = NULL;
		OWN_FREE char *name = opt_env_found(o, options_prefixes(inv->dialect), environ);

		if (!name)
			continue;
		origin = xasprintf("environment %s", name);
		add_row(l, &(struct row){ key, getenv(name), NULL, origin, 0 });
	}
	return 0;
}

int config_show_main(const struct invocation *inv, int argc, char *const argv[], struct err *e)
{
	struct config_show_options options = {};
	OWN_FREE char *image = NULL, *image_word = NULL;
	OWN_CONFIG struct config config = {};
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
		list_key(&l, &config, key, image);
	status = list_environment(&l, inv, e);
	if (options.json)
		str_add(&l.text, "\n]\n");
	if (!status)
		fputs(str_text(&l.text), stdout);
	str_free(&l.text);
	return status;
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
