#include "cmd/words.h"

#include <string.h>

int words_parse(const struct opt *table, int argc, char *const argv[], void *options, const char *words[],
		unsigned min, unsigned max, unsigned *n, const char *usage, struct err *e)
{
	bool ended = false;
	int index = 1;

	*n = 0;
	for (;;) {
		int before = index;

		if (!ended && opt_parse(table, argc, argv, &index, options, e))
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
