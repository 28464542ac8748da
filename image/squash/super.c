/* The superblock. No codec is needed here: programs that only ask what an image
 * is link this file alone (libsquashsuper). */
#include "image/squash/squash.h"

#include "base/le.h"

#define SUPER_LEN 96
#define MAGIC 0x73717368u
#define MAGIC_SWAPPED 0x68737173u
#define NONE 0xffffffffffffffffull

const char *squash_compressor_name(unsigned compressor)
{
	static const char *const names[] = {
		[SQUASH_GZIP] = "gzip", [SQUASH_LZMA] = "lzma", [SQUASH_LZO] = "lzo",
		[SQUASH_XZ] = "xz",	[SQUASH_LZ4] = "lz4",	[SQUASH_ZSTD] = "zstd",
	};

	return compressor < ARRAY_SIZE(names) && names[compressor] ? names[compressor] : "unknown";
}

static int check_identity(const uint8_t *p, struct err *e)
{
	uint32_t magic = le32(p);
	uint16_t major = le16(p + 28), minor = le16(p + 30);

	if (magic == MAGIC_SWAPPED)
		return err_set(e, ERR_FORMAT, "a big-endian SquashFS (before 4.0) is not supported");
	if (magic != MAGIC)
		return err_set(e, ERR_FORMAT, "not a SquashFS: the magic number is 0x%08x", magic);
	if (major != 4 || minor != 0)
		return err_set(e, ERR_FORMAT, "SquashFS %u.%u is not supported, only 4.0", major, minor);
	return 0;
}

/* Tables stand in this order; what is absent is all ones. */
static int check_tables(const struct squash_super *s, struct err *e)
{
	if (s->bytes_used < SUPER_LEN || s->bytes_used > INT64_MAX)
		return err_set(e, ERR_FORMAT, "superblock: size %llu is out of range",
			       (unsigned long long)s->bytes_used);
	if (s->inode_table < SUPER_LEN || s->inode_table >= s->dir_table || s->dir_table >= s->bytes_used)
		return err_set(e, ERR_FORMAT, "superblock: inode or directory table is out of range");
	if (s->root_ref >> 16 >= s->dir_table - s->inode_table || (s->root_ref & 0xffff) >= 8192)
		return err_set(e, ERR_FORMAT, "superblock: root inode is out of range");
	if (s->ids == 0 || s->id_table < SUPER_LEN || s->id_table >= s->bytes_used)
		return err_set(e, ERR_FORMAT, "superblock: id table is missing or out of range");
	if (s->fragments && (s->fragment_table < SUPER_LEN || s->fragment_table >= s->bytes_used))
		return err_set(e, ERR_FORMAT, "superblock: fragment table is out of range");
	if (s->xattr_table != NONE && (s->xattr_table < SUPER_LEN || s->xattr_table >= s->bytes_used))
		return err_set(e, ERR_FORMAT, "superblock: xattr table is out of range");
	return 0;
}

int squash_super_parse(const void *data, size_t len, struct squash_super *ret, struct err *e)
{
	const uint8_t *p = data;
	struct squash_super s;

	if (len < SUPER_LEN)
		return err_set(e, ERR_FORMAT, "not a SquashFS: it is shorter than a superblock");
	if (check_identity(p, e))
		return -1;
	s = (struct squash_super){
		.inodes = le32(p + 4),
		.mtime = le32(p + 8),
		.block_size = le32(p + 12),
		.fragments = le32(p + 16),
		.compressor = le16(p + 20),
		.block_log = le16(p + 22),
		.flags = le16(p + 24),
		.ids = le16(p + 26),
		.root_ref = le64(p + 32),
		.bytes_used = le64(p + 40),
		.id_table = le64(p + 48),
		.xattr_table = le64(p + 56),
		.inode_table = le64(p + 64),
		.dir_table = le64(p + 72),
		.fragment_table = le64(p + 80),
		.export_table = le64(p + 88),
	};
	if (s.block_log < 12 || s.block_log > 20 || s.block_size != 1u << s.block_log)
		return err_set(e, ERR_FORMAT, "superblock: block size %u (log %u) is out of range", s.block_size,
			       s.block_log);
	if (s.compressor < SQUASH_GZIP || s.compressor > SQUASH_ZSTD)
		return err_set(e, ERR_FORMAT, "superblock: compressor %u is unknown", s.compressor);
	if (check_tables(&s, e))
		return -1;
	*ret = s;
	return 0;
}
