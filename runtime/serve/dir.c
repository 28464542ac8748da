/* READDIR and READDIRPLUS.
 *
 * A position is 0 before ".", 1 before "..", then 2 + the reader's cookie, so
 * that a walk goes on from any position without state between requests. */
#include "runtime/serve/server.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define FIRST_ENTRY 2

struct listing {
	struct server *sv;
	uint8_t *data;
	size_t len, max;
	bool plus;
};

/* Add one entry; attr NULL = the kernel may not make an inode of it. false:
 * the reply is full. */
static bool add(struct listing *l, const char *name, size_t name_len, uint64_t number, mode_t type, uint64_t next,
		const struct squash_inode *attr)
{
	size_t head = l->plus ? sizeof(struct fuse_entry_out) : 0;
	size_t bare = head + FUSE_NAME_OFFSET + name_len, size = FUSE_DIRENT_ALIGN(bare);
	struct fuse_dirent *out = (struct fuse_dirent *)(void *)(l->data + l->len + head);

	if (size > l->max - l->len)
		return false;
	if (l->plus && attr)
		op_fill_entry(l->sv, attr, (struct fuse_entry_out *)(void *)(l->data + l->len));
	else
		memset(l->data + l->len, 0, head);
	out->ino = number;
	out->off = next;
	out->namelen = (uint32_t)name_len;
	out->type = type >> 12;
	memcpy(out->name, name, name_len);
	memset(l->data + l->len + bare, 0, size - bare);
	l->len += size;
	return true;
}

static int add_entries(struct listing *l, const struct squash_inode *dir, uint64_t cookie, struct err *e)
{
	struct squash_dirent entry;
	struct squash_inode inode;
	struct squash_dir walk;
	int rc;

	if (squash_dir_open(l->sv->fs, dir, cookie, &walk, e))
		return -1;
	while ((rc = squash_dir_next(&walk, &entry, e)) > 0) {
		struct err damage = {};
		bool have = l->plus && !squash_inode_read(l->sv->fs, entry.ref, &inode, &damage);

		/* One damaged inode does not take its neighbours away: it is listed,
		 * and the access to it fails. */
		if (l->plus && !have)
			complain(l->sv, entry.ref, &damage);
		if (!add(l, entry.name, entry.name_len, entry.number, entry.type, FIRST_ENTRY + entry.next,
			 have ? &inode : NULL))
			return 0;
	}
	return rc;
}

ssize_t op_readdir(struct server *sv, struct channel *c, const struct request *rq)
{
	const struct fuse_read_in *in = rq->arg;
	struct listing l = {
		.sv = sv,
		.data = c->data,
		.max = in->size < CHANNEL_DATA ? in->size : CHANNEL_DATA,
		.plus = rq->head->opcode == FUSE_READDIRPLUS,
	};
	struct squash_inode dir;
	struct err e = {};
	int rc = op_inode(sv, rq->head->nodeid, &dir);

	if (rc)
		return rc;
	if (!S_ISDIR(dir.mode))
		return -ENOTDIR;
	if (in->offset < 1 && !add(&l, ".", 1, dir.number, S_IFDIR, 1, NULL))
		return -EINVAL;
	if (in->offset < 2 && !add(&l, "..", 2, dir.parent, S_IFDIR, FIRST_ENTRY, NULL))
		return -EINVAL;
	rc = add_entries(&l, &dir, in->offset < FIRST_ENTRY ? 0 : in->offset - FIRST_ENTRY, &e);
	/* What was read before the damage is shown; the next request meets it. */
	if (rc < 0 && l.len == 0)
		return complain(sv, dir.ref, &e);
	return (ssize_t)l.len;
}
