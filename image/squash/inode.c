/* Inodes: seven types, each in a basic and an extended form, made one here. */
#include "image/squash/internal.h"

#include "base/le.h"

#include <sys/stat.h>

enum inode_type {
	DIR_BASIC = 1,
	FILE_BASIC,
	LINK_BASIC,
	BLOCK_BASIC,
	CHAR_BASIC,
	FIFO_BASIC,
	SOCKET_BASIC,
	DIR_EXT,
	FILE_EXT,
	LINK_EXT,
	BLOCK_EXT,
	CHAR_EXT,
	FIFO_EXT,
	SOCKET_EXT,
	INODE_TYPES,
};

static const struct {
	mode_t type;
	uint8_t len; /* bytes behind the common header of 16 */
} forms[INODE_TYPES] = {
	[DIR_BASIC] = { S_IFDIR, 16 },	 [DIR_EXT] = { S_IFDIR, 24 },
	[FILE_BASIC] = { S_IFREG, 16 },	 [FILE_EXT] = { S_IFREG, 40 },
	[LINK_BASIC] = { S_IFLNK, 8 },	 [LINK_EXT] = { S_IFLNK, 8 },
	[BLOCK_BASIC] = { S_IFBLK, 8 },	 [BLOCK_EXT] = { S_IFBLK, 12 },
	[CHAR_BASIC] = { S_IFCHR, 8 },	 [CHAR_EXT] = { S_IFCHR, 12 },
	[FIFO_BASIC] = { S_IFIFO, 4 },	 [FIFO_EXT] = { S_IFIFO, 8 },
	[SOCKET_BASIC] = { S_IFSOCK, 4 }, [SOCKET_EXT] = { S_IFSOCK, 8 },
};

static void parse_dir(unsigned type, const uint8_t *p, struct squash_inode *i)
{
	if (type == DIR_BASIC) {
		i->start = le32(p);
		i->nlink = le32(p + 4);
		i->size = le16(p + 8);
		i->dir_offset = le16(p + 10);
		i->parent = le32(p + 12);
		return;
	}
	i->nlink = le32(p);
	i->size = le32(p + 4);
	i->start = le32(p + 8);
	i->parent = le32(p + 12);
	i->dir_index_count = le16(p + 16);
	i->dir_offset = le16(p + 18);
	i->xattr = le32(p + 20);
}

static void parse_file(unsigned type, const uint8_t *p, struct squash_inode *i)
{
	if (type == FILE_BASIC) {
		i->nlink = 1;
		i->start = le32(p);
		i->fragment = le32(p + 4);
		i->fragment_offset = le32(p + 8);
		i->size = le32(p + 12);
		return;
	}
	i->start = le64(p);
	i->size = le64(p + 8);
	i->nlink = le32(p + 24);
	i->fragment = le32(p + 28);
	i->fragment_offset = le32(p + 32);
	i->xattr = le32(p + 36);
}

static void parse_other(unsigned type, const uint8_t *p, struct squash_inode *i)
{
	unsigned basic = type < DIR_EXT ? type : type - (DIR_EXT - DIR_BASIC);

	i->nlink = le32(p);
	if (basic == LINK_BASIC)
		i->size = le32(p + 4);
	else if (basic == BLOCK_BASIC || basic == CHAR_BASIC)
		i->rdev = le32(p + 4); /* packed as makedev(3) does */
	if (type == BLOCK_EXT || type == CHAR_EXT)
		i->xattr = le32(p + 8);
	else if (type == FIFO_EXT || type == SOCKET_EXT)
		i->xattr = le32(p + 4);
}

uint64_t sq_block_count(const struct squash *fs, const struct squash_inode *file)
{
	uint64_t n = file->size >> fs->super.block_log;

	return n + (file->fragment == SQ_FRAGMENT_NONE && (file->size & (fs->super.block_size - 1)));
}

/* A size that the inode table could not have a block list for is a lie. */
static int check_file(const struct squash *fs, const struct squash_inode *i, struct err *e)
{
	uint64_t words = (fs->super.dir_table - fs->super.inode_table) / 3 * (SQ_META_SIZE / 4);

	if (i->size > INT64_MAX || sq_block_count(fs, i) > words)
		return err_set(e, ERR_FORMAT, "file size %llu is impossible", (unsigned long long)i->size);
	if (i->start > fs->super.bytes_used)
		return err_set(e, ERR_FORMAT, "the file's data lie beyond the image");
	if (i->fragment != SQ_FRAGMENT_NONE && i->fragment >= fs->super.fragments)
		return err_set(e, ERR_FORMAT, "fragment %u of %u", i->fragment, fs->super.fragments);
	return 0;
}

static int parse_body(const struct squash *fs, unsigned type, const uint8_t *p, struct squash_inode *i,
		      struct err *e)
{
	switch (i->mode & S_IFMT) {
	case S_IFDIR:
		parse_dir(type, p, i);
		if (i->start > fs->super.bytes_used - fs->super.dir_table)
			return err_set(e, ERR_FORMAT, "the directory's entries lie beyond the image");
		return 0;
	case S_IFREG:
		parse_file(type, p, i);
		return check_file(fs, i, e);
	default:
		parse_other(type, p, i);
		return 0;
	}
}

static int read_inode(struct squash *fs, uint64_t ref, struct squash_inode *ret, struct err *e)
{
	const struct squash_super *s = &fs->super;
	struct sq_cursor c = { .fs = fs, .limit = s->dir_table, .off = ref & 0xffff };
	uint8_t p[40];
	unsigned type, uid, gid;

	if (ref >> 16 >= s->dir_table - s->inode_table)
		return err_set(e, ERR_FORMAT, "outside of the inode table");
	c.pos = s->inode_table + (ref >> 16);
	if (sq_cursor_read(&c, p, 16, e))
		return -1;
	type = le16(p);
	uid = le16(p + 4);
	gid = le16(p + 6);
	if (type < DIR_BASIC || type >= INODE_TYPES)
		return err_set(e, ERR_FORMAT, "type %u is unknown", type);
	if (uid >= s->ids || gid >= s->ids)
		return err_set(e, ERR_FORMAT, "owner %u or %u of %u", uid, gid, s->ids);
	*ret = (struct squash_inode){
		.ref = ref,
		.mode = forms[type].type | (le16(p + 2) & 07777),
		.uid = fs->ids[uid],
		.gid = fs->ids[gid],
		.mtime = le32(p + 8),
		.number = le32(p + 12),
		.xattr = SQUASH_NO_XATTR,
		.fragment = SQ_FRAGMENT_NONE,
	};
	if (sq_cursor_read(&c, p, forms[type].len, e) || parse_body(fs, type, p, ret, e))
		return -1;
	ret->tail_block = c.pos;
	ret->tail_offset = c.off;
	/* The extended link keeps its xattr index behind the target. */
	if (type == LINK_EXT) {
		if (ret->size > SQ_LINK_MAX)
			return err_set(e, ERR_FORMAT, "a link target of %llu bytes",
				       (unsigned long long)ret->size);
		if (sq_cursor_skip(&c, ret->size, e) || sq_cursor_read(&c, p, 4, e))
			return -1;
		ret->xattr = le32(p);
	}
	return 0;
}

int squash_inode_read(struct squash *fs, uint64_t ref, struct squash_inode *ret, struct err *e)
{
	if (read_inode(fs, ref, ret, e))
		return err_ctx(e, "inode 0x%llx", (unsigned long long)ref);
	return 0;
}

int squash_readlink(struct squash *fs, const struct squash_inode *link, char **ret, struct err *e)
{
	struct sq_cursor c = { .fs = fs, .pos = link->tail_block, .limit = fs->super.dir_table,
			       .off = link->tail_offset };
	OWN_FREE char *text = NULL;

	if (!S_ISLNK(link->mode))
		return err_sys(e, EINVAL, "cannot read a link");
	if (link->size == 0 || link->size > SQ_LINK_MAX)
		return err_set(e, ERR_FORMAT, "a link target of %llu bytes", (unsigned long long)link->size);
	text = malloc(link->size + 1);
	if (!text)
		return err_sys(e, ENOMEM, "cannot read a link");
	if (sq_cursor_read(&c, text, link->size, e))
		return err_ctx(e, "a link's target");
	text[link->size] = '\0';
	if (strlen(text) != link->size)
		return err_set(e, ERR_FORMAT, "a link's target has a NUL byte in it");
	*ret = TAKE_PTR(text);
	return 0;
}
