#include "cmd/words.h"

#include "base/mem.h"
#include "runtime/options.h"

#include <string.h>

static int parse(const struct opt *table, int argc, char *const argv[], void *options, unsigned char *from,
		 const char *words[], unsigned min, unsigned max, unsigned *n, const char *usage, struct err *e)
{
	bool ended = false;
	int index = 1;

	*n = 0;
	for (;;) {
		int before = index;

		if (!ended && opt_parse_from(table, argc, argv, &index, options, from, SOURCE_COMMAND_LINE, e))
			return -1;
		ended |= index > before && strcmp(argv[index - 1], "--") == 0;
		if (index >= argc)
			break;
		if (*n == max)
			return err_set(e, ERR_USAGE, "there is a word too many: '%s' (usage: %s %s)", argv[index],
				       argv[0], usage);
		words[(*n)++] = argv[index++];
	}
	if (*n < min)
		return err_set(e, ERR_USAGE, "a word is missing (usage: %s %s)", argv[0], usage);
	return 0;
}

int words_parse(const struct opt *table, int argc, char *const argv[], void *options, const char *words[],
		unsigned min, unsigned max, unsigned *n, const char *usage, struct err *e)
{
	OWN_FREE unsigned char *from = xcalloc(opt_count(table) + 1, 1);

	return parse(table, argc, argv, options, from, words, min, max, n, usage, e);
}

static struct strv *list_of(const struct opt *o, void *options)
{
	return (struct strv *)((char *)options + o->offset);
}

int words_parse_env(const struct invocation *inv, const struct opt *table, int argc, char *const argv[], void *options,
		    const char *words[], unsigned min, unsigned max, unsigned *n, const char *usage, struct err *e)
{
	size_t count = opt_count(table);
	OWN_FREE unsigned char *from = xcalloc(count + 1, 1);
	OWN_FREE size_t *typed = xcalloc(count + 1, sizeof(*typed));

	if (parse(table, argc, argv, options, from, words, min, max, n, usage, e))
		return -1;
	for (size_t i = 0; i < count; i++)
		if (table[i].kind == OPT_LIST)
			typed[i] = list_of(&table[i], options)->n;
	if (opt_env(table, options_prefixes(inv->dialect), environ, options, from, SOURCE_ENVIRONMENT, e))
		return -1;
	for (size_t i = 0; i < count; i++)
		while (typed[i] && list_of(&table[i], options)->n > typed[i]) {
			struct strv *l = list_of(&table[i], options);

			free(l->v[--l->n]);
			l->v[l->n] = NULL;
		}
	return 0;
}
