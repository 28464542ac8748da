/* SquashFS 4.0 reader, over a source (public door of image/squash).
 *
 * Bytes are hostile: every length, index and offset that comes from the image
 * is checked before use, allocations are bounded by the limits below, and a
 * damaged image gives ERR_FORMAT (EIO in the server), never wrong bytes.
 *
 * A struct squash is immutable after squash_open, but for internal caches, and
 * may be used by any number of threads. A struct err is per call.
 * Source of the format: the SquashFS 4.0 layout as mksquashfs writes it
 * (superblock 96 bytes, metadata blocks of 8 KiB, little-endian). */
#ifndef SIF_IMAGE_SQUASH_H
#define SIF_IMAGE_SQUASH_H

#include "base/err.h"
#include "base/own.h"
#include "image/source/source.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum squash_compressor {
	SQUASH_GZIP = 1,
	SQUASH_LZMA = 2, /* recognised, not supported */
	SQUASH_LZO = 3,	 /* only when configured in */
	SQUASH_XZ = 4,
	SQUASH_LZ4 = 5,
	SQUASH_ZSTD = 6,
};

struct squash_super {
	uint32_t inodes, mtime, block_size, fragments;
	uint16_t compressor, block_log, flags, ids;
	uint64_t root_ref, bytes_used;
	uint64_t id_table, xattr_table, inode_table, dir_table, fragment_table, export_table;
};

struct squash_options {
	size_t block_cache_bytes; /* decompressed data blocks kept; 0 = 64 MiB */
	size_t metadata_bytes;	  /* metadata kept, all kinds together; 0 = 64 MiB */
	/* Called, with no lock held, when a call is about to take long: it goes
	 * to the image for bytes, or waits for another thread that does. A server
	 * lets somebody else answer meanwhile. NULL = nobody asks. */
	void (*slow)(void *ctx);
	void *slow_ctx;
};

struct squash;

/* src is borrowed and must outlive the file system. opt may be NULL. */
int squash_open(struct source *src, const struct squash_options *opt, struct squash **ret,
		struct err *e) MUST_CHECK;
void squash_free(struct squash *fs); /* NULL is fine */
const struct squash_super *squash_super(const struct squash *fs);
/* "gzip", "zstd", ...; "unknown". */
const char *squash_compressor_name(unsigned compressor);
/* Only the superblock, without opening anything else: for `sif inspect` in a
 * program that links no codec. data: at least 96 bytes. */
int squash_super_parse(const void *data, size_t len, struct squash_super *ret, struct err *e) MUST_CHECK;

/* An inode, basic and extended forms alike. ref = where it stands (metadata
 * block << 16 | offset), the stable name of an inode: FUSE node ids are made
 * of it, and no table of open inodes is needed. */
struct squash_inode {
	uint64_t ref;
	mode_t mode; /* type and permissions */
	uint32_t uid, gid, mtime, number, nlink, rdev;
	uint32_t xattr; /* index, SQUASH_NO_XATTR = none */
	uint64_t size;	/* bytes of a file; length of a link's target; as stored for a directory */
	/* the rest is for the reader only */
	uint64_t start;
	uint32_t fragment, fragment_offset, parent;
	uint32_t dir_offset, dir_index_count;
	uint64_t tail_block;
	uint32_t tail_offset;
};
#define SQUASH_NO_XATTR 0xffffffffu
#define SQUASH_NAME_MAX 256

uint64_t squash_root_ref(const struct squash *fs);
int squash_inode_read(struct squash *fs, uint64_t ref, struct squash_inode *ret, struct err *e) MUST_CHECK;

/* A directory's entries in order of name (byte order). */
struct squash_dirent {
	uint64_t ref;
	uint32_t number;
	mode_t type; /* S_IFMT bits, from the directory */
	uint16_t name_len;
	char name[SQUASH_NAME_MAX + 1];
	uint64_t next; /* cookie: continue behind this entry */
};
struct squash_dir { /* for the reader only */
	struct squash *fs;
	uint64_t block, cookie;
	uint32_t size, used; /* bytes of the listing, and of those behind us */
	uint32_t offset, left, header_start, header_number;
};
/* cookie 0 = the first entry, else a .next of an earlier walk. */
int squash_dir_open(struct squash *fs, const struct squash_inode *dir, uint64_t cookie,
		    struct squash_dir *ret, struct err *e) MUST_CHECK;
/* 1 = an entry, 0 = the end, -1. Names are checked: no '/', no NUL, not "." or "..". */
int squash_dir_next(struct squash_dir *d, struct squash_dirent *ret, struct err *e) MUST_CHECK;
/* 1 = found, 0 = no such entry, -1. Uses the directory index when there is one. */
int squash_dir_find(struct squash *fs, const struct squash_inode *dir, const char *name, size_t name_len,
		    struct squash_dirent *ret, struct err *e) MUST_CHECK;

/* Target of a symbolic link, malloc'ed. */
int squash_readlink(struct squash *fs, const struct squash_inode *link, char **ret, struct err *e) MUST_CHECK;

/* Bytes of a file: reads min(len, size - off) bytes and returns how many, -1 on
 * failure. A block that lies wholly inside the request is decompressed straight
 * into buf; others go through the single-flight block cache. */
ssize_t squash_read(struct squash *fs, const struct squash_inode *file, void *buf, size_t len, uint64_t off,
		    struct err *e) MUST_CHECK;

/* Extended attributes: calls fn for each; a non-zero return of fn stops and is returned.
 * name has its prefix ("user.", "security.", "trusted."). */
typedef int (*squash_xattr_fn)(void *ctx, const char *name, const void *value, size_t len);
int squash_xattrs(struct squash *fs, const struct squash_inode *i, squash_xattr_fn fn, void *ctx,
		  struct err *e) MUST_CHECK;
bool squash_has_xattrs(const struct squash *fs); /* does the image carry any? */

/* Walk a path from the root; follow: resolve a symbolic link in the last
 * component, too (those in between are always resolved, beneath the root, at
 * most 40 of them). 1 = found, 0 = no such file, -1. */
int squash_lookup(struct squash *fs, const char *path, bool follow, struct squash_inode *ret,
		  struct err *e) MUST_CHECK;

/* Memory and cache figures, for the log and `sif mounts`. */
struct squash_stats {
	uint64_t metadata_bytes, metadata_limit; /* kept */
	uint64_t cache_bytes, cache_limit;	 /* unpacked blocks kept, and in use */
	uint64_t blocks_read;			 /* of data and metadata, unpacked or copied */
	uint64_t cache_hits, cache_misses;
};
void squash_stats(const struct squash *fs, struct squash_stats *ret);
/* Change the limits of squash_options; 0 = keep nothing. Blocks are dropped at
 * once, metadata that is kept stays. */
void squash_limit(struct squash *fs, size_t block_cache_bytes, size_t metadata_bytes);
/* Drop data blocks that nobody asked for since the last call. Are any left? */
bool squash_trim(struct squash *fs);

#endif
