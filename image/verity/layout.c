#include "image/verity/layout.h"

#include "base/fd.h"
#include "base/le.h"

#include <string.h>

#define DIGESTS_LOG 7 /* 128 digests in a block */

/* Offsets in the superblock. */
enum {
	S_VERSION = 8,
	S_HASH_TYPE = 12,
	S_UUID = 16,
	S_ALGORITHM = 32,
	S_DATA_BLOCK = 64,
	S_HASH_BLOCK = 68,
	S_DATA_BLOCKS = 72,
	S_SALT_LEN = 80,
};

int verity_layout(uint64_t data_size, struct verity_layout *ret, struct err *e)
{
	struct verity_layout l = { .data_size = data_size };
	uint64_t at = 1; /* the superblock has a block of its own */

	if (!data_size || data_size > INT64_MAX / 2)
		return err_set(e, ERR_FORMAT, "there is no hash tree over %llu bytes", (unsigned long long)data_size);
	l.data_blocks = (data_size + VERITY_BLOCK - 1) / VERITY_BLOCK;
	for (uint64_t n = l.data_blocks; n > 1; l.levels++) {
		n = (n + VERITY_DIGESTS - 1) >> DIGESTS_LOG;
		l.blocks[l.levels] = n;
	}
	/* The level next to the root comes first. */
	for (unsigned i = l.levels; i-- > 0; at += l.blocks[i])
		l.first[i] = at;
	l.size = at * VERITY_BLOCK;
	*ret = l;
	return 0;
}

void verity_digest(const void *data, size_t len, uint8_t ret[DIGEST_SHA256])
{
	static const uint8_t zeros[VERITY_BLOCK];
	struct sha256_ctx c;

	sha256_init(&c);
	sha256_update(&c, len, data);
	if (len < VERITY_BLOCK)
		sha256_update(&c, VERITY_BLOCK - len, zeros);
	sha256_digest(&c, DIGEST_SHA256, ret);
}

void verity_super(const struct verity_layout *l, uint8_t ret[VERITY_SUPER_LEN])
{
	memset(ret, 0, VERITY_SUPER_LEN);
	memcpy(ret, "verity\0\0", 8);
	put_le32(ret + S_VERSION, 1);
	put_le32(ret + S_HASH_TYPE, 1);
	memcpy(ret + S_ALGORITHM, "sha256", 6);
	put_le32(ret + S_DATA_BLOCK, VERITY_BLOCK);
	put_le32(ret + S_HASH_BLOCK, VERITY_BLOCK);
	put_le64(ret + S_DATA_BLOCKS, l->data_blocks);
}

static int write_super(int fd, uint64_t offset, const struct verity_layout *l, const char *name, struct err *e)
{
	uint8_t block[VERITY_BLOCK] = {};

	verity_super(l, block);
	return fd_pwrite_full(fd, block, sizeof(block), offset, name, e);
}

/* One level: its blocks go to the file, their digests to the next level. */
static int write_level(int fd, uint64_t offset, const uint8_t *digests, uint64_t n, uint8_t *next, const char *name,
		       struct err *e)
{
	uint8_t block[VERITY_BLOCK];

	for (uint64_t i = 0; i < n; i += VERITY_DIGESTS) {
		size_t have = (size_t)(n - i < VERITY_DIGESTS ? n - i : VERITY_DIGESTS) * DIGEST_SHA256;

		memcpy(block, digests + i * DIGEST_SHA256, have);
		memset(block + have, 0, sizeof(block) - have);
		if (fd_pwrite_full(fd, block, sizeof(block), offset + i / VERITY_DIGESTS * VERITY_BLOCK, name, e))
			return -1;
		digest_sha256(block, sizeof(block), next);
		next += DIGEST_SHA256;
	}
	return 0;
}

int verity_write(int fd, uint64_t offset, const struct verity_layout *l, const uint8_t *digests,
		 uint8_t root[DIGEST_SHA256], const char *name, struct err *e)
{
	OWN_FREE uint8_t *upper = malloc(l->levels ? l->blocks[0] * DIGEST_SHA256 : 1);
	const uint8_t *from = digests;
	uint64_t n = l->data_blocks;

	if (!upper)
		return err_sys(e, ENOMEM, "cannot build the hash tree");
	if (write_super(fd, offset, l, name, e))
		return -1;
	/* Upwards in place: a level's digests are an n-th of those read. */
	for (unsigned i = 0; i < l->levels; i++) {
		if (write_level(fd, offset + l->first[i] * VERITY_BLOCK, from, n, upper, name, e))
			return -1;
		from = upper;
		n = l->blocks[i];
	}
	memcpy(root, from, DIGEST_SHA256);
	return 0;
}
