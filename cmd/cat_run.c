/* sif cat: bytes of files to standard output. */
#include "base/fd.h"
#include "cmd/command.h"
#include "cmd/root.h"

#include <sys/stat.h>

COMMAND_RUN(cat_main);
extern const struct opt cat_options[];

#define CHUNK (1u << 20)

static int print_file(const char *word, void *buf, struct err *e)
{
	OWN_ROOT struct root root = ROOT_INIT;
	struct squash_inode file;
	uint64_t off = 0;
	ssize_t n;

	if (root_open(word, &root, e) || root_find(&root, true, &file, e))
		return -1;
	if (!S_ISREG(file.mode))
		return err_set(e, ERR_USAGE, "'%s' in image '%s' is not a file", root.path, root.image);
	while ((n = squash_read(root.fs, &file, buf, CHUNK, off, e)) > 0) {
		if (fd_write_full(STDOUT_FILENO, buf, (size_t)n, "standard output", e))
			return -1;
		off += (uint64_t)n;
	}
	return n < 0 ? err_ctx(e, "'%s' in image '%s'", root.path, root.image) : 0;
}

int cat_main(const struct invocation *inv, int argc, char *const argv[], struct err *e)
{
	OWN_FREE void *buf = malloc(CHUNK);
	int index = 1;
	char none;

	(void)inv;
	if (!buf)
		return err_sys(e, ENOMEM, "cannot read");
	if (opt_parse(cat_options, argc, argv, &index, &none, e))
		return -1;
	if (index == argc)
		return err_set(e, ERR_USAGE, "which file? IMAGE:PATH");
	for (; index < argc; index++)
		if (print_file(argv[index], buf, e))
			return -1;
	return 0;
}
