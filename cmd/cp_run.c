/* sif cp: files and trees out of an image. */
#include "base/cpus.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/replace.h"
#include "base/str.h"
#include "cmd/command.h"
#include "cmd/cp.h"
#include "cmd/root.h"
#include "image/squash/extract.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

COMMAND_RUN(cp_main);
extern const struct opt cp_options[];

/* Last component of a path, malloc'ed; "" for the root. */
static char *last_name(const char *path)
{
	size_t end = strlen(path), start;

	while (end && path[end - 1] == '/')
		end--;
	for (start = end; start && path[start - 1] != '/'; start--)
		;
	return xstrndup(path + start, end - start);
}

/* Where a source goes: DEST itself, or a name in it when it is a directory. */
static int target_of(const char *dest, const struct root *r, char **ret, struct err *e)
{
	OWN_FREE char *name = last_name(r->path);
	struct stat st;

	if (stat(dest, &st) || !S_ISDIR(st.st_mode)) {
		*ret = xstrdup(dest);
		return 0;
	}
	if (!*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
		err_set(e, ERR_USAGE, "'%s' exists, and '%s' has no name of its own", dest, r->path);
		return err_hint(e, "name a directory that does not exist yet");
	}
	*ret = xasprintf("%s/%s", dest, name);
	return 0;
}

static void tell(const struct squash_extract_stats *s)
{
	if (s->devices)
		log_warn("%llu device nodes were left out: only root can make them",
			 (unsigned long long)s->devices);
	if (s->xattrs)
		log_warn("%llu extended attributes were left out: the file system refused them",
			 (unsigned long long)s->xattrs);
}

static int copy_file(const struct root *r, const struct squash_inode *file, const char *target,
		     const struct squash_extract_options *opt, struct err *e)
{
	OWN_REPLACE struct replace out = REPLACE_INIT;
	struct squash_extract_stats stats;

	if (replace_begin(&out, target, 0600, e) || squash_extract_file(r->fs, file, out.fd, opt, &stats, e))
		return -1;
	tell(&stats);
	return replace_commit(&out, true, e);
}

static int copy_tree(const struct root *r, const struct squash_inode *start, const char *target,
		     const struct squash_extract_options *opt, struct err *e)
{
	OWN_FREE char *name = last_name(target), *dir = NULL;
	OWN_FD int fd = -1;
	struct squash_extract_stats stats;
	size_t n = strlen(target);

	while (n && target[n - 1] == '/')
		n--;
	n -= strlen(name);
	dir = n ? xstrndup(target, n) : xstrdup(".");
	if (!*name)
		return err_set(e, ERR_USAGE, "'%s' exists", target);
	fd = fd_open(dir, O_RDONLY | O_DIRECTORY, e);
	if (fd < 0)
		return -1;
	if (squash_extract(r->fs, start, fd, name, opt, &stats, e)) {
		if (e->sys == EEXIST)
			err_hint(e, "sif cp never writes into what exists; name something new");
		return -1;
	}
	tell(&stats);
	return 0;
}

static int copy(const char *word, const char *dest, const struct cp_options *opt, struct err *e)
{
	struct squash_extract_options how = { .threads = cpus_available(),
					      .owners = opt->archive && geteuid() == 0 };
	bool tree = opt->recursive || opt->archive;
	OWN_ROOT struct root root = ROOT_INIT;
	OWN_FREE char *target = NULL;
	struct squash_inode inode;
	int r;

	if (root_open(word, &root, e) || root_find(&root, !tree, &inode, e) || target_of(dest, &root, &target, e))
		return -1;
	if (S_ISDIR(inode.mode) && !tree) {
		err_set(e, ERR_USAGE, "'%s' in image '%s' is a directory", root.path, root.image);
		return err_hint(e, "sif cp -r copies directories");
	}
	if (!S_ISREG(inode.mode) && !tree)
		return err_set(e, ERR_USAGE, "'%s' in image '%s' is not a file", root.path, root.image);
	if (S_ISREG(inode.mode))
		r = copy_file(&root, &inode, target, &how, e);
	else
		r = copy_tree(&root, &inode, target, &how, e);
	return r ? err_ctx(e, "copying '%s' to '%s'", word, target) : 0;
}

int cp_main(const struct invocation *inv, int argc, char *const argv[], struct err *e)
{
	struct cp_options opt = {};
	struct stat st;
	int index = 1;

	(void)inv;
	if (opt_parse(cp_options, argc, argv, &index, &opt, e))
		return -1;
	if (argc - index < 2)
		return err_set(e, ERR_USAGE, "what to copy, and where? IMAGE:PATH... DEST");
	if (argc - index > 2 && (stat(argv[argc - 1], &st) || !S_ISDIR(st.st_mode)))
		return err_set(e, ERR_USAGE, "'%s' is not a directory, it cannot take several files",
			       argv[argc - 1]);
	for (; index < argc - 1; index++)
		if (copy(argv[index], argv[argc - 1], &opt, e))
			return -1;
	return 0;
}
