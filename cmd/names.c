#include "cmd/names.h"

#include "base/mem.h"

#include <string.h>

char **names_identify(struct invocation *inv, int *argc, char **argv)
{
	const char *slash = *argc > 0 ? strrchr(argv[0], '/') : NULL;
	const char *name = slash ? slash + 1 : *argc > 0 ? argv[0] : "sif";
	static char run_word[] = "run", end_word[] = "--";
	char **words;

	inv->name = name;
	if (strcmp(name, "apptainer") == 0) {
		inv->dialect = DIALECT_APPTAINER;
	} else if (strcmp(name, "singularity") == 0) {
		inv->dialect = DIALECT_SINGULARITY;
	} else if (strcmp(name, "run-singularity") == 0) {
		inv->dialect = DIALECT_APPTAINER;
		words = xcalloc((size_t)*argc + 3, sizeof(*words));
		words[0] = argv[0];
		words[1] = run_word;
		words[2] = end_word;
		memcpy(words + 3, argv + 1, (size_t)(*argc - 1) * sizeof(*words));
		*argc += 2;
		return words;
	} else {
		inv->name = "sif";
	}
	return argv;
}

const char *names_product(enum run_dialect dialect)
{
	static const char *const names[] = { "sif", "apptainer", "singularity-ce" };

	return names[dialect];
}

const char *names_version(enum run_dialect dialect)
{
	/* "+..." is build metadata to semantic versioning and to PEP 440 alike */
	static const char *const versions[] = { PACKAGE_VERSION, "1.4.5+sif" PACKAGE_VERSION,
						"4.3.0+sif" PACKAGE_VERSION };

	return versions[dialect];
}

/* The peers' names of our commands. */
static const struct {
	const char *theirs, *ours;
} synonyms[] = {
	{ "sif list", "object list" },
	{ "sif info", "object info" },
	{ "sif header", "object header" },
	{ "sif dump", "object dump" },
	{ "sif add", "object add" },
	{ "sif del", "object delete" },
	{ "sif setprim", "object set-primary" },
	{ "sif new", "object new" },
};

/* Are the first words of argv the words of name? How many, 0 = no. */
static int matches(const char *name, int argc, char *const argv[])
{
	const char *space = strchr(name, ' ');
	size_t n = space ? (size_t)(space - name) : strlen(name);

	if (strlen(argv[0]) != n || strncmp(argv[0], name, n) != 0)
		return 0;
	if (!space)
		return 1;
	return argc > 1 && strcmp(argv[1], space + 1) == 0 ? 2 : 0;
}

static const struct command *by_name(const char *name)
{
	for (const struct command *const *c = command_table; *c; c++)
		if (strcmp((*c)->name, name) == 0)
			return *c;
	return NULL;
}

const struct command *names_find(enum run_dialect dialect, int argc, char *const argv[], int *words)
{
	for (const struct command *const *c = command_table; *c; c++) {
		*words = matches((*c)->name, argc, argv);
		if (*words)
			return *c;
	}
	for (size_t i = 0; dialect != DIALECT_SIF && i < ARRAY_SIZE(synonyms); i++) {
		*words = matches(synonyms[i].theirs, argc, argv);
		if (*words)
			return by_name(synonyms[i].ours);
	}
	return NULL;
}

static void add_member(const char *name, const char *word, struct strv *ret)
{
	size_t n = strlen(word);

	if (strncmp(name, word, n) == 0 && name[n] == ' ')
		strv_add(ret, name);
}

void names_group(enum run_dialect dialect, const char *word, struct strv *ret)
{
	for (const struct command *const *c = command_table; *c; c++)
		if (!((*c)->flags & COMMAND_HIDDEN))
			add_member((*c)->name, word, ret);
	for (size_t i = 0; dialect != DIALECT_SIF && i < ARRAY_SIZE(synonyms); i++)
		add_member(synonyms[i].theirs, word, ret);
}

const char *names_nearest_command(const char *word)
{
	const char *names[128];
	size_t n = 0;

	for (const struct command *const *c = command_table; *c && n + 1 < ARRAY_SIZE(names); c++)
		if (!((*c)->flags & COMMAND_HIDDEN))
			names[n++] = (*c)->name;
	names[n] = NULL;
	return opt_nearest(word, names);
}

bool names_is_later_command(const char *word)
{
	static const char *const later[] = { "cache",	 "capability", "checkpoint", "delete", "instance",
					     "keyserver",  "oci",	     "overlay", "plugin",
					     "pull",	 "push",       "registry",   "remote",
					     "search" };

	for (size_t i = 0; i < ARRAY_SIZE(later); i++)
		if (strcmp(word, later[i]) == 0)
			return true;
	return false;
}
