/* Extended attributes. An inode's index leads to (where its pairs stand, how
 * many); a value is in place or, when another inode has the same, elsewhere. */
#include "image/squash/internal.h"

#include "base/le.h"

#include <linux/limits.h>

#define ELSEWHERE 0x100u

static const char *const prefixes[] = { "user.", "trusted.", "security." };

/* What Linux can carry: XATTR_NAME_MAX, XATTR_SIZE_MAX, XATTR_LIST_MAX. */
struct pair {
	char name[XATTR_NAME_MAX + 1];
	uint32_t len;
	uint8_t *value; /* XATTR_SIZE_MAX bytes */
};

bool squash_has_xattrs(const struct squash *fs)
{
	return fs->xattr_ids.n != 0;
}

static struct sq_cursor cursor_at(struct squash *fs, uint64_t ref)
{
	return (struct sq_cursor){ .fs = fs, .pos = fs->xattr_start + (ref >> 16), .limit = fs->super.bytes_used,
				   .off = ref & 0xffff };
}

static int read_name(struct sq_cursor *c, uint16_t *ret_type, struct pair *ret, struct err *e)
{
	uint8_t p[4];
	unsigned type, len, prefix;

	if (sq_cursor_read(c, p, sizeof(p), e))
		return -1;
	*ret_type = le16(p);
	type = *ret_type & ~ELSEWHERE;
	len = le16(p + 2);
	if (type >= ARRAY_SIZE(prefixes))
		return err_set(e, ERR_FORMAT, "prefix %u is unknown", type);
	prefix = (unsigned)strlen(prefixes[type]);
	if (len == 0 || prefix + len > XATTR_NAME_MAX)
		return err_set(e, ERR_FORMAT, "a name of %u bytes", len);
	memcpy(ret->name, prefixes[type], prefix);
	if (sq_cursor_read(c, ret->name + prefix, len, e))
		return -1;
	ret->name[prefix + len] = '\0';
	if (strlen(ret->name) != prefix + len)
		return err_set(e, ERR_FORMAT, "a name with a NUL byte in it");
	return 0;
}

static int read_bytes(struct sq_cursor *c, struct pair *ret, struct err *e)
{
	uint8_t p[4];

	if (sq_cursor_read(c, p, sizeof(p), e))
		return -1;
	ret->len = le32(p);
	if (ret->len > XATTR_SIZE_MAX)
		return err_set(e, ERR_FORMAT, "a value of %u bytes", ret->len);
	return sq_cursor_read(c, ret->value, ret->len, e);
}

static int read_value(struct sq_cursor *c, uint16_t type, struct pair *ret, struct err *e)
{
	struct sq_cursor far;
	uint8_t p[12];

	if (!(type & ELSEWHERE))
		return read_bytes(c, ret, e);
	/* In place stands an 8-byte reference, with its length before it. */
	if (sq_cursor_read(c, p, sizeof(p), e))
		return -1;
	far = cursor_at(c->fs, le64(p + 4));
	if (far.pos < c->fs->xattr_start)
		return err_set(e, ERR_FORMAT, "a value outside of the image");
	return read_bytes(&far, ret, e);
}

static int each(struct sq_cursor *c, uint32_t count, struct pair *pair, squash_xattr_fn fn, void *ctx,
		struct err *e)
{
	size_t names = 0;

	for (uint32_t i = 0; i < count; i++) {
		uint16_t type;
		int r;

		if (read_name(c, &type, pair, e))
			return -1;
		names += strlen(pair->name) + 1;
		if (names > XATTR_LIST_MAX)
			return err_set(e, ERR_FORMAT, "more than %u bytes of names", XATTR_LIST_MAX);
		if (read_value(c, type, pair, e))
			return -1;
		r = fn(ctx, pair->name, pair->value, pair->len);
		if (r)
			return r;
	}
	return 0;
}

int squash_xattrs(struct squash *fs, const struct squash_inode *i, squash_xattr_fn fn, void *ctx, struct err *e)
{
	struct sq_cursor c;
	struct pair pair;
	OWN_FREE uint8_t *value = NULL;
	uint8_t p[16];

	if (i->xattr == SQUASH_NO_XATTR || !squash_has_xattrs(fs))
		return 0;
	if (sq_table_get(fs, &fs->xattr_ids, i->xattr, p, e))
		return err_ctx(e, "extended attributes");
	c = cursor_at(fs, le64(p));
	if (c.pos < fs->xattr_start)
		return err_set(e, ERR_FORMAT, "extended attributes: outside of the image");
	value = malloc(XATTR_SIZE_MAX);
	if (!value)
		return err_sys(e, ENOMEM, "cannot read extended attributes");
	pair.value = value;
	return each(&c, le32(p + 8), &pair, fn, ctx, e);
}
