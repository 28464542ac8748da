/* GETXATTR and LISTXATTR.
 *
 * An image's trusted.* attributes are for a real administrator's eyes: they are
 * not shown. security.* are shown, and have no effect on a nosuid mount. */
#include "runtime/serve/server.h"

#include "base/str.h"

#include <errno.h>
#include <string.h>

struct wanted {
	const char *name; /* NULL = list the names */
	uint8_t *data;
	size_t len, max;
	bool found;
};

static int append(struct wanted *w, const void *data, size_t len)
{
	/* XATTR_SIZE_MAX and XATTR_LIST_MAX of the kernel are less than max. */
	if (len > w->max - w->len)
		return -E2BIG;
	memcpy(w->data + w->len, data, len);
	w->len += len;
	return 0;
}

static int visit(void *ctx, const char *name, const void *value, size_t len)
{
	struct wanted *w = ctx;

	if (str_starts(name, "trusted."))
		return 0;
	if (!w->name)
		return append(w, name, strlen(name) + 1);
	if (strcmp(name, w->name) != 0)
		return 0;
	w->found = true;
	return append(w, value, len) < 0 ? -E2BIG : 1;
}

/* size 0: the caller asks how many bytes it needs. */
static ssize_t answer(struct channel *c, size_t len, uint32_t size)
{
	if (size == 0) {
		struct fuse_getxattr_out out = { .size = (uint32_t)len };

		memcpy(c->data, &out, sizeof(out));
		return sizeof(out);
	}
	return len > size ? -ERANGE : (ssize_t)len;
}

static ssize_t collect(struct server *sv, struct channel *c, const struct request *rq, struct wanted *w)
{
	const struct fuse_getxattr_in *in = rq->arg;
	struct squash_inode i;
	struct err e = {};
	int rc;

	if (!sv->has_xattrs)
		return -ENOSYS;
	rc = op_inode(sv, rq->head->nodeid, &i);
	if (rc)
		return rc;
	rc = squash_xattrs(sv->fs, &i, visit, w, &e);
	if (rc == -1)
		return complain(sv, i.ref, &e);
	if (rc < 0)
		return rc;
	if (w->name && !w->found)
		return -ENODATA;
	return answer(c, w->len, in->size);
}

ssize_t op_getxattr(struct server *sv, struct channel *c, const struct request *rq)
{
	const char *name = (const char *)rq->arg + sizeof(struct fuse_getxattr_in);
	struct wanted w = { .name = name, .data = c->data, .max = CHANNEL_DATA };

	return collect(sv, c, rq, &w);
}

ssize_t op_listxattr(struct server *sv, struct channel *c, const struct request *rq)
{
	struct wanted w = { .data = c->data, .max = CHANNEL_DATA };

	return collect(sv, c, rq, &w);
}
