/* Names to inodes: a walk that never leaves the image's root. */
#include "image/squash/internal.h"

#include <linux/limits.h>
#include <sys/stat.h>

#define LINKS_MAX 40 /* as the kernel */
#define DEPTH_MAX (PATH_MAX / 2)

/* What is left of the path stands in .rest; .dirs are the directories that were
 * entered, for "..": an inode knows its parent's number, not its place. */
struct walk {
	struct squash *fs;
	char *rest;
	unsigned links, depth;
	struct squash_inode at;
	uint64_t dirs[DEPTH_MAX];
};

/* The link's target goes before what is left, which is "" or begins with '/'. */
static int enter_link(struct walk *w, const struct squash_inode *link, const char *rest, struct err *e)
{
	OWN_FREE char *target = NULL;
	char *joined;

	if (++w->links > LINKS_MAX)
		return err_sys(e, ELOOP, "cannot follow a link");
	if (squash_readlink(w->fs, link, &target, e))
		return -1;
	if (strlen(target) + strlen(rest) >= PATH_MAX)
		return err_sys(e, ENAMETOOLONG, "cannot follow a link");
	if (asprintf(&joined, "%s%s", target, rest) < 0)
		return err_sys(e, ENOMEM, "cannot follow a link");
	free(w->rest);
	w->rest = joined;
	if (*target != '/')
		return 0;
	w->depth = 0;
	return squash_inode_read(w->fs, squash_root_ref(w->fs), &w->at, e);
}

static int go_up(struct walk *w, struct err *e)
{
	if (w->depth == 0)
		return 0;
	w->depth--;
	return squash_inode_read(w->fs, w->dirs[w->depth], &w->at, e);
}

/* One component of len bytes. 1 = stepped (or w->rest was replaced), 0, -1. */
static int step(struct walk *w, const char *name, size_t len, const char *rest, bool follow, bool *replaced,
		struct err *e)
{
	struct squash_dirent ent;
	struct squash_inode next;
	bool last = rest[strspn(rest, "/")] == '\0';
	int r;

	*replaced = false;
	if (!S_ISDIR(w->at.mode))
		return 0;
	if (len == 1 && name[0] == '.')
		return 1;
	if (len == 2 && name[0] == '.' && name[1] == '.')
		return go_up(w, e) ? -1 : 1;
	if (len > SQUASH_NAME_MAX)
		return 0;
	r = squash_dir_find(w->fs, &w->at, name, len, &ent, e);
	if (r <= 0)
		return r;
	if (squash_inode_read(w->fs, ent.ref, &next, e))
		return -1;
	if (S_ISLNK(next.mode) && (!last || follow || *rest == '/')) {
		*replaced = true;
		return enter_link(w, &next, rest, e) ? -1 : 1;
	}
	if (S_ISDIR(next.mode)) {
		if (w->depth == DEPTH_MAX)
			return err_sys(e, ENAMETOOLONG, "cannot walk a path");
		w->dirs[w->depth++] = w->at.ref;
	}
	w->at = next;
	return 1;
}

static int walk(struct walk *w, bool follow, struct err *e)
{
	const char *p = w->rest;

	for (;;) {
		bool replaced;
		size_t len;
		int r;

		p += strspn(p, "/");
		len = strcspn(p, "/");
		if (len == 0)
			return 1;
		r = step(w, p, len, p + len, follow, &replaced, e);
		if (r <= 0)
			return r;
		p = replaced ? w->rest : p + len;
		/* "file/" names no file */
		if (!replaced && *p == '/' && !S_ISDIR(w->at.mode))
			return 0;
	}
}

int squash_lookup(struct squash *fs, const char *path, bool follow, struct squash_inode *ret, struct err *e)
{
	struct walk *w;
	int r;

	if (strlen(path) >= PATH_MAX)
		return err_sys(e, ENAMETOOLONG, "cannot walk a path");
	w = calloc(1, sizeof(*w));
	if (!w)
		return err_sys(e, ENOMEM, "cannot walk a path");
	w->fs = fs;
	w->rest = strdup(path);
	if (!w->rest)
		r = err_sys(e, ENOMEM, "cannot walk a path");
	else if (squash_inode_read(fs, squash_root_ref(fs), &w->at, e))
		r = -1;
	else
		r = walk(w, follow, e);
	if (r > 0)
		*ret = w->at;
	free(w->rest);
	free(w);
	return r;
}
