/* The stack is on the heap and so is the set of directories that were entered:
 * the depth of a hostile tree costs no stack, and what is allocated grows with
 * the directories that the image really has. */
#include "image/squash/walk.h"

#include "base/str.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct level {
	struct squash_inode inode;
	struct squash_dir dir;
	size_t path_len;
};

struct refs {
	uint64_t *slot; /* 0 = free; else ref + 1 */
	size_t n, cap;	/* a power of two */
};

struct walk {
	struct squash *fs;
	squash_walk_fn fn;
	void *ctx;
	struct level *level;
	size_t depth, cap;
	struct refs seen;
	struct str path;
};

static bool refs_put(struct refs *r, uint64_t ref)
{
	size_t i = (ref + 1) * 0x9e3779b97f4a7c15ull >> 20 & (r->cap - 1);

	while (r->slot[i] && r->slot[i] != ref + 1)
		i = (i + 1) & (r->cap - 1);
	if (r->slot[i])
		return false;
	r->slot[i] = ref + 1;
	r->n++;
	return true;
}

static int refs_grow(struct refs *r, struct err *e)
{
	struct refs more = { .cap = r->cap ? r->cap * 2 : 1024 };

	more.slot = calloc(more.cap, sizeof(*more.slot));
	if (!more.slot)
		return err_sys(e, ENOMEM, "cannot walk the image");
	for (size_t i = 0; i < r->cap; i++)
		if (r->slot[i])
			refs_put(&more, r->slot[i] - 1);
	free(r->slot);
	*r = more;
	return 0;
}

static int visit(struct walk *w, enum squash_walk_what what, const struct squash_inode *inode, struct err *e)
{
	const char *path = str_text(&w->path), *slash = strrchr(path, '/');
	struct squash_visit v = {
		.what = what,
		.path = path,
		.name = slash ? slash + 1 : path,
		.depth = (unsigned)w->depth,
		.inode = inode,
	};

	return w->fn(w->ctx, &v, e);
}

static int enter(struct walk *w, const struct squash_inode *inode, struct err *e)
{
	struct level *l;

	if (w->depth == SQUASH_WALK_DEPTH)
		return err_set(e, ERR_FORMAT, "directories are nested deeper than %d", SQUASH_WALK_DEPTH);
	if (w->seen.n * 2 >= w->seen.cap && refs_grow(&w->seen, e))
		return -1;
	if (!refs_put(&w->seen, inode->ref))
		return err_set(e, ERR_FORMAT, "'%s' is a directory that has another name already",
			       str_text(&w->path));
	if (w->depth == w->cap) {
		size_t cap = w->cap ? w->cap * 2 : 32;
		struct level *more = realloc(w->level, cap * sizeof(*more));

		if (!more)
			return err_sys(e, ENOMEM, "cannot walk the image");
		w->level = more;
		w->cap = cap;
	}
	l = &w->level[w->depth];
	l->inode = *inode;
	l->path_len = w->path.len;
	if (squash_dir_open(w->fs, inode, 0, &l->dir, e))
		return -1;
	w->depth++;
	return 0;
}

static void set_path(struct walk *w, size_t len)
{
	w->path.len = len;
	if (w->path.s)
		w->path.s[len] = '\0';
}

static int leave(struct walk *w, struct err *e)
{
	struct level *l = &w->level[--w->depth];
	struct squash_inode inode = l->inode;

	set_path(w, l->path_len);
	return visit(w, SQUASH_WALK_LEAVE, &inode, e) < 0 ? -1 : 0;
}

static int entry(struct walk *w, const struct squash_inode *inode, struct err *e)
{
	int r = visit(w, SQUASH_WALK_ENTRY, inode, e);

	if (r < 0)
		return -1;
	return r == 0 && S_ISDIR(inode->mode) ? enter(w, inode, e) : 0;
}

static int next(struct walk *w, struct err *e)
{
	struct level *l = &w->level[w->depth - 1];
	struct squash_dirent ent;
	struct squash_inode inode;
	int r;

	set_path(w, l->path_len);
	r = squash_dir_next(&l->dir, &ent, e);
	if (r < 0)
		return err_ctx(e, "'/%s'", str_text(&w->path));
	if (r == 0)
		return leave(w, e);
	if (w->path.len)
		str_addc(&w->path, '/');
	str_addn(&w->path, ent.name, ent.name_len);
	if (squash_inode_read(w->fs, ent.ref, &inode, e))
		return err_ctx(e, "'/%s'", str_text(&w->path));
	return entry(w, &inode, e);
}

int squash_walk(struct squash *fs, const struct squash_inode *start, squash_walk_fn fn, void *ctx, struct err *e)
{
	struct walk w = { .fs = fs, .fn = fn, .ctx = ctx };
	int r = entry(&w, start, e);

	while (r == 0 && w.depth)
		r = next(&w, e);
	free(w.level);
	free(w.seen.slot);
	str_free(&w.path);
	return r;
}
