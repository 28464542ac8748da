/* A source that is a range of a file descriptor. */
#include "image/source/source.h"

#include "base/fd.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

struct range {
	struct source source;
	int fd; /* borrowed */
	uint64_t offset;
	char *name;
};

static int range_read(struct source *s, void *buf, size_t len, uint64_t off, struct err *e)
{
	struct range *r = (struct range *)s;
	struct stat st;

	if (fd_pread_full(r->fd, buf, len, r->offset + off, r->name, e) == 0)
		return 0;
	/* A file that shrinks while it is read fails in more than one way. */
	if (fstat(r->fd, &st) == 0 && S_ISREG(st.st_mode) && (uint64_t)st.st_size < r->offset + s->size)
		err_set(e, ERR_SYSTEM, "'%s' is truncated or was changed while in use", r->name);
	return -1;
}

static void range_advise(struct source *s, uint64_t off, uint64_t len)
{
	struct range *r = (struct range *)s;

	posix_fadvise(r->fd, (off_t)(r->offset + off), (off_t)len, POSIX_FADV_WILLNEED);
}

static void range_free(struct source *s)
{
	struct range *r = (struct range *)s;

	free(r->name);
	free(r);
}

static const struct source_ops range_ops = {
	.read = range_read,
	.advise = range_advise,
	.free = range_free,
};

int source_range_new(int fd, uint64_t offset, uint64_t size, const char *name, struct source **ret,
		     struct err *e)
{
	struct range *r;
	struct stat st;
	uint64_t end;

	if (fstat(fd, &st))
		return err_sys(e, errno, "cannot examine '%s'", name);
	if (__builtin_add_overflow(offset, size, &end) || end > INT64_MAX ||
	    (S_ISREG(st.st_mode) && end > (uint64_t)st.st_size))
		return err_set(e, ERR_FORMAT, "'%s' is truncated: it should have %llu bytes", name,
			       (unsigned long long)end);
	r = calloc(1, sizeof(*r));
	if (!r)
		return err_sys(e, ENOMEM, "cannot open '%s'", name);
	r->source = (struct source){ .ops = &range_ops, .size = size };
	r->fd = fd;
	r->offset = offset;
	r->name = strdup(name);
	if (!r->name) {
		free(r);
		return err_sys(e, ENOMEM, "cannot open '%s'", name);
	}
	*ret = &r->source;
	return 0;
}
