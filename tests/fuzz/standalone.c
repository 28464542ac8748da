/* main() of a fuzz target without libFuzzer: gives it each file of the folders
 * or files that are named, by default its own corpus. */
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "tests/fuzz/fuzz.h"

#include <fcntl.h>
#include <stdbool.h>
#include <string.h>

#define LIMIT (16 << 20)

static unsigned replayed;

static bool replay_file(const char *path)
{
	OWN_FREE char *text = NULL;
	OWN_FREE uint8_t *exact = NULL;
	struct err e = {};
	size_t len;

	if (fd_read_file(path, LIMIT, &text, &len, &e)) {
		fprintf(stderr, "%s\n", e.msg);
		return false;
	}
	/* A block of just this size, so that a sanitizer sees every step beyond. */
	exact = xmalloc(len);
	memcpy(exact, text, len);
	LLVMFuzzerTestOneInput(exact, len);
	replayed++;
	return true;
}

static bool replay(const char *path)
{
	OWN_DIR DIR *dir = opendir(path);
	struct dirent *d;
	bool good = true;

	if (!dir)
		return replay_file(path);
	while ((d = readdir(dir))) {
		OWN_FREE char *file = xasprintf("%s/%s", path, d->d_name);

		if (d->d_name[0] != '.')
			good &= replay_file(file);
	}
	return good;
}

/* tests/fuzz/fuzz_NAME -> tests/fuzz/corpus/NAME */
static bool replay_own(const char *program)
{
	const char *slash = strrchr(program, '/'), *base = slash ? slash + 1 : program, *top = getenv("top_srcdir");
	OWN_FREE char *path = NULL;

	if (strncmp(base, "fuzz_", 5) == 0)
		base += 5;
	path = xasprintf("%s/tests/fuzz/corpus/%s", top ? top : ".", base);
	return replay(path);
}

int main(int argc, char **argv)
{
	bool good = argc > 1 || replay_own(argv[0]);

	for (int i = 1; i < argc; i++)
		good &= replay(argv[i]);
	printf("%u inputs replayed\n", replayed);
	return good && replayed ? EXIT_SUCCESS : EXIT_FAILURE;
}
