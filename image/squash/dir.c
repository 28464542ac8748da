/* Directories: a listing is a run of groups, each a header (how many entries,
 * which inode block, base of inode numbers) and up to 256 entries in order of
 * name. Its bytes stand in the directory table as one stream.
 *
 * A cookie is (offset of the group's header in the listing) << 9 | entries of
 * the group that were seen. To resume, the listing's metadata blocks are walked
 * by their sizes alone and one group is parsed again: no state is kept for an
 * open directory, and a large one is not read from the start for each call. */
#include "image/squash/internal.h"

#include "base/le.h"

#include <sys/stat.h>

#define GROUP_MAX 256u
#define COOKIE_SEEN 0x1ffu
#define COOKIE_BITS 9

static const mode_t types[] = { 0, S_IFDIR, S_IFREG, S_IFLNK, S_IFBLK, S_IFCHR, S_IFIFO, S_IFSOCK };

static struct sq_cursor cursor_of(const struct squash_dir *d)
{
	return (struct sq_cursor){ .fs = d->fs, .pos = d->block, .limit = d->fs->super.bytes_used,
				   .off = d->offset };
}

/* n bytes of the listing. Nothing of d changes on failure. */
static int take(struct squash_dir *d, void *buf, uint32_t n, struct err *e)
{
	struct sq_cursor c = cursor_of(d);

	if (n > d->size - d->used)
		return err_set(e, ERR_FORMAT, "a directory ends inside an entry");
	if (sq_cursor_read(&c, buf, n, e))
		return -1;
	d->block = c.pos;
	d->offset = c.off;
	d->used += n;
	return 0;
}

static int next_group(struct squash_dir *d, struct err *e)
{
	uint32_t at = d->used;
	uint8_t p[12];

	if (take(d, p, sizeof(p), e))
		return -1;
	if (le32(p) >= GROUP_MAX)
		return err_set(e, ERR_FORMAT, "a directory has a group of %u entries", le32(p));
	d->left = le32(p) + 1;
	d->header_start = le32(p + 4);
	d->header_number = le32(p + 8);
	d->cookie = (uint64_t)at << COOKIE_BITS;
	return 0;
}

static int next_entry(struct squash_dir *d, struct squash_dirent *ret, struct err *e)
{
	uint8_t p[8];
	unsigned type;

	if (take(d, p, sizeof(p), e))
		return -1;
	ret->name_len = le16(p + 6) + 1;
	if (le16(p + 6) >= SQUASH_NAME_MAX)
		return err_set(e, ERR_FORMAT, "a directory has a name of %u bytes", le16(p + 6) + 1u);
	if (take(d, ret->name, ret->name_len, e))
		return -1;
	ret->name[ret->name_len] = '\0';
	type = le16(p + 4);
	if (type == 0 || type >= ARRAY_SIZE(types))
		return err_set(e, ERR_FORMAT, "a directory has an entry of unknown type %u", type);
	ret->type = types[type];
	ret->ref = (uint64_t)d->header_start << 16 | le16(p);
	ret->number = d->header_number + (uint32_t)(int16_t)le16(p + 2);
	d->left--;
	d->cookie++;
	ret->next = d->cookie;
	return 0;
}

static int check_name(const struct squash_dirent *ent, struct err *e)
{
	const char *s = ent->name;

	if (strlen(s) != ent->name_len || strchr(s, '/') || strcmp(s, ".") == 0 || strcmp(s, "..") == 0)
		return err_set(e, ERR_FORMAT, "a directory has an entry with an impossible name");
	return 0;
}

/* Go to where the cookie says. */
static int resume(struct squash_dir *d, uint64_t cookie, struct err *e)
{
	uint64_t at = cookie >> COOKIE_BITS;
	unsigned seen = cookie & COOKIE_SEEN;
	struct squash_dirent ent;
	struct sq_cursor c = cursor_of(d);

	if (at >= d->size)
		return err_sys(e, EINVAL, "no such place in the directory");
	if (sq_cursor_skip(&c, at, e))
		return -1;
	d->block = c.pos;
	d->offset = c.off;
	d->used = (uint32_t)at;
	if (next_group(d, e))
		return -1;
	while (seen--) {
		if (d->left == 0)
			return err_sys(e, EINVAL, "no such place in the directory");
		if (next_entry(d, &ent, e))
			return -1;
	}
	return 0;
}

int squash_dir_open(struct squash *fs, const struct squash_inode *dir, uint64_t cookie, struct squash_dir *ret,
		    struct err *e)
{
	if (!S_ISDIR(dir->mode))
		return err_sys(e, ENOTDIR, "cannot read a directory");
	/* The stored size counts three bytes for "." and "..". */
	*ret = (struct squash_dir){
		.fs = fs,
		.block = fs->super.dir_table + dir->start,
		.offset = dir->dir_offset,
		.size = dir->size > 3 ? (uint32_t)(dir->size - 3) : 0,
	};
	return cookie ? resume(ret, cookie, e) : 0;
}

int squash_dir_next(struct squash_dir *d, struct squash_dirent *ret, struct err *e)
{
	if (d->left == 0) {
		if (d->used >= d->size)
			return 0;
		if (next_group(d, e))
			return -1;
	}
	if (next_entry(d, ret, e) || check_name(ret, e))
		return -1;
	return 1;
}

static int compare(const char *a, size_t an, const char *b, size_t bn)
{
	int r = memcmp(a, b, an < bn ? an : bn);

	return r ? r : an < bn ? -1 : an > bn;
}

/* Start at the last group whose first name is not behind the wanted one. The
 * index stands behind the inode: for every 8 KiB of the listing the offset of a
 * group, the block it is in and its first name. */
static int use_index(const struct squash_inode *dir, struct squash_dir *d, const char *name, size_t name_len,
		     struct err *e)
{
	struct squash *fs = d->fs;
	struct sq_cursor c = { .fs = fs, .pos = dir->tail_block, .limit = fs->super.dir_table,
			       .off = dir->tail_offset };
	uint8_t p[12];
	char first[SQUASH_NAME_MAX];

	for (uint32_t i = 0; i < dir->dir_index_count; i++) {
		uint32_t len;

		if (sq_cursor_read(&c, p, sizeof(p), e))
			return -1;
		len = le32(p + 8);
		if (len >= SQUASH_NAME_MAX || le32(p) >= d->size)
			return err_set(e, ERR_FORMAT, "a directory's index is damaged");
		if (sq_cursor_read(&c, first, len + 1, e))
			return -1;
		if (compare(first, len + 1, name, name_len) > 0)
			break;
		d->used = le32(p);
		d->block = fs->super.dir_table + le32(p + 4);
		d->offset = (dir->dir_offset + le32(p)) % SQ_META_SIZE;
	}
	return 0;
}

int squash_dir_find(struct squash *fs, const struct squash_inode *dir, const char *name, size_t name_len,
		    struct squash_dirent *ret, struct err *e)
{
	struct squash_dir d;
	int r;

	if (squash_dir_open(fs, dir, 0, &d, e))
		return -1;
	if (dir->dir_index_count && use_index(dir, &d, name, name_len, e))
		return -1;
	while ((r = squash_dir_next(&d, ret, e)) > 0) {
		int order = compare(ret->name, ret->name_len, name, name_len);

		if (order == 0)
			return 1;
		if (order > 0)
			return 0;
	}
	return r;
}
