#include "image/pack/mkfs_private.h"

#include "base/mem.h"

#include <sqfs/block.h>
#include <sqfs/error.h>
#include <string.h>

int mkfs_fail(struct mkfs *m, int rc, const char *doing, struct err *e)
{
	m->failed = true;
	if (m->file.err.kind) {
		*e = m->file.err;
		if (e->sys == ENOSPC || e->sys == EDQUOT)
			err_hint(e, "make room where the image is to be, or build it elsewhere");
		return err_ctx(e, "%s", doing);
	}
	switch (rc) {
	case SQFS_ERROR_ALLOC:
		return err_sys(e, ENOMEM, "%s", doing);
	case SQFS_ERROR_OVERFLOW:
		return err_set(e, ERR_FORMAT, "%s: more than a SquashFS file system can hold", doing);
	case SQFS_ERROR_UNSUPPORTED:
		return err_set(e, ERR_FORMAT, "%s: SquashFS has no form for it", doing);
	case SQFS_ERROR_COMPRESSOR:
		return err_set(e, ERR_SYSTEM, "%s: the compressor failed", doing);
	default:
		return err_set(e, ERR_BUG, "%s: libsquashfs error %d", doing, rc);
	}
}

/* A few threads run dry while this one handles a run of small files or waits for
 * a processor: with eight blocks ahead of two threads a build took a fifth longer. */
static size_t backlog(uint32_t block_size, unsigned jobs)
{
	size_t n = MKFS_BACKLOG_BYTES / block_size;

	return jobs * MKFS_BACKLOG > n ? jobs * MKFS_BACKLOG : n;
}

static int create_processor(struct mkfs *m, struct err *e)
{
	unsigned jobs = m->opt.jobs ? m->opt.jobs : 1;
	sqfs_block_processor_desc_t d = {
		.size = sizeof(d),
		.max_block_size = m->opt.block_size,
		.num_workers = jobs,
		.max_backlog = backlog(m->opt.block_size, jobs),
		.cmp = m->pack,
		.wr = blocks_writer(m->blocks),
		.tbl = m->fragments,
		/* equal tails are compared, not only their checksums */
		.file = &m->file.file,
		.uncmp = m->unpack,
	};
	int rc = sqfs_block_processor_create_ex(&d, &m->processor);

	return rc ? mkfs_fail(m, rc, "starting the compressors", e) : 0;
}

static int create(struct mkfs *m, struct err *e)
{
	int rc;

	if (compress_new(&m->opt.compress, m->opt.block_size, false, &m->pack, e) ||
	    compress_new(&m->opt.compress, m->opt.block_size, true, &m->unpack, e))
		return -1;
	rc = sqfs_super_init(&m->super, m->opt.block_size, 0, (SQFS_COMPRESSOR)m->opt.compress.id);
	if (!rc)
		rc = sqfs_super_write(&m->super, &m->file.file);
	if (rc)
		return mkfs_fail(m, rc, "writing the superblock", e);
	rc = m->pack->write_options(m->pack, &m->file.file);
	if (rc < 0)
		return mkfs_fail(m, rc, "writing the compressor's options", e);
	if (rc > 0)
		m->super.flags |= SQFS_FLAG_COMPRESSOR_OPTIONS;
	if (m->opt.compress.none)
		m->super.flags |= SQFS_FLAG_UNCOMPRESSED_INODES | SQFS_FLAG_UNCOMPRESSED_DATA |
				  SQFS_FLAG_UNCOMPRESSED_FRAGMENTS | SQFS_FLAG_UNCOMPRESSED_XATTRS |
				  SQFS_FLAG_UNCOMPRESSED_IDS;
	m->blocks = blocks_new(&m->file);
	m->fragments = sqfs_frag_table_create(0);
	m->ids = sqfs_id_table_create(0);
	m->xattrs = sqfs_xattr_writer_create(0);
	m->inodes = sqfs_meta_writer_create(&m->file.file, m->pack, 0);
	m->dirs = sqfs_meta_writer_create(&m->file.file, m->pack, SQFS_META_WRITER_KEEP_IN_MEMORY);
	if (m->dirs)
		m->dir = sqfs_dir_writer_create(m->dirs, SQFS_DIR_WRITER_CREATE_EXPORT_TABLE);
	if (!m->fragments || !m->ids || !m->xattrs || !m->inodes || !m->dir)
		return err_sys(e, ENOMEM, "preparing the file system");
	return create_processor(m, e);
}

int mkfs_new(int fd, uint64_t offset, const struct mkfs_options *opt, struct mkfs **ret, struct err *e)
{
	struct mkfs *m = xcalloc(1, sizeof(*m));

	m->opt = *opt;
	range_file_init(&m->file, fd, offset, 0);
	m->file.trail = opt->trail;
	if (create(m, e)) {
		mkfs_free(m);
		return -1;
	}
	*ret = m;
	return 0;
}

void mkfs_free(struct mkfs *m)
{
	if (!m)
		return;
	/* A build given up over its source: take back the blocks that are still with
	 * the threads, libsquashfs forgets them. */
	if (m->processor && !m->failed)
		sqfs_block_processor_sync(m->processor);
	sqfs_destroy(m->processor); /* first: its threads use the others */
	sqfs_destroy(m->dir);
	sqfs_destroy(m->dirs);
	sqfs_destroy(m->inodes);
	sqfs_destroy(m->xattrs);
	sqfs_destroy(m->ids);
	sqfs_destroy(m->fragments);
	blocks_free(m->blocks);
	sqfs_destroy(m->unpack);
	sqfs_destroy(m->pack);
	range_file_clear(&m->file);
	free(m);
}

int mkfs_file_begin(struct mkfs *m, struct tree_inode *inode, uint64_t size, struct err *e)
{
	/* A tail of a file of many blocks gets a block of its own, as mksquashfs does:
	 * reading a library's last page must not unpack its neighbours' tails. */
	uint32_t flags = size > m->opt.block_size ? SQFS_BLK_DONT_FRAGMENT : 0;
	int rc;

	if (size / m->opt.block_size >= MKFS_FILE_BLOCKS) {
		err_set(e, ERR_FORMAT, "a file of %llu bytes has more than %u blocks", (unsigned long long)size,
			MKFS_FILE_BLOCKS);
		return err_hint(e, "a larger --block-size allows larger files");
	}
	rc = sqfs_block_processor_begin_file(m->processor, &inode->file, NULL, flags);
	return rc ? mkfs_fail(m, rc, "beginning a file", e) : 0;
}

int mkfs_file_data(struct mkfs *m, const void *data, size_t len, struct err *e)
{
	int rc = sqfs_block_processor_append(m->processor, data, len);

	return rc ? mkfs_fail(m, rc, "writing contents", e) : 0;
}

int mkfs_file_hole(struct mkfs *m, uint64_t len, struct err *e)
{
	static const uint8_t zeros[64u << 10];

	while (len) {
		size_t n = len < sizeof(zeros) ? (size_t)len : sizeof(zeros);

		if (mkfs_file_data(m, zeros, n, e))
			return -1;
		len -= n;
	}
	return 0;
}

int mkfs_file_end(struct mkfs *m, struct err *e)
{
	int rc = sqfs_block_processor_end_file(m->processor);

	return rc ? mkfs_fail(m, rc, "writing contents", e) : 0;
}

int mkfs_xattr_begin(struct mkfs *m, struct err *e)
{
	int rc = sqfs_xattr_writer_begin(m->xattrs, 0);

	return rc ? mkfs_fail(m, rc, "extended attributes", e) : 0;
}

int mkfs_xattr_add(struct mkfs *m, const char *name, const void *value, size_t len, struct err *e)
{
	int rc = sqfs_xattr_writer_add(m->xattrs, name, value, len);

	return rc ? mkfs_fail(m, rc, "extended attributes", e) : 0;
}

int mkfs_xattr_end(struct mkfs *m, uint32_t *ret, struct err *e)
{
	int rc = sqfs_xattr_writer_end(m->xattrs, ret);

	return rc ? mkfs_fail(m, rc, "extended attributes", e) : 0;
}

uint64_t mkfs_size(const struct mkfs *m)
{
	return m->file.size;
}

/* The tables behind inodes and directories, in the order that the format has. */
static int write_rest(struct mkfs *m, struct tree *t, struct err *e)
{
	sqfs_file_t *f = &m->file.file;
	int rc = sqfs_frag_table_write(m->fragments, f, &m->super, m->pack);

	if (!rc)
		rc = sqfs_dir_writer_write_export_table(m->dir, f, m->pack, t->root->inode->number,
							t->root->inode->ref, &m->super);
	if (!rc)
		rc = sqfs_id_table_write(m->ids, f, &m->super, m->pack);
	if (!rc)
		rc = sqfs_xattr_writer_flush(m->xattrs, f, &m->super, m->pack);
	return rc ? mkfs_fail(m, rc, "writing the tables", e) : 0;
}

static int write_padding(struct mkfs *m, struct err *e)
{
	static const uint8_t zeros[SQFS_DEVBLK_SIZE];
	size_t over = m->file.size % SQFS_DEVBLK_SIZE;
	int rc = 0;

	if (over)
		rc = m->file.file.write_at(&m->file.file, m->file.size, zeros, SQFS_DEVBLK_SIZE - over);
	return rc ? mkfs_fail(m, rc, "writing the tables", e) : 0;
}

int mkfs_finish(struct mkfs *m, struct tree *t, uint32_t time, struct mkfs_result *ret, struct err *e)
{
	int rc = sqfs_block_processor_finish(m->processor);

	if (rc)
		return mkfs_fail(m, rc, "writing contents", e);
	range_file_start(&m->file); /* beside the tables' compression */
	tree_finish(t, time);
	ret->tables = m->file.size;
	ret->checksum = blocks_checksum(m->blocks);
	if (mkfs_tables(m, t, e) || write_rest(m, t, e))
		return -1;
	m->super.bytes_used = ret->used = m->file.size;
	m->super.modification_time = time;
	m->super.inode_count = t->count;
	if (write_padding(m, e))
		return -1;
	ret->size = m->file.size;
	rc = sqfs_super_write(&m->super, &m->file.file);
	return rc ? mkfs_fail(m, rc, "writing the superblock", e) : 0;
}
