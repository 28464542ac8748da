/* What mkfs.c (contents) and tables.c (inodes, directories) share. */
#ifndef SIF_IMAGE_PACK_MKFS_PRIVATE_H
#define SIF_IMAGE_PACK_MKFS_PRIVATE_H

#include "image/pack/blocks.h"
#include "image/pack/mkfs.h"

#include <sqfs/block_processor.h>
#include <sqfs/dir_writer.h>
#include <sqfs/frag_table.h>
#include <sqfs/id_table.h>
#include <sqfs/inode.h>
#include <sqfs/meta_writer.h>
#include <sqfs/super.h>
#include <sqfs/xattr_writer.h>

struct mkfs {
	struct mkfs_options opt;
	struct range_file file;
	sqfs_super_t super;
	sqfs_compressor_t *pack, *unpack;
	struct blocks *blocks;
	sqfs_frag_table_t *fragments;
	sqfs_block_processor_t *processor;
	sqfs_id_table_t *ids;
	sqfs_xattr_writer_t *xattrs;
	sqfs_meta_writer_t *inodes, *dirs;
	sqfs_dir_writer_t *dir;
	bool failed; /* a call of libsquashfs: it must not be called again */
};

/* Turn what libsquashfs returned into an error; always -1. */
int mkfs_fail(struct mkfs *m, int rc, const char *doing, struct err *e);
/* Write the inode and directory tables of a finished tree. */
int mkfs_tables(struct mkfs *m, struct tree *t, struct err *e) MUST_CHECK;

#endif
