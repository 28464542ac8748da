/* How an image is made, from its end: the partition's place is known before a
 * byte was read (behind the descriptor table, aligned), so the file system grows
 * where it stays. What stands before it in the table, the metadata, is known
 * only when the source was read to its end, and its bytes go behind the
 * partition. Table and header come last: until then the file is no SIF. */
#include "image/pack/pack.h"

#include "base/fd.h"
#include "base/mem.h"
#include "image/pack/labels.h"
#include "image/pack/native.h"
#include "image/pack/packer.h"
#include "image/pack/trail.h"
#include "image/pack/wrap.h"
#include "image/sif/write.h"
#include "image/verity/verity.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <string.h>
#include <sys/stat.h>

#define PARTITION_ALIGN 4096
#define PARTITION_ID 2 /* behind inspect-metadata.json */
#define PARTITION_OFFSET \
	((SIF_DESCR_OFFSET + SIF_DESCR_DEFAULT * SIF_DESCR_LEN + PARTITION_ALIGN - 1) / PARTITION_ALIGN * PARTITION_ALIGN)

/* What the source became. */
struct content {
	uint64_t size; /* of the partition */
	int64_t time;
	const char *arch;
	struct str metadata;	 /* text of inspect-metadata.json */
	uint8_t fingerprint[32]; /* differs when the contents do */
	struct trail *trail;	 /* NULL: no hash tree */
	struct verity_layout layout;
	const uint8_t *digests; /* of all blocks; the trail's */
};

static const char *choose_arch(const struct pack_options *opt, const char *found)
{
	return opt->arch ? opt->arch : found ? found : sif_arch_host();
}

/* SHA-256 over a list of pieces. */
struct piece {
	const void *data;
	size_t len;
};

static int digest(const struct piece *pieces, size_t n, uint8_t ret[32], struct err *e)
{
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	int good = c && EVP_DigestInit_ex(c, EVP_sha256(), NULL);

	for (size_t i = 0; i < n && good; i++)
		good = EVP_DigestUpdate(c, pieces[i].data, pieces[i].len);
	if (good)
		good = EVP_DigestFinal_ex(c, ret, NULL);
	EVP_MD_CTX_free(c);
	return good ? 0 : err_sys(e, ENOMEM, "cannot compute a digest");
}

/* The tables name every block's size and every file's metadata, the checksum
 * covers the contents: reading the whole partition again is not needed. */
static int fingerprint(const struct pack_options *opt, const struct mkfs_result *r, uint8_t ret[32], struct err *e)
{
	size_t len = (size_t)(r->size - r->tables);
	OWN_FREE uint8_t *tables = xmalloc(len);
	struct piece pieces[] = { { tables, len }, { &r->checksum, sizeof(r->checksum) } };

	if (fd_pread_full(opt->out_fd, tables, len, PARTITION_OFFSET + r->tables, opt->out_name, e))
		return -1;
	return digest(pieces, ARRAY_SIZE(pieces), ret, e);
}

/* Labels that the source brought, then those of this build, then the user's. */
static int make_labels(struct packer *p, int64_t time, const char *arch, struct labels *ret, struct err *e)
{
	const struct packer_text *old = packer_text(p, ".singularity.d/labels.json");

	if (old && labels_parse(ret, old->data, old->len, ".singularity.d/labels.json", e))
		return -1;
	labels_add_build(ret, time, arch, p->opt->version);
	return labels_add_words(ret, p->opt->labels, e);
}

/* The source is in the tree: add our files and write the tables. */
static int finish_tree(struct packer *p, struct content *c, struct err *e)
{
	OWN_LABELS struct labels labels = {};
	struct mkfs_result r = {};
	uint32_t time = p->opt->has_epoch ? (uint32_t)p->opt->epoch : p->newest;

	c->time = time;
	c->arch = choose_arch(p->opt, packer_machine(p));
	if (make_labels(p, time, c->arch, &labels, e) || native_add(p, &labels, time, e))
		return -1;
	native_metadata(p, &labels, &c->metadata);
	if (mkfs_finish(p->mkfs, &p->tree, time, &r, e))
		return -1;
	c->size = r.size;
	return fingerprint(p->opt, &r, c->fingerprint, e);
}

static int make_mkfs(struct packer *p, struct trail *trail, struct err *e)
{
	const struct pack_options *o = p->opt;
	struct mkfs_options m = { .jobs = o->jobs ? o->jobs : 1, .trail = trail };

	if (compress_parse(o->compress ? o->compress : COMPRESS_DEFAULT, &m.compress, e) ||
	    compress_block_size(o->block_size ? o->block_size : "128K", &m.block_size, e))
		return -1;
	return mkfs_new(o->out_fd, PARTITION_OFFSET, &m, &p->mkfs, e);
}

static int pack_tree(const struct pack_options *opt, int fd, bool is_dir, struct pack_stats *stats, struct content *c,
		     struct err *e)
{
	const char *name = strcmp(opt->source, "-") == 0 ? "standard input" : opt->source;
	struct packer p;
	int rc;

	packer_init(&p, opt, stats);
	rc = make_mkfs(&p, c->trail, e);
	if (!rc)
		rc = is_dir ? pack_dir(&p, fd, name, e) : pack_tar(&p, fd, name, e);
	if (!rc)
		rc = finish_tree(&p, c, e);
	packer_clear(&p);
	return rc;
}

static int wrap(const struct pack_options *opt, int fd, struct pack_stats *stats, struct content *c, struct err *e)
{
	OWN_LABELS struct labels labels = {};
	struct wrap_result r;

	if (opt->runscript || (opt->environment && opt->environment->n) || (opt->exclude && opt->exclude->n)) {
		err_set(e, ERR_USAGE, "'%s' is a SquashFS file, which becomes a partition as it is", opt->source);
		return err_hint(e, "unpack it and build from the directory to change what is inside");
	}
	if (wrap_copy(fd, opt->source, opt->out_fd, PARTITION_OFFSET, c->trail, &r, e))
		return -1;
	stats->entries = r.inodes;
	stats->bytes_in = stats->read = r.size;
	c->size = r.size;
	c->time = opt->has_epoch ? opt->epoch : r.time;
	c->arch = choose_arch(opt, NULL);
	memcpy(c->fingerprint, r.digest, sizeof(c->fingerprint));
	labels_add_build(&labels, c->time, c->arch, opt->version);
	if (labels_add_words(&labels, opt->labels, e))
		return -1;
	str_add(&c->metadata, "{\"data\":{\"attributes\":{\"labels\":");
	labels_json(&labels, &c->metadata);
	str_add(&c->metadata, "}},\"type\":\"container\"}");
	return 0;
}

/* What a file is, by its first bytes. A pipe is always a tar. */
static int pack_file(const struct pack_options *opt, int fd, const struct stat *st, struct pack_stats *stats,
		     struct content *c, struct err *e)
{
	uint8_t head[128];
	ssize_t n = S_ISREG(st->st_mode) ? pread(fd, head, sizeof(head), 0) : 0;

	if (n < 0)
		return err_sys(e, errno, "cannot read '%s'", opt->source);
	if (S_ISREG(st->st_mode))
		stats->total = (uint64_t)st->st_size;
	if (sif_is_magic(head, (size_t)n)) {
		err_set(e, ERR_USAGE, "'%s' is a SIF image already", opt->source);
		return err_hint(e, "copy it, or build from a directory, a tar or a SquashFS file");
	}
	if (wrap_is_squashfs(head, (size_t)n))
		return wrap(opt, fd, stats, c, e);
	return pack_tree(opt, fd, false, stats, c, e);
}

static int pack_source(const struct pack_options *opt, struct pack_stats *stats, struct content *c, struct err *e)
{
	bool input = strcmp(opt->source, "-") == 0;
	OWN_FD int own = input ? -1 : fd_open(opt->source, O_RDONLY, e);
	int fd = input ? STDIN_FILENO : own;
	struct stat st;

	if (fd < 0)
		return -1;
	if (fstat(fd, &st))
		return err_sys(e, errno, "cannot look at '%s'", opt->source);
	if (S_ISDIR(st.st_mode) && !input)
		return pack_tree(opt, fd, true, stats, c, e);
	return pack_file(opt, fd, &st, stats, c, e);
}

/* An identity that follows from the contents alone (RFC 9562, version 8). */
static int set_uuid(struct sif_writer *w, const struct content *c, struct err *e)
{
	uint8_t sum[32];
	size_t len;
	const void *table = sif_writer_table(w, &len);
	struct piece pieces[] = { { table, len }, { c->metadata.s, c->metadata.len }, { c->fingerprint, sizeof(c->fingerprint) } };

	if (digest(pieces, ARRAY_SIZE(pieces), sum, e))
		return -1;
	sum[6] = (uint8_t)((sum[6] & 0x0f) | 0x80);
	sum[8] = (uint8_t)((sum[8] & 0x3f) | 0x80);
	sif_writer_set_uuid(w, sum);
	return 0;
}

/* The hash tree and what names its root, behind the partition (object 2). */
static int add_verity(struct sif_writer *w, const struct content *c, const struct pack_options *out, uint64_t *ret_end,
		      struct err *e)
{
	struct sif_input tree = { .type = SIF_DATA_GENERIC, .group = SIF_GROUP_DEFAULT, .link = PARTITION_ID,
				  .alignment = VERITY_BLOCK, .name = VERITY_TREE_NAME };
	struct sif_input json = { .type = SIF_DATA_GENERIC_JSON, .group = SIF_GROUP_DEFAULT, .link = PARTITION_ID,
				  .name = VERITY_JSON_NAME };
	struct verity_info info = { .partition = PARTITION_ID - 1, .tree = PARTITION_ID, .size = c->size,
				    .tree_size = c->layout.size };
	OWN_STR struct str text = {};
	uint64_t offset;

	if (sif_writer_begin(w, &tree, &offset, e) ||
	    verity_write(out->out_fd, offset, &c->layout, c->digests, info.root, out->out_name, e) ||
	    sif_writer_end(w, c->layout.size, e))
		return -1;
	verity_info_text(&info, &text);
	*ret_end = offset + c->layout.size + text.len;
	return sif_writer_add(w, &json, text.s, text.len, e);
}

static int add_objects(struct sif_writer *w, const struct content *c, const struct pack_options *out, uint64_t *ret_end,
		       struct err *e)
{
	struct sif_input json = {
		.type = SIF_DATA_GENERIC_JSON,
		.group = SIF_GROUP_DEFAULT,
		.name = "inspect-metadata.json",
		.at = PARTITION_OFFSET + c->size,
	};
	struct sif_input part = { .group = SIF_GROUP_DEFAULT, .at = PARTITION_OFFSET };
	uint64_t offset;

	if (sif_input_partition(&part, SIF_FS_SQUASH, SIF_PART_PRIMARY, c->arch, e))
		return -1;
	if (sif_writer_add(w, &json, c->metadata.s, c->metadata.len, e) || sif_writer_begin(w, &part, &offset, e) ||
	    sif_writer_end(w, c->size, e))
		return -1;
	return c->trail ? add_verity(w, c, out, ret_end, e) : 0;
}

/* The file may be longer than the image: blocks that turned out to be
 * duplicates were written before that was known. */
static int write_sif(const struct pack_options *opt, const struct content *c, struct pack_stats *stats, struct err *e)
{
	struct sif_options so = {
		.deterministic = opt->reference,
		.has_uuid = !opt->reference, /* set below, when the table is known */
		.has_time = !opt->reference,
		.time = c->time,
	};
	struct sif_writer *w;
	int rc;

	stats->bytes_out = PARTITION_OFFSET + c->size + c->metadata.len;
	if (ftruncate(opt->out_fd, (off_t)stats->bytes_out))
		return err_sys(e, errno, "cannot write '%s'", opt->out_name);
	if (sif_writer_new(opt->out_fd, opt->out_name, &so, &w, e))
		return -1;
	rc = add_objects(w, c, opt, &stats->bytes_out, e);
	if (!rc && !opt->reference)
		rc = set_uuid(w, c, e);
	if (!rc)
		rc = sif_writer_finish(w, e);
	sif_writer_free(w);
	return rc;
}

/* Wrong words are refused before anything is read. */
static int check(const struct pack_options *opt, struct err *e)
{
	OWN_LABELS struct labels labels = {};
	struct sif_input part = {};

	if (native_check_environment(opt->environment, e) || labels_add_words(&labels, opt->labels, e))
		return -1;
	return sif_input_partition(&part, SIF_FS_SQUASH, SIF_PART_PRIMARY, choose_arch(opt, NULL), e);
}

static int finish_trail(struct content *c, struct err *e)
{
	if (verity_layout(c->size, &c->layout, e))
		return -1;
	return trail_finish(c->trail, c->size, &c->digests, e);
}

int pack_image(const struct pack_options *opt, struct pack_stats *stats, struct err *e)
{
	struct content c = {};
	int rc;

	*stats = (struct pack_stats){};
	rc = check(opt, e);
	if (!rc && !opt->no_verity)
		rc = trail_new(opt->out_fd, PARTITION_OFFSET, &c.trail, e);
	if (!rc)
		rc = pack_source(opt, stats, &c, e);
	if (!rc && c.trail)
		rc = finish_trail(&c, e);
	if (!rc)
		rc = write_sif(opt, &c, stats, e);
	trail_free(c.trail);
	str_free(&c.metadata);
	return rc;
}
