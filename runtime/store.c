/* Theory of operation
 *
 * All of the store is ours alone (0700). A tree is KEY once it is complete and is
 * never changed then; until then it is KEY.part, which only the holder of the
 * store's lock makes or removes: one unpacker at a time, and what a killed one left
 * is thrown away. KEY.use is its record:
 *
 *	bytes N		what it takes
 *	job DIR		the cgroup of the batch job in which it was unpacked
 *	run PID START	a process that has it as the lower layer of an overlay
 *
 * The time of KEY.use is that of the last launch, and its lock (shared) is held
 * by each launch from the moment it looks for the tree until its program starts.
 * By then the tree is in a mount table. So a tree is in use when that lock cannot
 * be had, when a process has a mount of it, or when a process of a run line lives.
 *
 * No process of ours is left that could remove a tree when its last user ends:
 * the program took the launch's place, and whatever else runs in a job step is
 * killed with it. So trees of a job go with the first unpacking behind its end. */
#include "runtime/store.h"

#include "base/cgroup.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/str.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#define LUSTRE_SUPER_MAGIC 0x0bd00bd0
#define GPFS_SUPER_MAGIC 0x47504653
#define BEEGFS_SUPER_MAGIC 0x19830326

#define RECORD_MAX (1u << 20)
#define SUFFIX ".use"

/* ---- the directory ---- */

static bool is_network(int fd)
{
	static const unsigned long types[] = { NFS_SUPER_MAGIC, SMB_SUPER_MAGIC,  CIFS_SUPER_MAGIC,   SMB2_SUPER_MAGIC,
					       AFS_SUPER_MAGIC, CODA_SUPER_MAGIC, CEPH_SUPER_MAGIC,   LUSTRE_SUPER_MAGIC,
					       V9FS_MAGIC,	GPFS_SUPER_MAGIC, BEEGFS_SUPER_MAGIC, FUSE_SUPER_MAGIC };
	struct statfs fs;

	if (fstatfs(fd, &fs))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if ((unsigned long)fs.f_type == types[i])
			return true;
	return false;
}

/* A directory that belongs to us and nobody else can write; made when missing. */
static int own_directory(const char *path, struct err *e)
{
	struct stat st;
	int fd;

	if (mkdir(path, 0700) && errno != EEXIST)
		return err_sys(e, errno, "cannot make '%s'", path);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, errno, "cannot use '%s'", path);
	if (fstat(fd, &st) || st.st_uid != geteuid() || (st.st_mode & 022)) {
		close(fd);
		return err_set(e, ERR_ENVIRONMENT, "'%s' belongs to somebody else or can be written by others", path);
	}
	return fd;
}

int store_open(struct store *ret, struct err *e)
{
	const char *place = getenv("SIF_TMPDIR");
	OWN_FREE char *mine = NULL;
	OWN_FD int mine_fd = -1;

	*ret = (struct store)STORE_INIT;
	/* Not $TMPDIR, which may be of this one job: the tree serves later ones. */
	if (str_empty(place) || *place != '/')
		place = "/tmp";
	mine = xasprintf("%s/sif-%u", place, (unsigned)geteuid());
	mine_fd = own_directory(mine, e);
	if (mine_fd < 0)
		return -1;
	if (is_network(mine_fd)) {
		err_set(e, ERR_ENVIRONMENT, "an image cannot be unpacked on the network file system of '%s'", place);
		return err_hint(e, "set SIF_TMPDIR to a directory on a disk of this node");
	}
	ret->path = xasprintf("%s/unpacked", mine);
	ret->fd = own_directory(ret->path, e);
	if (ret->fd < 0)
		own_free_(&ret->path);
	return ret->fd < 0 ? -1 : 0;
}

void store_close(struct store *s)
{
	own_free_(&s->path);
	own_fd_(&s->fd);
}

/* With all that is in it, whatever modes it has; what is mounted there stays.
 * name is a single component. */
static void remove_tree(int dir_fd, const char *name)
{
	struct stat above, st;
	struct dirent *entry;
	OWN_DIR DIR *d = NULL;
	int fd;

	if (unlinkat(dir_fd, name, 0) == 0 || errno == ENOENT)
		return;
	if (fstat(dir_fd, &above) || fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) || !S_ISDIR(st.st_mode) ||
	    st.st_dev != above.st_dev)
		return;
	(void)!fchmodat(dir_fd, name, 0700, 0);
	fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	d = fd < 0 ? NULL : fdopendir(fd);
	while (d && (entry = readdir(d)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			remove_tree(fd, entry->d_name);
	unlinkat(dir_fd, name, AT_REMOVEDIR);
}

/* ---- the record of a tree ---- */

struct tree {
	char *key;
	char *job; /* cgroup directory, NULL = of no job */
	uint64_t bytes;
	struct timespec used;
	char *runs; /* the record's text */
};

static void tree_free(struct tree *t)
{
	free(t->key);
	free(t->job);
	free(t->runs);
}

/* Start of a process in clock ticks since boot, 0 = there is none. */
static unsigned long long process_start(long pid)
{
	OWN_FREE char *path = xasprintf("/proc/%ld/stat", pid), *text = NULL;
	unsigned long long start = 0;
	struct err ignored;
	char *p;

	if (fd_read_file(path, 4096, &text, NULL, &ignored))
		return 0;
	p = strrchr(text, ')'); /* the name in front may hold anything */
	for (int field = 2; p && field < 22; field++)
		p = strchr(p + 1, ' ');
	return p && sscanf(p, "%llu", &start) == 1 ? start : 0;
}

static int read_record(const struct store *s, const char *key, struct tree *ret, struct err *e)
{
	OWN_FREE char *name = xasprintf("%s/%s" SUFFIX, s->path, key);
	OWN_STRV struct strv lines = {};
	struct stat st;

	if (fd_read_file(name, RECORD_MAX, &ret->runs, NULL, e))
		return -1;
	if (stat(name, &st))
		return err_sys(e, errno, "cannot examine '%s'", name);
	ret->key = xstrdup(key);
	ret->used = st.st_mtim;
	strv_split(&lines, ret->runs, "\n");
	for (size_t i = 0; i < lines.n; i++) {
		if (str_starts(lines.v[i], "bytes ") && num_u64(lines.v[i] + 6, &ret->bytes, e))
			return -1;
		if (str_starts(lines.v[i], "job ") && !ret->job)
			ret->job = xstrdup(lines.v[i] + 4);
	}
	return 0;
}

static bool has_living_run(const struct tree *t)
{
	OWN_STRV struct strv lines = {};
	unsigned long long start;
	long pid;

	strv_split(&lines, t->runs, "\n");
	for (size_t i = 0; i < lines.n; i++)
		if (sscanf(lines.v[i], "run %ld %llu", &pid, &start) == 2 && process_start(pid) == start)
			return true;
	return false;
}

/* Does a process have a mount of the tree? The fourth field of a line of
 * mountinfo is the mounted directory in its file system (proc(5)). */
static bool is_mounted(const char *key)
{
	OWN_FREE char *place = xasprintf("/unpacked/%s", key);
	OWN_DIR DIR *d = opendir("/proc");
	struct dirent *entry;

	while (d && (entry = readdir(d))) {
		OWN_FREE char *path = NULL, *text = NULL;
		struct err ignored;

		if (entry->d_name[0] < '1' || entry->d_name[0] > '9')
			continue;
		path = xasprintf("/proc/%s/mountinfo", entry->d_name);
		if (fd_read_file(path, 16 << 20, &text, NULL, &ignored) == 0 && strstr(text, place))
			return true;
	}
	return !d;
}

/* ---- in a launch ---- */

static int open_record(const struct store *s, const char *key, int flags, struct err *e)
{
	OWN_FREE char *name = xasprintf("%s" SUFFIX, key);
	int fd = openat(s->fd, name, O_RDWR | O_APPEND | O_CLOEXEC | O_NOFOLLOW | flags, 0600);

	return fd < 0 ? err_sys(e, errno, "cannot open '%s/%s'", s->path, name) : fd;
}

static int lock(int fd, int how, const struct store *s, struct err *e)
{
	while (flock(fd, how))
		if (errno != EINTR)
			return err_sys(e, errno, "cannot lock a file in '%s'", s->path);
	return 0;
}

static void note_run(int fd)
{
	OWN_FREE char *line = xasprintf("run %ld %llu\n", (long)getpid(), process_start(getpid()));

	(void)!write(fd, line, strlen(line));
}

int store_hold(const struct store *s, const char *key, bool overlaid, int *ret_lease, struct err *e)
{
	for (;;) {
		OWN_FD int fd = open_record(s, key, 0, e);
		struct stat st;

		if (fd < 0)
			return e->sys == ENOENT ? 0 : -1;
		if (lock(fd, LOCK_SH, s, e))
			return -1;
		if (fstat(fd, &st))
			return err_sys(e, errno, "cannot examine a file in '%s'", s->path);
		if (st.st_nlink == 0) /* its tree was removed while we waited */
			continue;
		if (faccessat(s->fd, key, F_OK, 0))
			return 0;
		futimens(fd, NULL);
		if (overlaid)
			note_run(fd);
		*ret_lease = TAKE_FD(fd);
		return 1;
	}
}

int store_lock(const struct store *s, int *ret_lock, struct err *e)
{
	OWN_FD int fd = openat(s->fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return err_sys(e, errno, "cannot make '%s/lock'", s->path);
	if (lock(fd, LOCK_EX, s, e))
		return -1;
	*ret_lock = TAKE_FD(fd);
	return 0;
}

/* ---- under the lock ---- */

/* Remove a tree unless somebody uses it; then false. */
static bool remove_unused(const struct store *s, const struct tree *t)
{
	OWN_FREE char *record = xasprintf("%s" SUFFIX, t->key);
	struct err ignored;
	OWN_FD int fd = open_record(s, t->key, 0, &ignored);

	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) || has_living_run(t) || is_mounted(t->key))
		return false;
	log_info("'%s/%s' is removed", s->path, t->key);
	remove_tree(s->fd, t->key);
	return unlinkat(s->fd, record, 0) == 0;
}

/* The directory of a job goes with it. In a container there may be no cgroups to
 * see, then nobody knows. */
static bool job_is_over(const char *job)
{
	OWN_FREE char *above = xstrdup(job);
	char *slash = strrchr(above, '/');

	if (!slash || slash == above)
		return false;
	*slash = '\0';
	return access(above, F_OK) == 0 && access(job, F_OK) && errno == ENOENT;
}

static int by_use(const void *a, const void *b)
{
	const struct tree *x = a, *y = b;

	if (x->used.tv_sec != y->used.tv_sec)
		return x->used.tv_sec < y->used.tv_sec ? -1 : 1;
	return (x->used.tv_nsec > y->used.tv_nsec) - (x->used.tv_nsec < y->used.tv_nsec);
}

struct trees {
	struct tree *v;
	size_t n;
};

static void trees_free(struct trees *l)
{
	for (size_t i = 0; i < l->n; i++)
		tree_free(&l->v[i]);
	free(l->v);
}

/* Every record, the one used longest ago first. Remains are removed. */
static int list_trees(const struct store *s, struct trees *ret, struct err *e)
{
	OWN_DIR DIR *d = opendir(s->path);
	struct dirent *entry;

	if (!d)
		return err_sys(e, errno, "cannot list '%s'", s->path);
	while ((entry = readdir(d))) {
		OWN_FREE char *key = NULL;
		struct err ignored;

		if (str_ends(entry->d_name, ".part"))
			remove_tree(s->fd, entry->d_name);
		if (!str_ends(entry->d_name, SUFFIX))
			continue;
		key = xstrndup(entry->d_name, strlen(entry->d_name) - strlen(SUFFIX));
		ret->v = xreallocarray(ret->v, ret->n + 1, sizeof(*ret->v));
		ret->v[ret->n] = (struct tree){};
		if (read_record(s, key, &ret->v[ret->n], &ignored))
			tree_free(&ret->v[ret->n]);
		else
			ret->n++;
	}
	if (ret->n)
		qsort(ret->v, ret->n, sizeof(*ret->v), by_use);
	return 0;
}

int store_make_room(const struct store *s, uint64_t need, uint64_t limit, struct err *e)
{
	OWN(trees_free) struct trees l = {};
	uint64_t used = 0;

	if (list_trees(s, &l, e))
		return -1;
	for (size_t i = 0; i < l.n; i++) {
		bool gone = faccessat(s->fd, l.v[i].key, F_OK, 0) || (l.v[i].job && job_is_over(l.v[i].job));

		if (gone && remove_unused(s, &l.v[i]))
			l.v[i].bytes = 0;
		used += l.v[i].bytes;
	}
	for (size_t i = 0; i < l.n && need <= limit && used > limit - need; i++)
		if (l.v[i].bytes && remove_unused(s, &l.v[i]))
			used -= l.v[i].bytes;
	if (need <= limit && used <= limit - need)
		return 0;
	err_set(e, ERR_ENVIRONMENT, "the image needs %llu MiB unpacked; with the %llu MiB in use that is beyond the "
		"limit of %llu MiB", (unsigned long long)(need >> 20), (unsigned long long)(used >> 20),
		(unsigned long long)(limit >> 20));
	return err_hint(e, "'unpack limit' in sif.conf sets the limit; with /dev/fuse nothing is unpacked");
}

static void find_job(void *ctx, const char *directory, bool v2)
{
	char **job = ctx;
	const char *name = strrchr(directory, '/');

	(void)v2;
	if (!*job && name && str_starts(name, "/job_"))
		*job = xstrdup(directory);
}

static int write_record(const struct store *s, const char *key, uint64_t bytes, struct err *e)
{
	OWN_FD int fd = open_record(s, key, O_CREAT | O_TRUNC, e);
	OWN_FREE char *job = NULL;
	OWN_STR struct str text = {};

	if (fd < 0)
		return -1;
	str_addf(&text, "bytes %llu\n", (unsigned long long)bytes);
	cgroup_each("memory", find_job, &job);
	if (job)
		str_addf(&text, "job %s\n", job);
	return fd_write_full(fd, text.s, text.len, "the record of an unpacked image", e);
}

int store_begin(const struct store *s, const char *key, uint64_t bytes, int *ret_fd, struct err *e)
{
	OWN_FREE char *part = xasprintf("%s.part", key);
	OWN_FD int fd = -1;

	if (write_record(s, key, bytes, e))
		return -1;
	if (mkdirat(s->fd, part, 0700))
		return err_sys(e, errno, "cannot make '%s/%s'", s->path, part);
	fd = openat(s->fd, part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, errno, "cannot open '%s/%s'", s->path, part);
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int store_finish(const struct store *s, const char *key, struct err *e)
{
	OWN_FREE char *part = xasprintf("%s.part", key);

	if (fchmodat(s->fd, part, 0755, 0) || renameat(s->fd, part, s->fd, key))
		return err_sys(e, errno, "cannot make '%s/%s'", s->path, key);
	return 0;
}

void store_abandon(const struct store *s, const char *key)
{
	OWN_FREE char *part = xasprintf("%s.part", key), *record = xasprintf("%s" SUFFIX, key);

	remove_tree(s->fd, part);
	unlinkat(s->fd, record, 0);
}
