/* Inodes and directories. A directory's listing holds the places of its
 * entries' inodes, and its own inode the place of the listing, so the order is:
 * subdirectories first (whole), then the inodes of the other entries, then the
 * listing, then the directory's inode. Inodes of one directory stand together,
 * which is what `ls -l` and an import of many modules read. */
#include "image/pack/mkfs_private.h"

#include "base/mem.h"

#include <sqfs/error.h>
#include <string.h>
#include <sys/stat.h>

static int write_inode(struct mkfs *m, struct tree_inode *i, sqfs_inode_generic_t *out, struct err *e)
{
	sqfs_u16 uid, gid;
	sqfs_u64 block;
	sqfs_u32 offset;
	int rc = sqfs_id_table_id_to_index(m->ids, i->uid, &uid);

	if (!rc)
		rc = sqfs_id_table_id_to_index(m->ids, i->gid, &gid);
	if (rc)
		return mkfs_fail(m, rc, "recording owners", e);
	out->base.mode = (sqfs_u16)(i->mode & 07777);
	out->base.uid_idx = uid;
	out->base.gid_idx = gid;
	out->base.mod_time = i->mtime;
	out->base.inode_number = i->number;
	sqfs_meta_writer_get_position(m->inodes, &block, &offset);
	i->ref = block << 16 | offset;
	i->written = true;
	rc = sqfs_meta_writer_write_inode(m->inodes, out);
	return rc ? mkfs_fail(m, rc, "writing inodes", e) : 0;
}

static int write_file(struct mkfs *m, struct tree_inode *i, struct err *e)
{
	sqfs_inode_generic_t *out = i->file;
	int rc;

	if (i->nlink > 1 || i->xattr != TREE_NO_XATTR)
		rc = sqfs_inode_make_extended(out);
	else
		rc = sqfs_inode_make_basic(out); /* unless it is large or sparse */
	if (!rc && i->xattr != TREE_NO_XATTR)
		rc = sqfs_inode_set_xattr_index(out, i->xattr);
	if (rc)
		return mkfs_fail(m, rc, "writing inodes", e);
	if (out->base.type == SQFS_INODE_EXT_FILE)
		out->data.file_ext.nlink = i->nlink;
	return write_inode(m, i, out, e);
}

static int fill_special(const struct tree_inode *i, sqfs_inode_generic_t *out)
{
	switch (i->mode & S_IFMT) {
	case S_IFLNK:
		out->base.type = SQFS_INODE_SLINK;
		out->data.slink.nlink = i->nlink;
		out->data.slink.target_size = (sqfs_u32)strlen(i->target);
		out->payload_bytes_available = out->payload_bytes_used = out->data.slink.target_size;
		memcpy(out->extra, i->target, out->data.slink.target_size);
		return 0;
	case S_IFCHR:
	case S_IFBLK:
		out->base.type = S_ISCHR(i->mode) ? SQFS_INODE_CDEV : SQFS_INODE_BDEV;
		out->data.dev.nlink = i->nlink;
		out->data.dev.devno = i->rdev;
		return 0;
	case S_IFIFO:
	case S_IFSOCK:
		out->base.type = S_ISFIFO(i->mode) ? SQFS_INODE_FIFO : SQFS_INODE_SOCKET;
		out->data.ipc.nlink = i->nlink;
		return 0;
	default:
		return SQFS_ERROR_UNSUPPORTED;
	}
}

static int write_special(struct mkfs *m, struct tree_inode *i, struct err *e)
{
	OWN_FREE sqfs_inode_generic_t *out = xcalloc(1, sizeof(*out) + (i->target ? strlen(i->target) : 0));
	int rc = fill_special(i, out);

	if (!rc && i->xattr != TREE_NO_XATTR)
		rc = sqfs_inode_set_xattr_index(out, i->xattr);
	if (rc)
		return mkfs_fail(m, rc, "writing inodes", e);
	return write_inode(m, i, out, e);
}

static int write_dir_inode(struct mkfs *m, const struct tree_name *dir, uint32_t parent, struct err *e)
{
	struct tree_inode *i = dir->inode;
	sqfs_inode_generic_t *out = sqfs_dir_writer_create_inode(m->dir, 0, i->xattr, parent);
	int rc;

	if (!out)
		return err_sys(e, ENOMEM, "writing inodes");
	if (out->base.type == SQFS_INODE_DIR)
		out->data.dir.nlink = i->nlink;
	else
		out->data.dir_ext.nlink = i->nlink;
	rc = write_inode(m, i, out, e);
	sqfs_free(out);
	return rc;
}

static int write_listing(struct mkfs *m, const struct tree_name *dir, struct err *e)
{
	int rc = sqfs_dir_writer_begin(m->dir, 0);

	for (const struct tree_name *c = dir->children; c && !rc; c = c->sibling)
		rc = sqfs_dir_writer_add_entry(m->dir, c->name, c->inode->number, c->inode->ref,
					       (sqfs_u16)c->inode->mode);
	if (!rc)
		rc = sqfs_dir_writer_end(m->dir);
	return rc ? mkfs_fail(m, rc, "writing directories", e) : 0;
}

static int write_dir(struct mkfs *m, const struct tree_name *dir, uint32_t parent, struct err *e)
{
	for (const struct tree_name *c = dir->children; c; c = c->sibling)
		if (S_ISDIR(c->inode->mode) && write_dir(m, c, dir->inode->number, e))
			return -1;
	for (const struct tree_name *c = dir->children; c; c = c->sibling) {
		struct tree_inode *i = c->inode;

		if (S_ISDIR(i->mode) || i->written)
			continue;
		if (S_ISREG(i->mode) ? write_file(m, i, e) : write_special(m, i, e))
			return -1;
	}
	if (write_listing(m, dir, e))
		return -1;
	return write_dir_inode(m, dir, parent, e);
}

int mkfs_tables(struct mkfs *m, struct tree *t, struct err *e)
{
	int rc;

	m->super.inode_table_start = m->file.size;
	/* The format wants the root's parent to be one past the last number. */
	if (write_dir(m, t->root, t->count + 1, e))
		return -1;
	m->super.root_inode_ref = t->root->inode->ref;
	rc = sqfs_meta_writer_flush(m->inodes);
	if (!rc)
		rc = sqfs_meta_writer_flush(m->dirs);
	m->super.directory_table_start = m->file.size;
	if (!rc)
		rc = sqfs_meta_write_write_to_file(m->dirs);
	return rc ? mkfs_fail(m, rc, "writing the tables", e) : 0;
}
