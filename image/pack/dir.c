/* A directory into the tree, in two walks. The first reads names and metadata
 * and asks whether each file can be read at all, so that a tree with unreadable
 * files is refused before anything was packed, with all their names. The second
 * opens the files in the order of their names, whatever order readdir has, and
 * packs their contents. Nothing holds a descriptor for each level: every path is
 * opened beneath the top, symbolic links resolved there (openat2). */
#include "image/pack/packer.h"

#include "base/fd.h"
#include "base/mem.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#define READ_SIZE (256u << 10)
#define NAMED_MAX 5 /* unreadable files that the message names */

/* An inode of the host with several names. */
struct link {
	dev_t dev;
	ino_t ino;
	struct tree_name *first;
	struct link *next;
};

struct walk {
	struct packer *p;
	int top;
	const char *name;
	struct link **links;
	size_t slots, used;
	struct str unreadable;
	unsigned n_unreadable;
	char *buf;
};

static struct link **link_slot(struct walk *w, const struct stat *st)
{
	struct link **l = &w->links[(st->st_ino ^ st->st_dev) & (w->slots - 1)];

	while (*l && ((*l)->ino != st->st_ino || (*l)->dev != st->st_dev))
		l = &(*l)->next;
	return l;
}

static void grow_links(struct walk *w)
{
	struct link **old = w->links;
	size_t slots = w->slots;

	w->slots *= 2;
	w->links = xcalloc(w->slots, sizeof(*w->links));
	for (size_t i = 0; i < slots; i++) {
		for (struct link *l = old[i], *next; l; l = next) {
			struct link **to = &w->links[(l->ino ^ l->dev) & (w->slots - 1)];

			next = l->next;
			l->next = *to;
			*to = l;
		}
	}
	free(old);
}

/* The first name of the same inode, NULL when n is it. */
static struct tree_name *first_name(struct walk *w, const struct stat *st, struct tree_name *n)
{
	struct link **l = link_slot(w, st);

	if (*l)
		return (*l)->first;
	*l = xcalloc(1, sizeof(**l));
	**l = (struct link){ .dev = st->st_dev, .ino = st->st_ino, .first = n };
	if (++w->used > w->slots)
		grow_links(w);
	return NULL;
}

static void note_unreadable(struct walk *w, const char *path)
{
	if (w->n_unreadable++ < NAMED_MAX)
		str_addf(&w->unreadable, "%s'%s'", w->unreadable.len ? ", " : "", path);
}

static int refuse_unreadable(struct walk *w, struct err *e)
{
	if (w->n_unreadable > NAMED_MAX)
		str_addf(&w->unreadable, " and %u more", w->n_unreadable - NAMED_MAX);
	err_set(e, ERR_SYSTEM, "cannot read %s in '%s'", str_text(&w->unreadable), w->name);
	e->sys = EACCES;
	return err_hint(e, "an image never leaves out what it cannot read: read it as its owner, or name it by --exclude");
}

static bool unreadable(int dir_fd, const char *name, const struct stat *st)
{
	int mode = S_ISDIR(st->st_mode) ? R_OK | X_OK : R_OK;

	if (!S_ISREG(st->st_mode) && !S_ISDIR(st->st_mode))
		return false;
	return faccessat(dir_fd, name, mode, AT_EACCESS) != 0;
}

static int read_target(int dir_fd, const char *name, struct tree_inode *i, struct err *e)
{
	char target[TREE_PATH_MAX + 2];
	ssize_t n = readlinkat(dir_fd, name, target, sizeof(target) - 1);

	if (n < 0)
		return err_sys(e, errno, "cannot read the link");
	target[n] = '\0';
	return packer_target(i, target, e);
}

static int add_stat(struct walk *w, int dir_fd, const char *name, struct tree_name *n, const struct stat *st,
		    struct err *e)
{
	struct tree_inode *i;

	if (tree_set(&w->p->tree, n, st->st_mode, &i, e) || packer_owner(i, st->st_uid, st->st_gid, e))
		return -1;
	packer_time(w->p, i, st->st_mtime);
	if (S_ISLNK(st->st_mode))
		return read_target(dir_fd, name, i, e);
	if (S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode))
		return packer_device(i, major(st->st_rdev), minor(st->st_rdev), e);
	if (S_ISREG(st->st_mode))
		w->p->stats->total += (uint64_t)st->st_size;
	return 0;
}

static bool is_destination(const struct walk *w, const struct stat *st)
{
	const struct pack_options *o = w->p->opt;

	return o->skip_out && st->st_dev == o->out_dev && st->st_ino == o->out_ino;
}

/* One entry of a directory. path: of the entry, relative to the top. */
static int scan_entry(struct walk *w, int dir_fd, const char *path, const char *name, struct err *e)
{
	struct tree_name *n, *first = NULL;
	struct stat st;

	if (packer_excluded(w->p, path))
		return 0;
	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW))
		return err_sys(e, errno, "cannot look at '%s/%s'", w->name, path);
	if (is_destination(w, &st))
		return 0;
	if (unreadable(dir_fd, name, &st))
		note_unreadable(w, path);
	w->p->stats->entries++;
	packer_tick(w->p);
	if (tree_place(&w->p->tree, path, &n, e))
		return -1;
	if (!S_ISDIR(st.st_mode) && st.st_nlink > 1)
		first = first_name(w, &st, n);
	if (first ? tree_link(&w->p->tree, n, first, e) : add_stat(w, dir_fd, name, n, &st, e))
		return err_ctx(e, "'%s/%s'", w->name, path);
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* All names of a directory, sorted: a hard link's first name must not depend on readdir. */
static int list_dir(struct walk *w, int fd, const char *path, struct strv *names, struct err *e)
{
	OWN_FD int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	OWN_DIR DIR *d = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *de;

	if (!d)
		return err_sys(e, errno, "cannot list '%s/%s'", w->name, path);
	copy = -1;
	while (errno = 0, (de = readdir(d)))
		if (strcmp(de->d_name, ".") != 0 && strcmp(de->d_name, "..") != 0)
			strv_add(names, de->d_name);
	if (errno)
		return err_sys(e, errno, "cannot list '%s/%s'", w->name, path);
	if (names->n)
		qsort(names->v, names->n, sizeof(*names->v), by_name);
	return 0;
}

static int scan_dir(struct walk *w, struct tree_name *dir, struct err *e)
{
	OWN_STR struct str path = {};
	OWN_STRV struct strv names = {};
	OWN_FD int fd = -1;
	size_t len;

	tree_path(dir, &path);
	fd = fd_open_in_root(w->top, path.len ? str_text(&path) : ".", O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, e);
	if (fd < 0 && w->n_unreadable)
		return 0; /* it is named already; go on and find the others */
	if (fd < 0)
		return err_ctx(e, "'%s'", w->name);
	if (list_dir(w, fd, str_text(&path), &names, e))
		return -1;
	if (path.len)
		str_addc(&path, '/');
	len = path.len;
	for (size_t i = 0; i < names.n; i++) {
		str_cut(&path, len);
		str_add(&path, names.v[i]);
		if (scan_entry(w, fd, str_text(&path), names.v[i], e))
			return -1;
	}
	own_fd_(&fd);
	tree_sort(dir);
	for (struct tree_name *c = dir->children; c; c = c->sibling)
		if (S_ISDIR(c->inode->mode) && scan_dir(w, c, e))
			return -1;
	return 0;
}

/* Both list functions of the kernel want a name or a descriptor; /proc/self/fd
 * gives one for what cannot be opened for reading (links, devices). */
static int read_attrs(struct walk *w, int path_fd, const char *path, struct tree_inode *i, struct err *e)
{
	OWN_FREE char *proc = xasprintf("/proc/self/fd/%d", path_fd);
	OWN_FREE char *list = NULL;
	ssize_t n = listxattr(proc, NULL, 0), got;

	if (n <= 0)
		return n < 0 && errno != EOPNOTSUPP ? err_sys(e, errno, "cannot list the attributes of '%s/%s'", w->name, path) : 0;
	list = xmalloc((size_t)n);
	n = listxattr(proc, list, (size_t)n);
	if (n < 0)
		return err_sys(e, errno, "cannot list the attributes of '%s/%s'", w->name, path);
	for (char *a = list; a < list + n; a += strlen(a) + 1) {
		got = getxattr(proc, a, w->buf, READ_SIZE);
		if (got < 0 && errno == ENODATA)
			continue;
		if (got < 0)
			return err_sys(e, errno, "cannot read attribute '%s' of '%s/%s'", a, w->name, path);
		if (packer_attr(w->p, a, w->buf, (size_t)got, e))
			return err_ctx(e, "'%s/%s'", w->name, path);
	}
	return packer_attrs_end(w->p, i, e);
}

/* From off to the next data; the end of the file when there is none. */
static uint64_t skip_hole(int fd, uint64_t off, uint64_t size)
{
	off_t data = lseek(fd, (off_t)off, SEEK_DATA);

	if (data < 0)
		return errno == ENXIO ? size : off; /* others: the file system cannot tell */
	return (uint64_t)data < size ? (uint64_t)data : size;
}

static uint64_t data_end(int fd, uint64_t off, uint64_t size)
{
	off_t hole = lseek(fd, (off_t)off, SEEK_HOLE);

	return hole < 0 || (uint64_t)hole > size ? size : (uint64_t)hole;
}

static int pack_range(struct walk *w, int fd, const char *path, uint64_t from, uint64_t to, struct err *e)
{
	while (from < to) {
		size_t want = to - from < READ_SIZE ? (size_t)(to - from) : READ_SIZE;
		ssize_t n = pread(fd, w->buf, want, (off_t)from);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, errno, "cannot read '%s/%s'", w->name, path);
		if (n == 0)
			return err_set(e, ERR_FORMAT, "'%s/%s' became shorter while it was read", w->name, path);
		w->p->stats->read += (uint64_t)n;
		if (packer_file_data(w->p, w->buf, (size_t)n, e))
			return -1;
		from += (uint64_t)n;
	}
	return 0;
}

static int pack_file(struct walk *w, const struct tree_name *n, int fd, const char *path, const struct stat *st,
		     struct err *e)
{
	uint64_t size = (uint64_t)st->st_size, at = 0;
	bool sparse = (uint64_t)st->st_blocks * 512 < size;

	posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	if (packer_file_begin(w->p, n, size, e))
		return err_ctx(e, "'%s/%s'", w->name, path);
	while (at < size) {
		uint64_t data = sparse ? skip_hole(fd, at, size) : at;
		uint64_t end = sparse && data < size ? data_end(fd, data, size) : size;

		w->p->stats->read += data - at;
		if (packer_file_hole(w->p, data - at, e) || pack_range(w, fd, path, data, end, e))
			return -1;
		at = end;
	}
	return packer_file_end(w->p, e);
}

static int pack_entry(struct walk *w, const struct tree_name *n, const char *path, struct err *e)
{
	mode_t mode = n->inode->mode;
	bool regular = S_ISREG(mode);
	OWN_FD int fd = fd_open_in_root(w->top, path, (regular ? O_RDONLY | O_NONBLOCK : O_PATH) | O_NOFOLLOW, 0, e);
	struct stat st;

	if (fd < 0)
		return err_ctx(e, "'%s'", w->name);
	if (fstat(fd, &st))
		return err_sys(e, errno, "cannot look at '%s/%s'", w->name, path);
	if ((st.st_mode & S_IFMT) != (mode & S_IFMT))
		return err_set(e, ERR_FORMAT, "'%s/%s' changed while it was packed", w->name, path);
	if (read_attrs(w, fd, path, n->inode, e))
		return -1;
	return regular ? pack_file(w, n, fd, path, &st, e) : 0;
}

/* Children in order; an inode is packed at its first name. */
static int pack_names(struct walk *w, struct tree_name *dir, struct str *path, struct err *e)
{
	size_t len = path->len;

	for (struct tree_name *c = dir->children; c; c = c->sibling) {
		struct tree_inode *i = c->inode;

		if (i->file) /* a hard link to what is packed already */
			continue;
		str_cut(path, len);
		if (len)
			str_addc(path, '/');
		str_addn(path, c->name, c->len);
		if (pack_entry(w, c, str_text(path), e))
			return -1;
		if (S_ISDIR(i->mode) && pack_names(w, c, path, e))
			return -1;
	}
	str_cut(path, len);
	return 0;
}

static int scan_root(struct walk *w, struct err *e)
{
	struct tree_name *root = w->p->tree.root;
	struct stat st;

	if (fstat(w->top, &st))
		return err_sys(e, errno, "cannot look at '%s'", w->name);
	if (add_stat(w, w->top, ".", root, &st, e) || scan_dir(w, root, e))
		return -1;
	return w->n_unreadable ? refuse_unreadable(w, e) : 0;
}

static void walk_clear(struct walk *w)
{
	for (size_t i = 0; i < w->slots; i++) {
		for (struct link *l = w->links[i], *next; l; l = next) {
			next = l->next;
			free(l);
		}
	}
	free(w->links);
	free(w->buf);
	str_free(&w->unreadable);
}

int pack_dir(struct packer *p, int dir_fd, const char *name, struct err *e)
{
	struct walk w = { .p = p, .top = dir_fd, .name = name, .slots = 256 };
	OWN_STR struct str path = {};
	int rc;

	w.links = xcalloc(w.slots, sizeof(*w.links));
	w.buf = xmalloc(READ_SIZE);
	rc = scan_root(&w, e);
	if (!rc)
		rc = read_attrs(&w, dir_fd, ".", p->tree.root->inode, e);
	if (!rc)
		rc = pack_names(&w, p->tree.root, &path, e);
	walk_clear(&w);
	return rc;
}
