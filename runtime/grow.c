/* Theory of operation
 *
 * An image is read-only, and the places where the host's directories go are
 * often not in it. The missing ones are collected while nothing but the image
 * is mounted, each with its nearest existing parent; every such parent then
 * gets a read-only mount upon it that shows what was there and the new mount
 * points: a directory of the session in which the parent's entries are bound
 * again, one by one. That costs a few calls per entry and nothing later. A
 * parent with many entries (/etc) gets an overlay of the two directories
 * instead: one mount, and only the walk through that directory is dearer.
 *
 * Since no directory of the host is reachable from the root at that time, no
 * link of a hostile image can make us create anything outside of the session.
 * Nothing is created later. */
#include "runtime/grow.h"

#include "base/fd.h"
#include "base/mem.h"
#include "base/str.h"
#include "runtime/mount.h"
#include "runtime/path.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#define LINKS_MAX 40	/* as the kernel's own walk */
#define ENTRIES_MAX 48	/* bound again one by one; above: an overlay */

void growths_free(struct growths *g)
{
	for (size_t i = 0; i < g->n; i++) {
		for (size_t k = 0; k < g->v[i].n; k++)
			free(g->v[i].v[k].rest);
		free(g->v[i].v);
		free(g->v[i].parent);
	}
	free(g->v);
	*g = (struct growths){ 0 };
}

static void note(struct growths *g, const char *parent, const char *rest, bool is_file)
{
	struct growth *at = NULL;

	for (size_t i = 0; i < g->n; i++)
		if (!strcmp(g->v[i].parent, parent))
			at = &g->v[i];
	if (!at) {
		g->v = xreallocarray(g->v, g->n + 1, sizeof(*g->v));
		at = &g->v[g->n++];
		*at = (struct growth){ .parent = xstrdup(parent) };
	}
	at->v = xreallocarray(at->v, at->n + 1, sizeof(*at->v));
	at->v[at->n++] = (struct missing){ .rest = xstrdup(rest), .is_file = is_file };
}

/*
 * Finding what is missing
 */

struct walk {
	struct str at;	 /* what exists so far, canonical; "" = the root */
	struct str rest; /* what is missing behind it */
	char *todo;	 /* components still to walk */
	unsigned links;
};

static void walk_free(struct walk *w)
{
	str_free(&w->at);
	str_free(&w->rest);
	free(w->todo);
}

static void cut_last(struct str *s)
{
	while (s->len && s->s[--s->len] != '/')
		;
	if (s->s)
		s->s[s->len] = '\0';
}

/* Put a link's target before what is left to walk. */
static int follow(struct walk *w, int link_fd, const char *left)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(link_fd, "", target, sizeof(target) - 1);
	char *todo;

	if (n < 0)
		return -1;
	if (++w->links > LINKS_MAX) {
		errno = ELOOP;
		return -1;
	}
	target[n] = '\0';
	if (target[0] == '/')
		str_clear(&w->at);
	todo = xasprintf("%s/%s", target, left);
	free(w->todo);
	w->todo = todo;
	return 0;
}

/* One component, which is not "." or "..". Moves on to left unless a link put
 * new components into .todo. */
static int step_into(struct walk *w, int root_fd, const char *name, const char **left)
{
	OWN_STR struct str path = { 0 };
	OWN_FD int fd = -1;
	struct stat st;
	struct err ignored;

	if (w->rest.len) {
		str_addf(&w->rest, "/%s", name);
		return 0;
	}
	str_addf(&path, "%s/%s", str_text(&w->at), name);
	fd = fd_open_in_root(root_fd, path.s, O_PATH | O_NOFOLLOW, 0, &ignored);
	if (fd < 0 && errno == ENOENT) {
		str_add(&w->rest, name);
		return 0;
	}
	if (fd < 0 || fstat(fd, &st))
		return -1;
	if (S_ISLNK(st.st_mode)) {
		if (follow(w, fd, *left))
			return -1;
		*left = w->todo;
		return 0;
	}
	if (!S_ISDIR(st.st_mode) && (*left)[strspn(*left, "/")]) {
		errno = ENOTDIR;
		return -1;
	}
	str_addf(&w->at, "/%s", name);
	return 0;
}

static int walk_all(struct walk *w, int root_fd)
{
	const char *left = w->todo;

	while (*(left += strspn(left, "/"))) {
		size_t n = strcspn(left, "/");
		char name[NAME_MAX + 1];

		if (n > NAME_MAX) {
			errno = ENAMETOOLONG;
			return -1;
		}
		memcpy(name, left, n);
		name[n] = '\0';
		left += n;
		if (!strcmp(name, "."))
			continue;
		if (!strcmp(name, ".."))
			cut_last(w->rest.len ? &w->rest : &w->at);
		else if (step_into(w, root_fd, name, &left))
			return -1;
	}
	return 0;
}

int grow_note(struct growths *ret, int root_fd, const char *target, bool is_file, struct err *e)
{
	OWN(walk_free) struct walk w = { 0 };
	OWN_FD int fd = fd_open_in_root(root_fd, target, O_PATH, 0, e);

	if (fd >= 0)
		return 0;
	if (errno != ENOENT)
		return -1;
	w.todo = xstrdup(target);
	if (walk_all(&w, root_fd)) {
		int sys = errno;

		err_sys(e, sys, "the image has no place for '%s'", target);
		errno = sys;
		return -1;
	}
	if (!w.rest.len)
		return 0;
	note(ret, w.at.len ? w.at.s : "/", w.rest.s, is_file);
	return 1;
}

/*
 * Making it
 */

static int make_points(const struct growth *g, int dir_fd, struct err *e)
{
	for (size_t i = 0; i < g->n; i++)
		if (make_point(dir_fd, g->v[i].rest, g->v[i].is_file, e))
			return -1;
	return 0;
}

struct entry {
	char *name;
	unsigned char type; /* DT_* */
};

struct entries {
	struct entry *v;
	size_t n;
	bool many; /* more than ENTRIES_MAX: the list is cut */
};

static void entries_free(struct entries *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->v[i].name);
	free(l->v);
}

static unsigned char type_of(int dir_fd, const struct dirent *d)
{
	struct stat st;

	if (d->d_type != DT_UNKNOWN)
		return d->d_type;
	if (fstatat(dir_fd, d->d_name, &st, AT_SYMLINK_NOFOLLOW))
		return DT_REG;
	return (unsigned char)IFTODT(st.st_mode);
}

static int list(int dir_fd, struct entries *ret, struct err *e)
{
	int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	OWN_DIR DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *d;

	if (!dir) {
		err_sys(e, errno, "cannot list a directory of the image");
		if (fd >= 0)
			close(fd);
		return -1;
	}
	ret->v = xcalloc(ENTRIES_MAX, sizeof(*ret->v));
	while (errno = 0, (d = readdir(dir))) {
		if (!strcmp(d->d_name, ".") || !strcmp(d->d_name, ".."))
			continue;
		if (ret->n == ENTRIES_MAX) {
			ret->many = true;
			return 0;
		}
		ret->v[ret->n++] = (struct entry){ xstrdup(d->d_name), type_of(fd, d) };
	}
	return errno ? err_sys(e, errno, "cannot list a directory of the image") : 0;
}

/* The place of an old entry among the new ones: the link itself, or something
 * to bind it on. */
static int make_place(int old_fd, int new_fd, const struct entry *at, struct err *e)
{
	char target[PATH_MAX];
	ssize_t n;
	int bad;

	if (at->type == DT_LNK) {
		n = readlinkat(old_fd, at->name, target, sizeof(target) - 1);
		target[n > 0 ? n : 0] = '\0';
		bad = n < 0 || symlinkat(target, new_fd, at->name);
	} else if (at->type == DT_DIR) {
		bad = mkdirat(new_fd, at->name, 0755);
	} else {
		bad = mknodat(new_fd, at->name, S_IFREG | 0644, 0);
	}
	return bad ? err_sys(e, errno, "cannot show '%s' again", at->name) : 0;
}

static int bind_again(int old_fd, int mount_fd, const struct entry *at, struct err *e)
{
	OWN_FD int tree = -1, target = -1;

	if (at->type == DT_LNK)
		return 0;
	tree = mount_clone(old_fd, at->name, true, MOUNT_RDONLY | MOUNT_NOSUID | MOUNT_NODEV, e);
	if (tree < 0)
		return -1;
	target = openat(mount_fd, at->name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (target < 0)
		return err_sys(e, errno, "cannot show '%s' again", at->name);
	return mount_attach(tree, target, at->name, e);
}

/* Nothing is mounted upon the root itself: the grown one takes its place. */
static int attach(struct session *s, int mount_fd, int old_fd, const char *parent, struct err *e)
{
	return strcmp(parent, "/") ? mount_attach(mount_fd, old_fd, parent, e) : session_attach(s, mount_fd, e);
}

/* A mount upon old_fd that has its entries and the new mount points. Returns an
 * owned descriptor. */
static int grow_one(const struct growth *g, struct session *s, int old_fd, struct err *e)
{
	OWN(entries_free) struct entries l = { 0 };
	OWN_FD int new_fd = -1, mount_fd = -1;
	struct stat st;

	if (fstat(old_fd, &st))
		return err_sys(e, errno, "cannot read a directory of the image");
	if (list(old_fd, &l, e))
		return -1;
	new_fd = session_dir(s, st.st_mode & 07777, e);
	if (new_fd < 0 || make_points(g, new_fd, e))
		return -1;
	if (l.many) {
		mount_fd = mount_overlay((int[]){ new_fd, old_fd }, 2, -1, -1, e);
		if (mount_fd < 0 || attach(s, mount_fd, old_fd, g->parent, e))
			return -1;
		return TAKE_FD(mount_fd);
	}
	for (size_t i = 0; i < l.n; i++)
		if (make_place(old_fd, new_fd, &l.v[i], e))
			return -1;
	mount_fd = session_mount(s, MOUNT_RDONLY, e);
	if (mount_fd < 0 || attach(s, mount_fd, old_fd, g->parent, e))
		return -1;
	for (size_t i = 0; i < l.n; i++)
		if (bind_again(old_fd, mount_fd, &l.v[i], e))
			return -1;
	return TAKE_FD(mount_fd);
}

static int by_depth(const void *a, const void *b)
{
	const struct growth *x = *(const struct growth *const *)a, *y = *(const struct growth *const *)b;

	return (int)path_depth(x->parent) - (int)path_depth(y->parent);
}

int grow(const struct growths *g, struct session *s, bool writable, int *root_fd, struct err *e)
{
	OWN_FREE const struct growth **order = xcalloc(g->n + 1, sizeof(*order));

	for (size_t i = 0; i < g->n; i++)
		order[i] = &g->v[i];
	qsort(order, g->n, sizeof(*order), by_depth);
	for (size_t i = 0; i < g->n; i++) {
		OWN_FD int old_fd = fd_open_in_root(*root_fd, order[i]->parent, O_PATH | O_DIRECTORY, 0, e);
		OWN_FD int new_fd = -1;

		if (old_fd < 0)
			return -1;
		if (writable) {
			if (make_points(order[i], old_fd, e))
				return -1;
			continue;
		}
		new_fd = grow_one(order[i], s, old_fd, e);
		if (new_fd < 0)
			return err_ctx(e, "making mount points in '%s'", order[i]->parent);
		if (!strcmp(order[i]->parent, "/")) {
			own_fd_(root_fd);
			*root_fd = TAKE_FD(new_fd);
		}
	}
	return 0;
}
