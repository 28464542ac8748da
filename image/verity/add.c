#include "image/verity/add.h"

#include "base/fd.h"
#include "image/sif/write.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#define STEP (1u << 20)

bool verity_group_signed(const struct sif_image *img, uint32_t group)
{
	for (uint32_t i = 0; i < img->n; i++) {
		const struct sif_object *s = &img->objects[i], *target;

		if (s->type != SIF_DATA_SIGNATURE)
			continue;
		if (s->link_is_group && s->link == group)
			return true;
		target = s->link_is_group ? NULL : sif_by_id(img, s->link);
		if (target && target->group == group)
			return true;
	}
	return false;
}

static uint32_t free_group(const struct sif_image *img)
{
	uint32_t highest = 0;

	for (uint32_t i = 0; i < img->n; i++) {
		const struct sif_object *o = &img->objects[i];

		if (o->group > highest)
			highest = o->group;
		/* a signature may be left of a group that is gone */
		if (o->link_is_group && o->link > highest)
			highest = o->link;
	}
	return highest + 1;
}

/* Digests of all blocks, and of the whole. */
static int hash_partition(int fd, const char *name, const struct sif_object *part, uint8_t *digests,
			  void (*progress)(void *ctx, uint64_t done, uint64_t size), void *ctx, uint8_t *whole,
			  struct err *e)
{
	OWN_FREE uint8_t *buf = malloc(STEP);
	uint64_t size = (uint64_t)part->size;
	struct digest d;

	if (!buf)
		return err_sys(e, ENOMEM, "cannot hash '%s'", name);
	digest_init(&d, digest_find("sha256", 6));
	for (uint64_t at = 0; at < size; at += STEP) {
		size_t n = size - at < STEP ? (size_t)(size - at) : STEP;

		if (fd_pread_full(fd, buf, n, (uint64_t)part->offset + at, name, e))
			return -1;
		for (size_t i = 0; i < n; i += VERITY_BLOCK, digests += DIGEST_SHA256)
			verity_digest(buf + i, n - i < VERITY_BLOCK ? n - i : VERITY_BLOCK, digests);
		if (whole)
			digest_add(&d, buf, n);
		if (progress)
			progress(ctx, at + n, size);
	}
	if (whole)
		digest_end(&d, whole);
	return 0;
}

/* An object of bytes in memory. */
static int add_bytes(int fd, const char *name, const struct sif_input *in, int data_fd, struct err *e)
{
	if (lseek(data_fd, 0, SEEK_SET) < 0)
		return err_sys(e, errno, "cannot read what is to be added");
	return sif_add(fd, name, in, data_fd, NULL, e);
}

static int add_tree(int fd, const char *name, const struct verity_layout *l, const uint8_t *digests,
		    const struct sif_input *in, uint8_t root[DIGEST_SHA256], struct err *e)
{
	OWN_FD int memory = memfd_create("tree", MFD_CLOEXEC);

	if (memory < 0)
		return err_sys(e, errno, "cannot build the hash tree");
	if (verity_write(memory, 0, l, digests, root, "the hash tree", e))
		return -1;
	return add_bytes(fd, name, in, memory, e);
}

static int add_json(int fd, const char *name, const struct verity_info *info, struct sif_input *in, struct err *e)
{
	OWN_FD int memory = memfd_create("json", MFD_CLOEXEC);
	OWN_STR struct str text = {};

	verity_info_text(info, &text);
	if (memory < 0)
		return err_sys(e, errno, "cannot build '" VERITY_JSON_NAME "'");
	if (fd_write_full(memory, text.s, text.len, VERITY_JSON_NAME, e))
		return -1;
	in->type = SIF_DATA_GENERIC_JSON;
	in->name = VERITY_JSON_NAME;
	in->alignment = 0;
	return add_bytes(fd, name, in, memory, e);
}

/* The tree that was just added: the last one that is linked to the partition. */
static int tree_id(int fd, const char *name, uint32_t part, uint32_t group, uint32_t *ret, struct err *e)
{
	OWN_SIF_IMAGE struct sif_image img = {};
	const struct sif_object *last = NULL;

	if (sif_read(fd, name, &img, e))
		return -1;
	for (uint32_t i = 0; i < img.n; i++) {
		const struct sif_object *o = &img.objects[i];

		if (o->type == SIF_DATA_GENERIC && o->group == group && !o->link_is_group && o->link == part &&
		    strcmp(o->name, VERITY_TREE_NAME) == 0 && (!last || o->offset > last->offset))
			last = o;
	}
	if (!last)
		return err_set(e, ERR_SYSTEM, "'%s' was changed by somebody else meanwhile", name);
	*ret = last->id - verity_group_base(&img, last);
	return 0;
}

int verity_add(int fd, const char *name, const struct sif_image *img, const struct sif_object *part,
	       void (*progress)(void *ctx, uint64_t done, uint64_t size), void *ctx, struct verity_added *ret,
	       struct err *e)
{
	struct verity_info info = { .partition = part->id - verity_group_base(img, part), .size = (uint64_t)part->size };
	bool own = !part->group || verity_group_signed(img, part->group);
	struct sif_input in = { .type = SIF_DATA_GENERIC, .group = own ? free_group(img) : part->group,
				.link = part->id, .alignment = VERITY_BLOCK, .name = VERITY_TREE_NAME };
	OWN_FREE uint8_t *digests = NULL;
	struct verity_layout l;

	if (verity_layout((uint64_t)part->size, &l, e))
		return err_ctx(e, "'%s'", name);
	digests = malloc(l.data_blocks * DIGEST_SHA256);
	if (!digests)
		return err_sys(e, ENOMEM, "cannot hash '%s'", name);
	info.tree_size = l.size;
	info.has_digest = own;
	if (hash_partition(fd, name, part, digests, progress, ctx, own ? info.digest : NULL, e) ||
	    add_tree(fd, name, &l, digests, &in, info.root, e) ||
	    tree_id(fd, name, part->id, in.group, &info.tree, e) || add_json(fd, name, &info, &in, e))
		return -1;
	*ret = (struct verity_added){ .group = in.group, .own_group = own };
	return 0;
}
