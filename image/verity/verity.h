/* Verity: a hash tree over a partition, so that every block can be checked when
 * it is read and one digest, the root, vouches for all of them.
 *
 * Two objects of the image say it. `sif.verity.tree` (generic) is what
 * `veritysetup format` writes for dm-verity version 1: a superblock and the tree,
 * SHA-256, blocks of 4096 bytes, no salt, UUID zero, the object aligned to 4096.
 * `sif.verity.json` (generic JSON) names the partition, its size and the root:
 * it is small, so a signature over it is checked at once. Both are linked to the
 * partition. They stand in its group, or, where that group was signed before, in
 * one of their own; then the JSON also holds the partition's SHA-256, which ties
 * it to what the older signature says.
 *
 * A partition whose size is no multiple of 4096 counts as filled with zeros.
 * Source of the tree's form: the kernel's dm-verity and cryptsetup's documents. */
#ifndef SIF_IMAGE_VERITY_H
#define SIF_IMAGE_VERITY_H

#include "base/err.h"
#include "base/own.h"
#include "base/str.h"
#include "image/digest/digest.h"
#include "image/sif/read.h"
#include "image/source/source.h"

#include <stdbool.h>
#include <stdint.h>

#define VERITY_BLOCK 4096u
#define VERITY_DIGESTS (VERITY_BLOCK / DIGEST_SHA256) /* in a block of the tree */
#define VERITY_LEVELS 9
#define VERITY_TREE_NAME "sif.verity.tree"
#define VERITY_JSON_NAME "sif.verity.json"
#define VERITY_JSON_MAX 4096 /* bytes; ours are a tenth of it */

/* Where the parts of a tree lie. Level 0 holds the data blocks' digests. */
struct verity_layout {
	uint64_t data_size, data_blocks;
	unsigned levels;		/* 0: one data block, its digest is the root */
	uint64_t first[VERITY_LEVELS];	/* block of the tree object where a level begins */
	uint64_t blocks[VERITY_LEVELS]; /* of a level */
	uint64_t size;			/* of the tree object in bytes, superblock included */
};

/* ERR_FORMAT: data_size is 0 or larger than a file can be. */
int verity_layout(uint64_t data_size, struct verity_layout *ret, struct err *e) MUST_CHECK;

/* Digest of one data block; len < VERITY_BLOCK: the rest counts as zeros. */
void verity_digest(const void *data, size_t len, uint8_t ret[DIGEST_SHA256]);

/* Write superblock and tree at offset of fd from the digests of all data blocks
 * (l->data_blocks of them); root gets the root. */
int verity_write(int fd, uint64_t offset, const struct verity_layout *l, const uint8_t *digests,
		 uint8_t root[DIGEST_SHA256], const char *name, struct err *e) MUST_CHECK;

/* What sif.verity.json says. Relative ids count from the smallest id of the
 * object's own group, as in signed metadata. */
struct verity_info {
	uint32_t partition, tree; /* relative ids */
	uint64_t size, tree_size;
	uint8_t root[DIGEST_SHA256];
	bool has_digest; /* of the partition's size bytes */
	uint8_t digest[DIGEST_SHA256];
};

void verity_info_text(const struct verity_info *info, struct str *out);
/* text: hostile. ERR_FORMAT: not exactly the form that verity_info_text writes. */
int verity_info_parse(const char *text, size_t len, struct verity_info *ret, struct err *e) MUST_CHECK;

/* The tree that an image carries for a partition. */
struct verity {
	struct verity_info info;
	struct verity_layout layout;
	const struct sif_object *partition, *json, *tree; /* borrowed from the image */
};

/* Smallest id in an object's group. */
uint32_t verity_group_base(const struct sif_image *img, const struct sif_object *o);
/* The first (after NULL) or next JSON object that claims to describe part. */
const struct sif_object *verity_next(const struct sif_image *img, const struct sif_object *part,
				     const struct sif_object *after);
/* Read what json says of part, and check it against the descriptors and the
 * tree's superblock: sizes, links, groups. Nothing is vouched for by that: the
 * root is as true as the JSON object. */
int verity_load(int fd, const struct sif_image *img, const struct sif_object *part, const struct sif_object *json,
		struct verity *ret, struct err *e) MUST_CHECK;
/* The tree's topmost block against the root: finds a wrong root at once. */
int verity_check_root(struct source *tree, const struct verity_layout *l, const uint8_t root[DIGEST_SHA256],
		      struct err *e) MUST_CHECK;

/* A source that gives no byte that was not checked against root, each time it
 * is read. Owns data and tree (also when it fails): the partition's l->data_size
 * bytes and the tree object's. ERR_VERIFY with .sys = EIO: a block is not what
 * was hashed; the message says which. ERR_FORMAT: sizes do not fit. */
int source_verity_new(struct source *data, struct source *tree, const struct verity_layout *l,
		      const uint8_t root[DIGEST_SHA256], const char *name, struct source **ret,
		      struct err *e) MUST_CHECK;

#endif
