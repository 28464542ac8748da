/* What is said about a damaged image: one line per file, a limited number of
 * lines, each with a path. Requests carry an inode reference only; the path is
 * searched in the directories, which is slow and happens a few times at most. */
#include "runtime/serve/server.h"

#include "base/log.h"
#include "base/str.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

/* Bounds of the search, for images that lie about their directories. */
#define SEARCH_DEPTH 64
#define SEARCH_ENTRIES 1000000

struct search {
	struct squash *fs;
	uint64_t ref;
	unsigned long left;
	struct str path;
};

/* Is ref below dir? The path grows by what was found. */
static bool find_below(struct search *s, const struct squash_inode *dir, int depth)
{
	size_t len = s->path.len;
	struct squash_dirent entry;
	struct squash_dir walk;
	struct err e;

	if (depth == SEARCH_DEPTH || squash_dir_open(s->fs, dir, 0, &walk, &e))
		return false;
	while (s->left && squash_dir_next(&walk, &entry, &e) > 0) {
		struct squash_inode child;

		s->left--;
		str_addf(&s->path, "/%s", entry.name);
		if (entry.ref == s->ref)
			return true;
		if (entry.type == S_IFDIR && squash_inode_read(s->fs, entry.ref, &child, &e) == 0 &&
		    S_ISDIR(child.mode) && find_below(s, &child, depth + 1))
			return true;
		s->path.len = len;
		s->path.s[len] = '\0';
	}
	return false;
}

static void say(struct server *sv, uint64_t ref, const struct err *cause)
{
	struct search s = { .fs = sv->fs, .ref = ref, .left = SEARCH_ENTRIES };
	struct squash_inode root;
	struct err e;

	if (ref == squash_root_ref(sv->fs))
		str_add(&s.path, "/");
	else if (squash_inode_read(sv->fs, squash_root_ref(sv->fs), &root, &e) || !find_below(&s, &root, 0))
		str_addf(&s.path, "inode %llx", (unsigned long long)ref);
	log_warn("'%s' of '%s' cannot be read: %s", str_text(&s.path), sv->cfg->name, cause->msg);
	str_free(&s.path);
}

/* Somebody wrote to the file: then files are not damaged one by one. (An image
 * that was only touched or signed reads as before, and nobody complains.) */
static bool was_overwritten(const struct server *sv)
{
	const struct stat *then = &sv->complaints.image;
	struct stat now;

	return then->st_ino && fstat(sv->cfg->image_fd, &now) == 0 &&
	       (now.st_size != then->st_size || now.st_mtim.tv_sec != then->st_mtim.tv_sec ||
		now.st_mtim.tv_nsec != then->st_mtim.tv_nsec);
}

static void say_overwritten(struct server *sv, const struct err *cause)
{
	struct complaints *c = &sv->complaints;
	bool known;

	pthread_mutex_lock(&c->lock);
	known = c->changed;
	c->changed = true;
	pthread_mutex_unlock(&c->lock);
	if (!known)
		log_warn("'%s' was changed while it is in use, programs get errors: %s", sv->cfg->name, cause->msg);
}

int complain(struct server *sv, uint64_t ref, const struct err *cause)
{
	struct complaints *c = &sv->complaints;
	bool known = false, full;

	if (cause->sys == ENOMEM)
		return -ENOMEM;
	/* The storage's failure is no file's: it is said where it is met
	 * (storage.c), and a search would fail as well. */
	if (cause->kind == ERR_SYSTEM)
		return -EIO;
	if (was_overwritten(sv)) {
		say_overwritten(sv, cause);
		return -EIO;
	}
	pthread_mutex_lock(&c->lock);
	for (unsigned i = 0; i < c->n; i++)
		known |= c->refs[i] == ref;
	known |= c->n == ARRAY_SIZE(c->refs);
	if (!known)
		c->refs[c->n++] = ref;
	full = c->n == ARRAY_SIZE(c->refs);
	pthread_mutex_unlock(&c->lock);
	/* Without the lock: the search reads the image. */
	if (!known)
		say(sv, ref, cause);
	if (!known && full)
		log_warn("more files of '%s' may be damaged: further ones are not named", sv->cfg->name);
	return -EIO;
}
