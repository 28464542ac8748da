/* Opening an image: the superblock, the ids, where tables are, the root. All
 * else is read when it is asked for, so that this costs the same for any size. */
#include "image/squash/internal.h"

#include "base/le.h"

#include <sys/stat.h>

#define SUPER_LEN 96
#define XATTR_HEADER_LEN 16
#define META_ADVISE (16u << 20)

static int open_super(struct squash *fs, struct err *e)
{
	uint8_t p[SUPER_LEN];

	if (fs->src->size < SUPER_LEN)
		return err_set(e, ERR_FORMAT, "not a SquashFS: it is shorter than a superblock");
	if (source_read(fs->src, p, sizeof(p), 0, e) || squash_super_parse(p, sizeof(p), &fs->super, e))
		return -1;
	if (fs->super.bytes_used > fs->src->size)
		return err_set(e, ERR_FORMAT, "truncated: the file system has %llu bytes, the image %llu",
			       (unsigned long long)fs->super.bytes_used, (unsigned long long)fs->src->size);
	return sq_codec_choose(fs, e);
}

static int open_xattrs(struct squash *fs, struct err *e)
{
	uint8_t p[XATTR_HEADER_LEN];

	if (fs->super.xattr_table == SQ_TABLE_NONE)
		return 0;
	if (source_read(fs->src, p, sizeof(p), fs->super.xattr_table, e))
		return -1;
	fs->xattr_start = le64(p);
	fs->xattr_ids.n = le32(p + 8);
	fs->xattr_ids.entry = 16;
	fs->xattr_ids.start = fs->super.xattr_table + sizeof(p);
	if (fs->xattr_ids.n && fs->xattr_start >= fs->super.bytes_used)
		return err_set(e, ERR_FORMAT, "the xattr table lies beyond the image");
	return sq_table_check(fs, &fs->xattr_ids, "xattr", e);
}

static int open_tables(struct squash *fs, struct err *e)
{
	uint64_t meta = fs->super.bytes_used - fs->super.inode_table;

	source_advise(fs->src, fs->super.inode_table, meta < META_ADVISE ? meta : META_ADVISE);
	fs->fragments = (struct sq_table){ .start = fs->super.fragment_table, .n = fs->super.fragments,
					   .entry = 16 };
	if (sq_table_check(fs, &fs->fragments, "fragment", e))
		return -1;
	return sq_ids_load(fs, e) || open_xattrs(fs, e) ? -1 : 0;
}

static int open_root(struct squash *fs, struct err *e)
{
	struct squash_inode root;

	if (squash_inode_read(fs, fs->super.root_ref, &root, e))
		return -1;
	if (!S_ISDIR(root.mode))
		return err_set(e, ERR_FORMAT, "the root is not a directory");
	return 0;
}

int squash_open(struct source *src, const struct squash_options *opt, struct squash **ret, struct err *e)
{
	struct squash *fs = calloc(1, sizeof(*fs));
	size_t bytes = opt && opt->block_cache_bytes ? opt->block_cache_bytes : SQ_CACHE_DEFAULT;
	size_t meta = opt && opt->metadata_bytes ? opt->metadata_bytes : SQ_META_LIMIT;

	if (!fs)
		return err_sys(e, ENOMEM, "cannot open the image");
	fs->src = src;
	if (opt) {
		fs->slow = opt->slow;
		fs->slow_ctx = opt->slow_ctx;
	}
	pthread_mutex_init(&fs->pool_lock, NULL);
	if (open_super(fs, e) || sq_meta_init(fs, meta, e) || sq_cache_new(fs, bytes, &fs->cache, e) ||
	    open_tables(fs, e) || open_root(fs, e)) {
		squash_free(fs);
		return -1;
	}
	*ret = fs;
	return 0;
}

void squash_free(struct squash *fs)
{
	if (!fs)
		return;
	sq_cache_free(fs->cache);
	sq_blocks_free(fs);
	sq_meta_free(fs);
	sq_scratch_free_all(fs);
	free(atomic_load(&fs->fragments.index));
	free(atomic_load(&fs->xattr_ids.index));
	free(fs->ids);
	pthread_mutex_destroy(&fs->pool_lock);
	free(fs);
}

const struct squash_super *squash_super(const struct squash *fs)
{
	return &fs->super;
}

uint64_t squash_root_ref(const struct squash *fs)
{
	return fs->super.root_ref;
}

void squash_stats(const struct squash *fs, struct squash_stats *ret)
{
	*ret = (struct squash_stats){
		.metadata_bytes = atomic_load_explicit(&fs->meta.kept, memory_order_relaxed),
		.metadata_limit = atomic_load_explicit(&fs->meta.limit, memory_order_relaxed),
		.blocks_read = atomic_load_explicit(&fs->blocks_read, memory_order_relaxed),
	};
	sq_cache_stats(fs->cache, ret);
}

void squash_limit(struct squash *fs, size_t block_cache_bytes, size_t metadata_bytes)
{
	sq_cache_limit(fs->cache, block_cache_bytes);
	atomic_store(&fs->meta.limit, metadata_bytes);
}

bool squash_trim(struct squash *fs)
{
	bool left = sq_cache_trim(fs->cache);

	/* The image's pages may be gone as well by the time it is used again. */
	if (!left)
		for (size_t i = 0; i < ARRAY_SIZE(fs->advised); i++)
			atomic_store_explicit(&fs->advised[i], 0, memory_order_relaxed);
	return left;
}
