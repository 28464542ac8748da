/* sif key list. */
#include "base/mem.h"
#include "cmd/command.h"
#include "cmd/key_store.h"
#include "cmd/sign.h"
#include "cmd/words.h"
#include "image/sign/pubkey.h"
#include "runtime/trust/store.h"

#include <stdio.h>
#include <string.h>

COMMAND_RUN(key_list_main);

struct entry {
	char *name, *id, *kind;
	bool has_private, trusted, ring;
};

struct entries {
	struct entry *v;
	size_t n;
};

static void entries_free(struct entries *l)
{
	for (size_t i = 0; i < l->n; i++) {
		free(l->v[i].name);
		free(l->v[i].id);
		free(l->v[i].kind);
	}
	free(l->v);
}
#define OWN_ENTRIES OWN(entries_free)

static struct entry *entry_of(struct entries *l, const char *name, const char *id)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->v[i].name, name) == 0 && strcmp(l->v[i].id, id) == 0)
			return &l->v[i];
	l->v = xreallocarray(l->v, l->n + 1, sizeof(*l->v));
	l->v[l->n] = (struct entry){ .name = xstrdup(name), .id = xstrdup(id), .kind = xstrdup("") };
	return &l->v[l->n++];
}

static int list_key(struct entries *l, const char *folder, const char *name, struct err *e)
{
	OWN_FREE char *text = NULL;
	struct pubkey *k;
	struct entry *entry;
	size_t len = 0;

	if (key_read(folder, name, STORE_PUBLIC, &text, &len, e) || !text || pubkey_from_pem(text, len, name, &k, e))
		return text ? -1 : 0;
	entry = entry_of(l, name, pubkey_id(k));
	free(entry->kind);
	entry->kind = xstrdup(pubkey_kind(k));
	if (strcmp(folder, "keys") == 0)
		entry->has_private = key_is_stored("keys", name, STORE_PRIVATE);
	else
		entry->trusted = true;
	pubkey_free(k);
	return 0;
}

static int list_folder(struct entries *l, const char *folder, struct err *e)
{
	OWN_FREE char *dir = store_dir(folder);
	OWN_DIR DIR *d = dir ? opendir(dir) : NULL;
	struct dirent *file;

	while (d && (file = readdir(d))) {
		OWN_FREE char *name = xstrdup(file->d_name);

		if (name[0] == '.')
			continue;
		if (str_ends(name, STORE_PUBLIC)) {
			name[strlen(name) - strlen(STORE_PUBLIC)] = '\0';
			if (list_key(l, folder, name, e))
				return -1;
		} else if (str_ends(name, STORE_RING)) {
			struct entry *entry;

			name[strlen(name) - strlen(STORE_RING)] = '\0';
			entry = entry_of(l, name, "");
			entry->ring = entry->trusted = true;
		}
	}
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct entry *)a)->name, ((const struct entry *)b)->name);
}

static void list_text(const struct entries *l, struct str *out)
{
	if (l->n)
		str_addf(out, "%-20s %-8s %-7s %-11s %s\n", "NAME", "PRIVATE", "TRUSTED", "TYPE", "KEY");
	for (size_t i = 0; i < l->n; i++)
		str_addf(out, "%-20s %-8s %-7s %-11s %s\n", l->v[i].name, l->v[i].has_private ? "yes" : "-",
			 l->v[i].trusted ? "yes" : "-", l->v[i].ring ? "openpgp" : l->v[i].kind,
			 l->v[i].ring ? "-" : l->v[i].id);
}

static void list_json(const struct entries *l, struct str *out)
{
	str_add(out, "[");
	for (size_t i = 0; i < l->n; i++) {
		const struct entry *k = &l->v[i];

		str_add(out, i ? ",\n  {\"name\": " : "\n  {\"name\": ");
		str_add_json(out, k->name);
		str_addf(out, ", \"private\": %s, \"trusted\": %s, \"type\": \"%s\", \"key\": ",
			 k->has_private ? "true" : "false", k->trusted ? "true" : "false", k->ring ? "openpgp" : k->kind);
		if (k->ring)
			str_add(out, "null");
		else
			str_add_json(out, k->id);
		str_add(out, "}");
	}
	str_add(out, l->n ? "\n]\n" : "]\n");
}

int key_list_main(const struct invocation *inv, int argc, char *const argv[], struct err *e)
{
	OWN_KEY_OPTIONS struct key_options o = {};
	OWN_ENTRIES struct entries l = {};
	OWN_STR struct str out = {};
	unsigned n;

	if (words_parse(key_list_options, argc, argv, &o, NULL, 0, 0, &n, "", e) || list_folder(&l, "keys", e) ||
	    list_folder(&l, "trust.d", e))
		return -1;
	if (l.n)
		qsort(l.v, l.n, sizeof(*l.v), by_name);
	if (o.json)
		list_json(&l, &out);
	else
		list_text(&l, &out);
	fputs(str_text(&out), stdout);
	if (!l.n && !o.json && !inv->quiet)
		fprintf(stderr, "there are no keys; 'sif key new' makes one\n");
	return 0;
}
