/* Compressors by the words that users type: "zstd:3", "gzip", "xz", "lz4", "none". */
#ifndef SIF_IMAGE_PACK_COMPRESS_H
#define SIF_IMAGE_PACK_COMPRESS_H

#include "base/err.h"
#include "base/own.h"

#include <sqfs/compressor.h>
#include <stdbool.h>
#include <stdint.h>

struct compress {
	int id;	       /* SQFS_COMPRESSOR, as the superblock names it */
	unsigned level; /* 0 = the library's own default */
	bool none;     /* everything is stored as it is */
};

#define COMPRESS_DEFAULT "zstd:3"

/* ERR_USAGE for an unknown word or a level out of range. */
int compress_parse(const char *text, struct compress *ret, struct err *e) MUST_CHECK;
/* 4 KiB to 1 MiB, a power of two. */
int compress_block_size(const char *text, uint32_t *ret, struct err *e) MUST_CHECK;
/* A new compressor, or with unpack its other direction; sqfs_destroy it. */
int compress_new(const struct compress *c, uint32_t block_size, bool unpack, sqfs_compressor_t **ret,
		 struct err *e) MUST_CHECK;

#endif
