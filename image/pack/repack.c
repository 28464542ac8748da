/* The SIF around the file system: a copy of the old one with another partition.
 * The partition comes last but for the list, which names places in it. */
#include "image/pack/repack.h"

#include "base/fd.h"
#include "base/mem.h"
#include "image/pack/repack_private.h"
#include "image/pack/trail.h"
#include "image/sif/write.h"
#include "image/squash/layout.h"
#include "image/verity/verity.h"

#include <openssl/evp.h>
#include <string.h>
#include <sqfs/super.h>
#include <unistd.h>

#define CACHE_BYTES (16u << 20)
#define FLAGS_NONE (SQFS_FLAG_UNCOMPRESSED_INODES | SQFS_FLAG_UNCOMPRESSED_DATA)

/* The old image. */
struct old {
	struct sif_image sif;
	const struct sif_object *part;
	struct source *source;
	uint32_t *drop; /* ids */
	size_t n_drop;
	bool has_tree; /* of digests: the new one gets one, too */
	struct trail *trail;
};

static void old_free(struct old *o)
{
	sif_image_free(&o->sif);
	source_free(o->source);
	own_free_(&o->drop);
	trail_free(o->trail);
}

static int find_partition(const struct repack_options *opt, struct old *o, struct err *e)
{
	if (sif_read(opt->in_fd, opt->in_name, &o->sif, e))
		return -1;
	o->part = sif_primary(&o->sif);
	if (o->part && sif_part_fs(o->part) == SIF_FS_SQUASH)
		return source_range_new(opt->in_fd, (uint64_t)o->part->offset, (uint64_t)o->part->size, opt->in_name,
					&o->source, e);
	if (o->part)
		err_set(e, ERR_USAGE, "the system partition of '%s' is '%s', not a SquashFS", opt->in_name,
			sif_code_word(sif_fs_types, sif_part_fs(o->part)));
	else
		err_set(e, ERR_USAGE, "'%s' has no system partition", opt->in_name);
	return err_hint(e, "sif object list '%s' shows what it has", opt->in_name);
}

static bool belongs_to(const struct sif_object *o, const struct sif_object *other)
{
	return o->link && (o->link_is_group ? o->link == other->group : o->link == other->id);
}

static bool is_dropped(const struct old *o, const struct sif_object *x)
{
	for (size_t i = 0; i < o->n_drop; i++)
		if (o->drop[i] == x->id)
			return true;
	return false;
}

/* The partition's hash tree, and the list of before. */
static bool describes_bytes(const struct old *o, const struct sif_object *x)
{
	if (!belongs_to(x, o->part))
		return false;
	return strcmp(x->name, VERITY_TREE_NAME) == 0 || strcmp(x->name, VERITY_JSON_NAME) == 0 ||
	       strcmp(x->name, SQUASH_HOT_NAME) == 0;
}

/* A signature over the partition, or over anything that is left out. */
static bool signs_what_changes(const struct old *o, const struct sif_object *x)
{
	if (x->type != SIF_DATA_SIGNATURE)
		return false;
	if (belongs_to(x, o->part))
		return true;
	for (uint32_t i = 0; i < o->sif.n; i++)
		if (is_dropped(o, &o->sif.objects[i]) && belongs_to(x, &o->sif.objects[i]))
			return true;
	return false;
}

static void choose_dropped(struct old *o, struct repack_stats *stats)
{
	o->drop = xreallocarray(NULL, o->sif.n, sizeof(*o->drop));
	for (uint32_t i = 0; i < o->sif.n; i++) {
		const struct sif_object *x = &o->sif.objects[i];

		if (!describes_bytes(o, x))
			continue;
		o->drop[o->n_drop++] = x->id;
		o->has_tree |= strcmp(x->name, VERITY_TREE_NAME) == 0;
	}
	for (uint32_t i = 0; i < o->sif.n; i++) {
		const struct sif_object *x = &o->sif.objects[i];

		if (is_dropped(o, x) || !signs_what_changes(o, x))
			continue;
		o->drop[o->n_drop++] = x->id;
		stats->left_out++;
	}
}

/* As the old one was packed. */
static int open_mkfs(struct repack *r, uint64_t offset, struct trail *trail, struct err *e)
{
	const struct squash_super *s = squash_super(r->fs);
	const struct mkfs_options m = {
		.compress = { .id = s->compressor, .level = squash_pack_level(r->fs),
			      .none = (s->flags & FLAGS_NONE) == FLAGS_NONE },
		.block_size = s->block_size,
		.jobs = 1,
		.trail = trail,
	};

	return mkfs_new(r->opt->out_fd, offset, &m, &r->mkfs, e);
}

static int make_fs(struct repack *r, struct old *o, uint64_t offset, struct mkfs_result *ret, struct err *e)
{
	/* A tree stands in the partition's group; one of no group can have none. */
	if (o->has_tree && o->part->group && trail_new(r->opt->out_fd, offset, &o->trail, e))
		return -1;
	if (open_mkfs(r, offset, o->trail, e) || repack_tree(r, e) || repack_data(r, e))
		return -1;
	return mkfs_finish(r->mkfs, &r->tree, squash_super(r->fs)->mtime, ret, e);
}

static void repack_clear(struct repack *r)
{
	mkfs_free(r->mkfs);
	tree_free(&r->tree);
	for (size_t i = 0; i < r->n; i++) {
		free(r->files[i].place);
		free(r->files[i].words);
	}
	free(r->files);
	squash_hot_free(&r->hot);
	squash_free(r->fs);
}

/* Smallest id in the partition's group of the new image. The JSON and the list,
 * which come behind the tree, have larger ones than that. */
static uint32_t group_base(const struct old *o, uint32_t tree)
{
	uint32_t base = tree;

	for (uint32_t i = 0; i < o->sif.n; i++) {
		const struct sif_object *x = &o->sif.objects[i];

		if (x->group == o->part->group && !is_dropped(o, x) && x->id < base)
			base = x->id;
	}
	return base;
}

static int add_tree(struct repack *r, const struct old *o, struct sif_writer *w, uint64_t size, struct err *e)
{
	struct sif_input in = { .type = SIF_DATA_GENERIC, .group = o->part->group, .link = o->part->id,
				.alignment = VERITY_BLOCK, .name = VERITY_TREE_NAME };
	struct verity_info info = { .size = size };
	OWN_STR struct str text = {};
	struct verity_layout l;
	const uint8_t *digests;
	uint64_t offset;
	uint32_t id;

	if (verity_layout(size, &l, e) || trail_finish(o->trail, size, &digests, e) ||
	    sif_writer_begin(w, &in, &offset, e) ||
	    verity_write(r->opt->out_fd, offset, &l, digests, info.root, r->opt->out_name, e) ||
	    sif_writer_end(w, l.size, e))
		return -1;
	id = sif_writer_id(w);
	info.partition = o->part->id - group_base(o, id);
	info.tree = id - group_base(o, id);
	info.tree_size = l.size;
	verity_info_text(&info, &text);
	in.type = SIF_DATA_GENERIC_JSON;
	in.alignment = 0;
	in.name = VERITY_JSON_NAME;
	r->stats->bytes = offset + l.size + text.len;
	return sif_writer_add(w, &in, text.s, text.len, e);
}

static int add_list(struct repack *r, struct sif_writer *w, const struct sif_object *part, uint64_t fs_bytes,
		    struct err *e)
{
	const struct sif_input in = {
		.type = SIF_DATA_GENERIC,
		.group = part->group,
		.link = part->id,
		.name = SQUASH_HOT_NAME,
	};
	OWN_STR struct str list = {};

	squash_hot_format(&r->hot, fs_bytes, &list);
	r->stats->bytes += list.len;
	return sif_writer_add(w, &in, list.s, list.len, e);
}

/* The identity of other bytes: of the old one's and the table, which has every
 * size, and the list. An image without an identity stays so. */
static int set_uuid(struct sif_writer *w, const uint8_t old[16], const struct mkfs_result *fs,
		    const struct repack *r, struct err *e)
{
	static const uint8_t zero[16];
	EVP_MD_CTX *c;
	uint8_t sum[32];
	size_t len;
	const void *table = sif_writer_table(w, &len);
	int good;

	if (memcmp(old, zero, sizeof(zero)) == 0)
		return 0;
	c = EVP_MD_CTX_new();
	good = c && EVP_DigestInit_ex(c, EVP_sha256(), NULL) && EVP_DigestUpdate(c, old, 16) &&
	       EVP_DigestUpdate(c, table, len) && EVP_DigestUpdate(c, &fs->tables, sizeof(fs->tables));
	for (uint32_t i = 0; i < r->hot.n && good; i++)
		good = EVP_DigestUpdate(c, &r->hot.blocks[i].pos, sizeof(r->hot.blocks[i].pos));
	if (good)
		good = EVP_DigestFinal_ex(c, sum, NULL);
	EVP_MD_CTX_free(c);
	if (!good)
		return err_sys(e, ENOMEM, "cannot compute a digest");
	sum[6] = (uint8_t)((sum[6] & 0x0f) | 0x80); /* RFC 9562, version 8 */
	sum[8] = (uint8_t)((sum[8] & 0x3f) | 0x80);
	sif_writer_set_uuid(w, sum);
	return 0;
}

/* Everything behind the other objects: the partition, the list, the table. */
static int write_new(struct repack *r, struct old *o, struct sif_writer *w, uint64_t offset, struct err *e)
{
	struct mkfs_result fs = {};

	if (make_fs(r, o, offset, &fs, e))
		return -1;
	r->stats->bytes = offset + fs.size;
	if (sif_writer_end(w, fs.size, e) || (o->trail && add_tree(r, o, w, fs.size, e)) ||
	    add_list(r, w, o->part, fs.used, e) ||
	    set_uuid(w, o->sif.uuid, &fs, r, e))
		return -1;
	if (ftruncate(r->opt->out_fd, (off_t)r->stats->bytes))
		return err_sys(e, errno, "cannot write '%s'", r->opt->out_name);
	return sif_writer_finish(w, e);
}

static int repack(struct repack *r, struct old *o, struct err *e)
{
	const struct squash_options sq = { .block_cache_bytes = CACHE_BYTES };
	struct sif_copy copy = { .fd = r->opt->in_fd, .name = r->opt->in_name };
	struct sif_writer *w;
	uint64_t offset;
	int rc;

	if (find_partition(r->opt, o, e))
		return -1;
	if (squash_open(o->source, &sq, &r->fs, e))
		return err_ctx(e, "'%s'", r->opt->in_name);
	choose_dropped(o, r->stats);
	copy.exchange = o->part->id;
	copy.drop = o->drop;
	copy.n_drop = o->n_drop;
	if (sif_writer_copy(r->opt->out_fd, r->opt->out_name, &copy, &w, &offset, e))
		return -1;
	rc = write_new(r, o, w, offset, e);
	sif_writer_free(w);
	return rc;
}

int repack_image(const struct repack_options *opt, struct repack_stats *ret, struct err *e)
{
	struct repack r = { .opt = opt, .stats = ret };
	struct old o = {};
	int rc;

	*ret = (struct repack_stats){};
	tree_init(&r.tree);
	rc = repack(&r, &o, e);
	repack_clear(&r);
	old_free(&o);
	return rc;
}
