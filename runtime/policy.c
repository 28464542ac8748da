#include "runtime/policy.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/num.h"

#include <limits.h>
#include <string.h>

static bool bool_value(const char *text)
{
	struct err ignored;
	int on = 0;

	/* config_parse has checked it */
	return num_bool(text, &on, &ignored) == 0 && on;
}

static uint64_t size_value(const char *text)
{
	struct err ignored;
	uint64_t v = 0;

	return num_size(text, &v, &ignored) ? 0 : v;
}

/* The setting of one file that counts. */
static const struct setting *from_file(const struct config *c, const struct config_key *key, const char *image,
				       enum option_source source)
{
	const struct setting *best = NULL;
	size_t longest = 0;

	for (size_t i = 0; i < c->n; i++) {
		const struct setting *s = &c->v[i];
		size_t n = s->section ? strlen(s->section) : 0;

		if (s->key != key || s->source != source || !config_applies(s, image) || n < longest)
			continue;
		best = s;
		longest = n;
	}
	return best;
}

const struct setting *policy_setting(const struct config *c, const struct config_key *key, const char *image)
{
	const struct setting *user = from_file(c, key, image, SOURCE_USER_FILE);
	const struct setting *system = from_file(c, key, image, SOURCE_SYSTEM_FILE);

	if (!user || !system)
		return user ? user : system;
	if (key->kind == CONFIG_BOOL)
		return bool_value(system->value) ? user : system;
	if (key->kind == CONFIG_WORD)
		return system;
	if (key->kind == CONFIG_SIZE)
		return size_value(user->value) <= size_value(system->value) ? user : system;
	return user;
}

static int refuse(const struct setting *s, const char *what, struct err *e)
{
	err_set(e, ERR_POLICY, "%s is forbidden by %s:%u", what, s->file, s->line);
	if (s->source == SOURCE_SYSTEM_FILE)
		return err_hint(e, "this is a rule of the administrator of this machine");
	return err_hint(e, "this is your own file");
}

static bool asked_for(const struct option_sources *src, const struct opt *o)
{
	int from = src->from[o - run_options];

	return from != SOURCE_NONE && from != SOURCE_SYSTEM_FILE;
}

static int check_forbidden(const struct config *c, const char *image, const struct option_sources *src, struct err *e)
{
	for (size_t i = 0; i < c->n; i++) {
		const struct setting *s = &c->v[i];
		OWN_FREE char *what = NULL;

		if (s->key->kind != CONFIG_FORBID || !config_applies(s, image) || !asked_for(src, s->option))
			continue;
		what = xasprintf("option '--%s'", s->option->name);
		return refuse(s, what, e);
	}
	return 0;
}

/* "bind control = no": no path of the user's choice comes in. */
static int check_bind_control(const struct config *c, const struct config_key *key, const char *image,
			      const struct option_sources *src, struct err *e)
{
	static const char *const names[] = { "bind", "mount", "home", "workdir" };
	const struct setting *s = policy_setting(c, key, image);

	for (size_t i = 0; s && !bool_value(s->value) && i < ARRAY_SIZE(names); i++) {
		OWN_FREE char *what = NULL;

		if (!asked_for(src, opt_find(run_options, names[i])))
			continue;
		what = xasprintf("binding paths (option '--%s')", names[i]);
		return refuse(s, what, e);
	}
	return 0;
}

static int apply_defaults(const struct config *c, const char *image, enum option_source source, struct run_spec *s,
			  struct option_sources *src, struct err *e)
{
	for (size_t i = 0; i < c->n; i++) {
		const struct setting *k = &c->v[i];

		if (k->key->kind != CONFIG_OPTION || k->source != source || !config_applies(k, image))
			continue;
		if (opt_set(run_options, k->option->name, k->value, s, src->from, (int)source, e))
			return err_ctx(e, "%s:%u", k->file, k->line);
	}
	return 0;
}

static void apply_bind_paths(const struct config *c, const char *image, enum option_source source, struct run_spec *s)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->v[i].key->kind == CONFIG_PATHS && c->v[i].source == source && config_applies(&c->v[i], image))
			strv_add(&s->bind_paths, c->v[i].value);
}

/* An option (--session-size) may ask for a size; the key is the default, the
 * administrator's is also the limit. */
static void apply_size(const struct config *c, const struct config_key *key, const char *image, struct run_spec *s)
{
	const struct setting *chosen = policy_setting(c, key, image);
	const struct setting *limit = from_file(c, key, image, SOURCE_SYSTEM_FILE);
	uint64_t *size = (uint64_t *)((char *)s + key->offset);

	if (chosen && !*size)
		*size = size_value(chosen->value);
	if (!limit || *size <= size_value(limit->value))
		return;
	*size = size_value(limit->value);
	log_warn("'%s' is limited to %s by %s:%u", key->name, limit->value, limit->file, limit->line);
}

/* An option that was asked for may have filled the field already. */
static void apply_word(const struct config *c, const struct config_key *key, const char *image, struct run_spec *s)
{
	const struct setting *k = policy_setting(c, key, image);
	char **field = (char **)(void *)((char *)s + key->offset);

	if (k && !*field)
		*field = xstrdup(k->value);
}

static void apply_keys(const struct config *c, const char *image, struct run_spec *s)
{
	for (const struct config_key *key = config_keys; key->name; key++) {
		const struct setting *k = key->kind == CONFIG_BOOL ? policy_setting(c, key, image) : NULL;

		if (k)
			*(bool *)((char *)s + key->offset) = bool_value(k->value);
		else if (key->kind == CONFIG_SIZE)
			apply_size(c, key, image, s);
		else if (key->kind == CONFIG_WORD)
			apply_word(c, key, image, s);
	}
}

int policy_apply(const struct config *c, struct run_spec *s, struct option_sources *src, struct err *e)
{
	OWN_FREE char *image = c->n && s->image ? realpath(s->image, NULL) : NULL;

	if (apply_defaults(c, image, SOURCE_USER_FILE, s, src, e) || apply_defaults(c, image, SOURCE_SYSTEM_FILE, s, src, e))
		return -1;
	if (check_forbidden(c, image, src, e))
		return -1;
	for (const struct config_key *key = config_keys; key->name; key++)
		if (strcmp(key->name, "bind control") == 0 && check_bind_control(c, key, image, src, e))
			return -1;
	apply_bind_paths(c, image, SOURCE_USER_FILE, s);
	apply_bind_paths(c, image, SOURCE_SYSTEM_FILE, s);
	apply_keys(c, image, s);
	return 0;
}
