/* What the kernel asks, answered from the image.
 *
 * What is NOT answered matters as much. ENOSYS to OPEN, OPENDIR, FLUSH, ACCESS
 * and (in an image without any) to the xattr requests makes the kernel stop
 * asking for good: an open file costs no round trip, its pages and a directory's
 * entries stay cached across opens. */
#include "runtime/serve/server.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

static void fill_attr(const struct server *sv, const struct squash_inode *i, struct fuse_attr *ret)
{
	*ret = (struct fuse_attr){
		.ino = i->number,
		.size = i->size,
		.blocks = (i->size + 511) / 512,
		.atime = i->mtime,
		.mtime = i->mtime,
		.ctime = i->mtime,
		.mode = i->mode,
		.nlink = i->nlink,
		.uid = sv->cfg->uid,
		.gid = sv->cfg->gid,
		.rdev = i->rdev, /* both sides use the same packing of major and minor */
	};
}

void op_fill_entry(const struct server *sv, const struct squash_inode *i, struct fuse_entry_out *ret)
{
	*ret = (struct fuse_entry_out){
		.nodeid = node_of(sv, i->ref),
		.entry_valid = FOREVER,
		.attr_valid = FOREVER,
	};
	fill_attr(sv, i, &ret->attr);
}

int op_inode(struct server *sv, uint64_t node, struct squash_inode *ret)
{
	uint64_t ref = ref_of(sv, node);
	struct err e = {};

	if (squash_inode_read(sv->fs, ref, ret, &e))
		return complain(sv, ref, &e);
	return 0;
}

static ssize_t op_lookup(struct server *sv, struct channel *c, const struct request *rq)
{
	struct fuse_entry_out *out = (struct fuse_entry_out *)(void *)c->data;
	struct squash_inode dir, found;
	struct squash_dirent entry;
	struct err e = {};
	int rc = op_inode(sv, rq->head->nodeid, &dir);

	if (rc)
		return rc;
	if (!S_ISDIR(dir.mode))
		return -ENOTDIR;
	rc = squash_dir_find(sv->fs, &dir, rq->arg, strlen(rq->arg), &entry, &e);
	if (rc < 0)
		return complain(sv, dir.ref, &e);
	if (rc == 0) {
		/* Node 0 that is valid for ever: the kernel remembers the absence. */
		*out = (struct fuse_entry_out){ .entry_valid = FOREVER };
		return sizeof(*out);
	}
	if (squash_inode_read(sv->fs, entry.ref, &found, &e))
		return complain(sv, entry.ref, &e);
	op_fill_entry(sv, &found, out);
	return sizeof(*out);
}

static ssize_t op_getattr(struct server *sv, struct channel *c, const struct request *rq)
{
	struct fuse_attr_out *out = (struct fuse_attr_out *)(void *)c->data;
	struct squash_inode i;
	int rc = op_inode(sv, rq->head->nodeid, &i);

	if (rc)
		return rc;
	*out = (struct fuse_attr_out){ .attr_valid = FOREVER };
	fill_attr(sv, &i, &out->attr);
	return sizeof(*out);
}

static ssize_t op_readlink(struct server *sv, struct channel *c, const struct request *rq)
{
	OWN_FREE char *target = NULL;
	struct squash_inode i;
	struct err e = {};
	int rc = op_inode(sv, rq->head->nodeid, &i);
	size_t n;

	if (rc)
		return rc;
	if (!S_ISLNK(i.mode))
		return -EINVAL;
	if (squash_readlink(sv->fs, &i, &target, &e))
		return complain(sv, i.ref, &e);
	n = strlen(target);
	/* The kernel has one page for it, and a longer path is of no use to anybody. */
	if (n > 4095)
		return -ENAMETOOLONG;
	memcpy(c->data, target, n);
	return (ssize_t)n;
}

static ssize_t op_read(struct server *sv, struct channel *c, const struct request *rq)
{
	const struct fuse_read_in *in = rq->arg;
	struct squash_inode i;
	struct err e = {};
	int rc = op_inode(sv, rq->head->nodeid, &i);
	ssize_t n;

	if (rc)
		return rc;
	if (!S_ISREG(i.mode) || in->size > CHANNEL_DATA)
		return -EINVAL;
	if (sv->record)
		record_read(sv->record, &i, in->offset, in->size);
	n = squash_read(sv->fs, &i, c->data, in->size, in->offset, &e);
	return n < 0 ? complain(sv, i.ref, &e) : n;
}

static ssize_t op_statfs(struct server *sv, struct channel *c, const struct request *rq)
{
	struct fuse_statfs_out *out = (struct fuse_statfs_out *)(void *)c->data;
	uint32_t size = sv->super->block_size;

	(void)rq;
	*out = (struct fuse_statfs_out){ .st = {
		.blocks = (sv->super->bytes_used + size - 1) / size,
		.files = sv->super->inodes,
		.bsize = size,
		.frsize = size,
		.namelen = SQUASH_NAME_MAX,
	} };
	return sizeof(*out);
}

static ssize_t op_nothing(struct server *sv, struct channel *c, const struct request *rq)
{
	(void)sv;
	(void)c;
	(void)rq;
	return OP_SILENT;
}

/* The last request of a mount that ends in an orderly way. */
static ssize_t op_done(struct server *sv, struct channel *c, const struct request *rq)
{
	(void)sv;
	(void)c;
	(void)rq;
	return 0;
}

static const struct op {
	ssize_t (*fn)(struct server *sv, struct channel *c, const struct request *rq);
	size_t arg_min;
} ops[] = {
	[FUSE_LOOKUP] = { op_lookup, 1 },
	[FUSE_FORGET] = { op_nothing, 0 },
	[FUSE_BATCH_FORGET] = { op_nothing, 0 },
	[FUSE_GETATTR] = { op_getattr, 0 },
	[FUSE_READLINK] = { op_readlink, 0 },
	[FUSE_READ] = { op_read, sizeof(struct fuse_read_in) },
	[FUSE_READDIR] = { op_readdir, sizeof(struct fuse_read_in) },
	[FUSE_READDIRPLUS] = { op_readdir, sizeof(struct fuse_read_in) },
	[FUSE_STATFS] = { op_statfs, 0 },
	[FUSE_GETXATTR] = { op_getxattr, sizeof(struct fuse_getxattr_in) + 1 },
	[FUSE_LISTXATTR] = { op_listxattr, sizeof(struct fuse_getxattr_in) },
	[FUSE_DESTROY] = { op_done, 0 },
};

/* Requests that are not in the table get ENOSYS, see above. INTERRUPT among
 * them: a reader that is killed waits for its answer, which is near, or for the
 * storage (storage.c), which asks whether the reader still lives. */
ssize_t op_dispatch(struct server *sv, struct channel *c, const struct request *rq)
{
	uint32_t opcode = rq->head->opcode;

	if (opcode >= ARRAY_SIZE(ops) || !ops[opcode].fn)
		return -ENOSYS;
	if (rq->arg_len < ops[opcode].arg_min)
		return -EINVAL;
	return ops[opcode].fn(sv, c, rq);
}
