/* Names live in one hash table keyed by (directory, name): a tar gives whole
 * paths in any order, and a table in each directory would cost more than the
 * names. A removed name stays in the table with a NULL inode, so that an entry
 * that comes again finds its place, and children that an old directory had can
 * never reappear: they were removed one by one. */
#include "image/pack/tree.h"

#include "base/mem.h"

#include <string.h>
#include <sys/stat.h>

#define LINKS_MAX 40

static uint32_t name_hash(const struct tree_name *dir, const char *name, size_t len)
{
	uint64_t h = (uintptr_t)dir >> 4;

	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)name[i]) * 0x100000001b3ull;
	return (uint32_t)(h ^ h >> 32);
}

static struct tree_inode *inode_new(struct tree *t, mode_t mode)
{
	struct tree_inode *i = xcalloc(1, sizeof(*i));

	i->mode = mode;
	i->xattr = TREE_NO_XATTR;
	i->next = t->inodes;
	t->inodes = i;
	return i;
}

static struct tree_name *name_new(struct tree_name *parent, const char *name, size_t len)
{
	struct tree_name *n = xcalloc(1, sizeof(*n) + len + 1);

	memcpy(n->name, name, len);
	n->len = (uint32_t)len;
	n->parent = parent;
	return n;
}

void tree_init(struct tree *t)
{
	*t = (struct tree){ .slots = 1024 };
	t->table = xcalloc(t->slots, sizeof(*t->table));
	t->root = name_new(NULL, "", 0);
	t->root->inode = inode_new(t, S_IFDIR | 0755);
	t->root->inode->implied = true;
}

void tree_free(struct tree *t)
{
	for (size_t i = 0; i < t->slots; i++) {
		for (struct tree_name *n = t->table[i], *next; n; n = next) {
			next = n->chain;
			free(n);
		}
	}
	for (struct tree_inode *i = t->inodes, *next; i; i = next) {
		next = i->next;
		free(i->target);
		free(i->file);
		free(i);
	}
	free(t->table);
	free(t->root);
	*t = (struct tree){};
}

static void grow(struct tree *t)
{
	size_t slots = t->slots * 2;
	struct tree_name **table = xcalloc(slots, sizeof(*table));

	for (size_t i = 0; i < t->slots; i++) {
		for (struct tree_name *n = t->table[i], *next; n; n = next) {
			next = n->chain;
			n->chain = table[n->hash & (slots - 1)];
			table[n->hash & (slots - 1)] = n;
		}
	}
	free(t->table);
	t->table = table;
	t->slots = slots;
}

/* A removed name is found, too: the caller looks at its inode. */
static struct tree_name *lookup(struct tree *t, struct tree_name *dir, const char *name, size_t len)
{
	uint32_t hash = name_hash(dir, name, len);
	struct tree_name *n = t->table[hash & (t->slots - 1)];

	while (n && (n->hash != hash || n->parent != dir || n->len != len || memcmp(n->name, name, len) != 0))
		n = n->chain;
	return n;
}

static struct tree_name *make(struct tree *t, struct tree_name *dir, const char *name, size_t len)
{
	struct tree_name *n = lookup(t, dir, name, len);

	if (n)
		return n;
	if (t->names >= t->slots)
		grow(t);
	n = name_new(dir, name, len);
	n->hash = name_hash(dir, name, len);
	n->sibling = dir->children;
	dir->children = n;
	n->chain = t->table[n->hash & (t->slots - 1)];
	t->table[n->hash & (t->slots - 1)] = n;
	t->names++;
	return n;
}

struct tree_name *tree_child(struct tree *t, struct tree_name *dir, const char *name)
{
	struct tree_name *n = lookup(t, dir, name, strlen(name));

	return n && n->inode ? n : NULL;
}

/* The next component of *p, which is left behind it: its length, 0 at the end.
 * "." and empty components are none. */
static size_t component(const char **p, const char **ret)
{
	size_t len;

	do {
		while (**p == '/')
			(*p)++;
		*ret = *p;
		len = strcspn(*p, "/");
		*p += len;
	} while (len == 1 && **ret == '.');
	return len;
}

static bool is_dir(const struct tree_name *n)
{
	return n->inode && S_ISDIR(n->inode->mode);
}

static bool is_dotdot(const char *s, size_t len)
{
	return len == 2 && s[0] == '.' && s[1] == '.';
}

/* Where one walk stands. rest is what is still to be walked: the caller's path,
 * or own when a symbolic link was put in its place. */
struct walk {
	struct tree *t;
	struct tree_name *at;
	const char *path, *rest;
	char *own;
	unsigned links;
	bool create, in_link;
};

/* Walk on with a link's target in front of what is left of the path. */
static int follow(struct walk *w, const struct tree_name *link, struct err *e)
{
	const char *target = link->inode->target;
	char *joined;

	if (++w->links > LINKS_MAX)
		return err_set(e, ERR_FORMAT, "'%s' goes through too many symbolic links", w->path);
	if (strlen(target) + strlen(w->rest) > 2 * TREE_PATH_MAX)
		return err_set(e, ERR_FORMAT, "'%s' is too long once its symbolic links are resolved", w->path);
	joined = xasprintf("%s/%s", target, w->rest);
	free(w->own);
	w->own = joined;
	w->rest = joined;
	w->in_link = true;
	if (*target == '/')
		w->at = w->t->root;
	return 0;
}

/* One component that has others behind it. 1 = walked, 0 = not there. */
static int step(struct walk *w, const char *name, size_t len, struct err *e)
{
	struct tree_name *n;

	if (is_dotdot(name, len)) { /* only a link's target gets here; the root is its own parent */
		w->at = w->at->parent ? w->at->parent : w->at;
		return 1;
	}
	n = w->create ? make(w->t, w->at, name, len) : lookup(w->t, w->at, name, len);
	if (!n || (!n->inode && !w->create))
		return 0;
	if (!n->inode) {
		n->inode = inode_new(w->t, S_IFDIR | 0755);
		n->inode->implied = true;
	}
	if (S_ISLNK(n->inode->mode))
		return follow(w, n, e) ? -1 : 1;
	if (!S_ISDIR(n->inode->mode)) {
		OWN_STR struct str at = {};

		tree_path(n, &at);
		return err_set(e, ERR_FORMAT, "'%s' is not possible: '%s' is not a directory", w->path, str_text(&at));
	}
	w->at = n;
	return 1;
}

/* A path as an archive gives it: no "..", nothing longer than Linux can name. */
static int check_path(const char *path, struct err *e)
{
	const char *p = path, *name;
	size_t len;

	if (strlen(path) > TREE_PATH_MAX)
		return err_set(e, ERR_FORMAT, "'%.80s...' is longer than %d bytes", path, TREE_PATH_MAX);
	while ((len = component(&p, &name)) > 0) {
		if (is_dotdot(name, len))
			return err_set(e, ERR_FORMAT, "'%s' leaves the image's root with '..'", path);
		if (len > TREE_NAME_MAX)
			return err_set(e, ERR_FORMAT, "'%.80s...' has a name longer than %d bytes", path, TREE_NAME_MAX);
	}
	return 0;
}

static int walk(struct walk *w, struct tree_name **ret, struct err *e)
{
	const char *name, *peek, *after;
	size_t len;
	int rc;

	while ((len = component(&w->rest, &name)) > 0) {
		after = w->rest;
		if (component(&after, &peek) == 0 && !is_dotdot(name, len)) {
			/* the last component; a link that got us here may end in one too long */
			if (len > TREE_NAME_MAX)
				return err_set(e, ERR_FORMAT, "'%s' ends in a name longer than %d bytes", w->path,
					       TREE_NAME_MAX);
			*ret = w->create ? make(w->t, w->at, name, len) : lookup(w->t, w->at, name, len);
			return *ret && (w->create || (*ret)->inode) ? 1 : 0;
		}
		if (len > TREE_NAME_MAX)
			return err_set(e, ERR_FORMAT, "'%s' has a name longer than %d bytes", w->path, TREE_NAME_MAX);
		rc = step(w, name, len, e);
		if (rc <= 0)
			return rc;
	}
	*ret = w->at;
	return 1;
}

static int resolve(struct tree *t, const char *path, bool create, struct tree_name **ret, struct err *e)
{
	struct walk w = { .t = t, .at = t->root, .path = path, .rest = path, .create = create };
	int rc;

	*ret = NULL;
	if (check_path(path, e))
		return -1;
	rc = walk(&w, ret, e);
	free(w.own);
	return rc;
}

int tree_place(struct tree *t, const char *path, struct tree_name **ret, struct err *e)
{
	return resolve(t, path, true, ret, e) < 0 ? -1 : 0;
}

int tree_find(struct tree *t, const char *path, struct tree_name **ret, struct err *e)
{
	return resolve(t, path, false, ret, e);
}

/* Depth is bounded: a path has at most TREE_PATH_MAX / 2 components. */
static void remove_children(struct tree_name *dir)
{
	for (struct tree_name *c = dir->children; c; c = c->sibling) {
		if (!c->inode)
			continue;
		remove_children(c);
		c->inode = NULL;
	}
}

int tree_set(struct tree *t, struct tree_name *n, mode_t mode, struct tree_inode **ret, struct err *e)
{
	if (is_dir(n) && S_ISDIR(mode)) {
		n->inode->mode = mode;
		n->inode->implied = false;
		n->inode->xattr = TREE_NO_XATTR;
		*ret = n->inode;
		return 0;
	}
	if (n == t->root)
		return err_set(e, ERR_FORMAT, "the root of the image is not a directory");
	remove_children(n);
	n->inode = inode_new(t, mode);
	*ret = n->inode;
	return 0;
}

int tree_link(struct tree *t, struct tree_name *n, struct tree_name *target, struct err *e)
{
	OWN_STR struct str path = {};

	if (n->inode && n->inode == target->inode)
		return 0;
	tree_path(target, &path);
	if (is_dir(target))
		return err_set(e, ERR_FORMAT, "a hard link to the directory '%s'", str_text(&path));
	if (n == t->root)
		return err_set(e, ERR_FORMAT, "the root of the image is not a directory");
	remove_children(n);
	n->inode = target->inode;
	return 0;
}

void tree_path(const struct tree_name *n, struct str *out)
{
	if (n->parent) {
		tree_path(n->parent, out);
		if (n->parent->parent)
			str_addc(out, '/');
	}
	str_addn(out, n->name, n->len);
}

static int by_name(const void *a, const void *b)
{
	const struct tree_name *x = *(struct tree_name *const *)a, *y = *(struct tree_name *const *)b;
	int c = memcmp(x->name, y->name, x->len < y->len ? x->len : y->len);

	return c ? c : (x->len > y->len) - (x->len < y->len);
}

void tree_sort(struct tree_name *dir)
{
	OWN_FREE struct tree_name **list = NULL;
	size_t n = 0, cap = 0;

	for (struct tree_name *c = dir->children; c; c = c->sibling) {
		if (!c->inode)
			continue;
		if (n == cap) {
			cap = cap ? 2 * cap : 16;
			list = xreallocarray(list, cap, sizeof(*list));
		}
		list[n++] = c;
	}
	if (n > 1)
		qsort(list, n, sizeof(*list), by_name);
	dir->children = n ? list[0] : NULL;
	for (size_t i = 0; i < n; i++)
		list[i]->sibling = i + 1 < n ? list[i + 1] : NULL;
}

static void finish_dir(struct tree *t, struct tree_name *dir, uint32_t time)
{
	uint32_t subdirs = 0;

	tree_sort(dir);
	for (struct tree_name *c = dir->children; c; c = c->sibling) {
		if (is_dir(c)) {
			finish_dir(t, c, time);
			subdirs++;
		}
	}
	for (struct tree_name *c = dir->children; c; c = c->sibling) {
		if (!is_dir(c) && c->inode->nlink++ == 0)
			c->inode->number = ++t->count;
	}
	dir->inode->nlink = 2 + subdirs;
	dir->inode->number = ++t->count;
	if (dir->inode->implied)
		dir->inode->mtime = time;
}

void tree_finish(struct tree *t, uint32_t time)
{
	t->count = 0;
	finish_dir(t, t->root, time);
}
