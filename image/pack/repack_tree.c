/* From the reader's tree to ours. A name whose inode had a name before is a hard
 * link: inodes are known by their references. */
#include "image/pack/repack_private.h"

#include "base/mem.h"
#include "image/squash/walk.h"

#include <string.h>
#include <sys/stat.h>

/* Inodes with several names, by reference. */
struct links {
	struct link {
		uint64_t ref;
		struct tree_name *name; /* NULL = a free slot */
	} *slot;
	size_t n, cap; /* a power of two */
};

struct walk {
	struct repack *r;
	struct links links;
	bool attrs_open;
	struct err *e;
};

static struct link *links_slot(struct link *slot, size_t cap, uint64_t ref)
{
	size_t i = ref * 0x9e3779b97f4a7c15ull >> 20 & (cap - 1);

	while (slot[i].name && slot[i].ref != ref)
		i = (i + 1) & (cap - 1);
	return &slot[i];
}

static struct link *links_find(struct links *l, uint64_t ref)
{
	if (l->n * 2 >= l->cap) {
		size_t cap = l->cap ? l->cap * 2 : 256;
		struct link *more = xcalloc(cap, sizeof(*more));

		for (size_t i = 0; i < l->cap; i++)
			if (l->slot[i].name)
				*links_slot(more, cap, l->slot[i].ref) = l->slot[i];
		free(l->slot);
		l->slot = more;
		l->cap = cap;
	}
	return links_slot(l->slot, l->cap, ref);
}

static int add_attr(void *ctx, const char *name, const void *value, size_t len)
{
	struct walk *w = ctx;

	if (!w->attrs_open && mkfs_xattr_begin(w->r->mkfs, w->e))
		return -1;
	w->attrs_open = true;
	return mkfs_xattr_add(w->r->mkfs, name, value, len, w->e);
}

static int take_attrs(struct walk *w, const struct squash_inode *inode, struct tree_inode *node, struct err *e)
{
	if (inode->xattr == SQUASH_NO_XATTR)
		return 0;
	w->attrs_open = false;
	w->e = e;
	if (squash_xattrs(w->r->fs, inode, add_attr, w, e))
		return -1;
	return w->attrs_open ? mkfs_xattr_end(w->r->mkfs, &node->xattr, e) : 0;
}

static void add_file(struct repack *r, const struct squash_inode *inode, struct tree_inode *node)
{
	if (r->n == r->cap) {
		r->cap = r->cap ? 2 * r->cap : 1024;
		r->files = xreallocarray(r->files, r->cap, sizeof(*r->files));
	}
	r->files[r->n++] = (struct repack_file){
		.inode = *inode,
		.node = node,
		.first = REPACK_UNTOUCHED,
		.fragment = STORED_NO_FRAGMENT,
	};
}

static int add_inode(struct walk *w, const struct squash_inode *inode, struct tree_name *name, struct err *e)
{
	struct tree_inode *node;

	if (tree_set(&w->r->tree, name, inode->mode, &node, e))
		return -1;
	node->uid = inode->uid;
	node->gid = inode->gid;
	node->mtime = inode->mtime;
	node->rdev = inode->rdev;
	if (S_ISLNK(inode->mode) && squash_readlink(w->r->fs, inode, &node->target, e))
		return -1;
	if (S_ISREG(inode->mode))
		add_file(w->r, inode, node);
	return take_attrs(w, inode, node, e);
}

static int visit(void *ctx, const struct squash_visit *v, struct err *e)
{
	struct walk *w = ctx;
	struct tree_name *name;
	struct link *link;

	if (v->what == SQUASH_WALK_LEAVE)
		return 0;
	if (tree_place(&w->r->tree, v->path, &name, e))
		return -1;
	if (name->inode && v->depth)
		return err_set(e, ERR_FORMAT, "'/%s' is in its directory twice", v->path);
	if (S_ISDIR(v->inode->mode))
		return add_inode(w, v->inode, name, e);
	link = links_find(&w->links, v->inode->ref);
	if (link->name)
		return tree_link(&w->r->tree, name, link->name, e);
	*link = (struct link){ .ref = v->inode->ref, .name = name };
	w->links.n++;
	return add_inode(w, v->inode, name, e);
}

static int by_ref(const void *a, const void *b)
{
	const struct repack_file *x = a, *y = b;

	return (x->inode.ref > y->inode.ref) - (x->inode.ref < y->inode.ref);
}

int repack_tree(struct repack *r, struct err *e)
{
	struct walk w = { .r = r };
	struct squash_inode root;
	int rc = squash_inode_read(r->fs, squash_root_ref(r->fs), &root, e);

	if (!rc)
		rc = squash_walk(r->fs, &root, visit, &w, e);
	free(w.links.slot);
	if (!rc && r->n)
		qsort(r->files, r->n, sizeof(*r->files), by_ref);
	return rc;
}

struct repack_file *repack_find(struct repack *r, uint64_t ref)
{
	const struct repack_file key = { .inode.ref = ref };

	return r->n ? bsearch(&key, r->files, r->n, sizeof(key), by_ref) : NULL;
}
