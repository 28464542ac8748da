#include "image/squash/extract_file.h"

#include "base/fd.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#define HOLE 4096u /* runs of zeros of this size and alignment are not written */

static bool is_zero(const uint8_t *p, size_t n)
{
	return p[0] == 0 && memcmp(p, p + 1, n - 1) == 0;
}

/* Write the parts of buf that are not holes. */
static int write_data(int fd, const uint8_t *buf, size_t n, uint64_t off, struct err *e)
{
	size_t from = 0, at = 0;

	while (at < n) {
		size_t part = n - at < HOLE ? n - at : HOLE;
		bool hole = is_zero(buf + at, part);

		if (hole && from < at && fd_pwrite_full(fd, buf + from, at - from, off + from, "the copy", e))
			return -1;
		at += part;
		if (hole)
			from = at;
	}
	return from < n ? fd_pwrite_full(fd, buf + from, n - from, off + from, "the copy", e) : 0;
}

int extract_bytes(struct squash *fs, const struct squash_inode *file, int fd, void *buf, struct err *e)
{
	uint64_t off = 0;
	ssize_t n;

	while ((n = squash_read(fs, file, buf, EXTRACT_BUF, off, e)) > 0) {
		if (write_data(fd, buf, (size_t)n, off, e))
			return -1;
		off += (uint64_t)n;
	}
	if (n < 0)
		return -1;
	return ftruncate(fd, (off_t)off) ? err_sys(e, errno, "cannot set the copy's size") : 0;
}

struct xattr_target {
	struct extract_crew *crew;
	int fd;
};

/* What the file system or our rights refuse is counted, not fatal. */
static int set_xattr(void *ctx, const char *name, const void *value, size_t len)
{
	struct xattr_target *t = ctx;

	if (!t->crew->owners && strncmp(name, "user.", 5) != 0)
		return 0;
	if (fsetxattr(t->fd, name, value, len, 0))
		atomic_fetch_add(&t->crew->xattrs_left, 1);
	return 0;
}

static mode_t mode_for(const struct extract_crew *c, const struct squash_inode *i)
{
	return i->mode & (c->owners ? 07777 : 01777);
}

static void times_of(const struct squash_inode *i, struct timespec ret[2])
{
	ret[0] = (struct timespec){ .tv_sec = i->mtime };
	ret[1] = ret[0];
}

/* In this order: chown clears setuid bits and capabilities; a read-only mode
 * would refuse attributes; the times come last. */
int extract_attributes(struct extract_crew *c, const struct squash_inode *i, int fd, const char *path,
		       struct err *e)
{
	struct xattr_target t = { .crew = c, .fd = fd };
	struct timespec times[2];

	times_of(i, times);
	if (c->owners && fchown(fd, i->uid, i->gid))
		return err_sys(e, errno, "cannot set the owner of '%s'", path);
	if (squash_xattrs(c->fs, i, set_xattr, &t, e))
		return err_ctx(e, "'%s'", path);
	if (fchmod(fd, mode_for(c, i)) || futimens(fd, times))
		return err_sys(e, errno, "cannot set mode and times of '%s'", path);
	return 0;
}

int extract_attributes_at(struct extract_crew *c, const struct squash_inode *i, int parent, const char *name,
			  const char *path, struct err *e)
{
	struct timespec times[2];

	times_of(i, times);
	if (c->owners && fchownat(parent, name, i->uid, i->gid, AT_SYMLINK_NOFOLLOW))
		return err_sys(e, errno, "cannot set the owner of '%s'", path);
	/* A link has no mode of its own; the name is ours and new, so that
	 * fchmodat, which follows links, meets what we made. */
	if (!S_ISLNK(i->mode) && fchmodat(parent, name, mode_for(c, i), 0))
		return err_sys(e, errno, "cannot set the mode of '%s'", path);
	if (utimensat(parent, name, times, AT_SYMLINK_NOFOLLOW))
		return err_sys(e, errno, "cannot set the times of '%s'", path);
	return 0;
}

static int fill(struct extract_crew *c, struct extract_job *job, void *buf, struct err *e)
{
	if (extract_bytes(c->fs, &job->inode, job->fd, buf, e))
		return err_ctx(e, "'%s'", job->path);
	return extract_attributes(c, &job->inode, job->fd, job->path, e);
}

int squash_extract_file(struct squash *fs, const struct squash_inode *file, int fd,
			const struct squash_extract_options *opt, struct squash_extract_stats *ret, struct err *e)
{
	struct extract_crew alone = { .fs = fs, .owners = opt && opt->owners };
	struct extract_job job = { .inode = *file, .fd = fd, .path = (char[]){ "the copy" } };
	OWN_FREE void *buf = malloc(EXTRACT_BUF);

	*ret = (struct squash_extract_stats){ .files = 1, .bytes = file->size };
	if (!buf)
		return err_sys(e, ENOMEM, "cannot unpack");
	if (fill(&alone, &job, buf, e))
		return -1;
	ret->xattrs = alone.xattrs_left;
	return 0;
}

static void drop_job(struct extract_job *job)
{
	own_fd_(&job->fd);
	free(job->path);
}

/* false: there will be no more. */
static bool take_job(struct extract_crew *c, struct extract_job *ret)
{
	bool got;

	pthread_mutex_lock(&c->lock);
	while (c->n == 0 && !c->done && !c->stop)
		pthread_cond_wait(&c->changed, &c->lock);
	got = c->n != 0 && !c->stop;
	if (got) {
		*ret = c->queue[c->head];
		c->head = (c->head + 1) % CREW_QUEUE;
		c->n--;
		pthread_cond_broadcast(&c->changed);
	}
	pthread_mutex_unlock(&c->lock);
	return got;
}

static void report(struct extract_crew *c, const struct err *e)
{
	pthread_mutex_lock(&c->lock);
	if (!c->failed)
		c->err = *e;
	c->failed = c->stop = true;
	pthread_cond_broadcast(&c->changed);
	pthread_mutex_unlock(&c->lock);
}

static void *work(void *arg)
{
	struct extract_crew *c = arg;
	struct extract_job job;
	void *buf = malloc(EXTRACT_BUF);
	struct err e;

	while (take_job(c, &job)) {
		if (!buf)
			err_sys(&e, ENOMEM, "cannot unpack");
		if (!buf || fill(c, &job, buf, &e))
			report(c, &e);
		drop_job(&job);
	}
	free(buf);
	return NULL;
}

int extract_crew_start(struct extract_crew *c, unsigned threads, struct err *e)
{
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->changed, NULL);
	if (threads > CREW_MAX)
		threads = CREW_MAX;
	while (c->threads < threads) {
		int r = pthread_create(&c->thread[c->threads], NULL, work, c);

		/* Fewer than wanted will do; none will not. */
		if (r && c->threads)
			break;
		if (r)
			return err_sys(e, r, "cannot start a thread");
		c->threads++;
	}
	return 0;
}

int extract_crew_give(struct extract_crew *c, const struct squash_inode *file, int fd, const char *path,
		      struct err *e)
{
	struct extract_job job = { .inode = *file, .fd = fd, .path = strdup(path) };
	bool failed;

	if (!job.path) {
		drop_job(&job);
		return err_sys(e, ENOMEM, "cannot unpack");
	}
	pthread_mutex_lock(&c->lock);
	while (c->n == CREW_QUEUE && !c->failed)
		pthread_cond_wait(&c->changed, &c->lock);
	failed = c->failed;
	if (failed) {
		*e = c->err;
	} else {
		c->queue[(c->head + c->n++) % CREW_QUEUE] = job;
		pthread_cond_broadcast(&c->changed);
	}
	pthread_mutex_unlock(&c->lock);
	if (failed)
		drop_job(&job);
	return failed ? -1 : 0;
}

int extract_crew_end(struct extract_crew *c, struct err *e)
{
	pthread_mutex_lock(&c->lock);
	c->done = true;
	if (!e)
		c->stop = true;
	pthread_cond_broadcast(&c->changed);
	pthread_mutex_unlock(&c->lock);
	for (unsigned i = 0; i < c->threads; i++)
		pthread_join(c->thread[i], NULL);
	for (; c->n; c->n--, c->head = (c->head + 1) % CREW_QUEUE)
		drop_job(&c->queue[c->head]);
	pthread_mutex_destroy(&c->lock);
	pthread_cond_destroy(&c->changed);
	if (c->failed && e)
		*e = c->err;
	return c->failed ? -1 : 0;
}
