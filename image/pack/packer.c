#include "image/pack/packer.h"

#include "base/le.h"
#include "base/mem.h"

#include <elf.h>
#include <fnmatch.h>
#include <string.h>
#include <sys/stat.h>

#define TICK_MS 100

static const struct {
	uint8_t class, order;
	uint16_t machine;
	const char *name;
} machines[] = {
	{ ELFCLASS64, ELFDATA2LSB, EM_X86_64, "amd64" },  { ELFCLASS64, ELFDATA2LSB, EM_AARCH64, "arm64" },
	{ ELFCLASS64, ELFDATA2LSB, EM_PPC64, "ppc64le" }, { ELFCLASS64, ELFDATA2MSB, EM_PPC64, "ppc64" },
	{ ELFCLASS64, ELFDATA2LSB, EM_RISCV, "riscv64" }, { ELFCLASS64, ELFDATA2MSB, EM_S390, "s390x" },
	{ ELFCLASS32, ELFDATA2LSB, EM_386, "386" },	  { ELFCLASS32, ELFDATA2LSB, EM_ARM, "arm" },
	{ ELFCLASS64, ELFDATA2LSB, 258, "loong64" }, /* EM_LOONGARCH; newer than our elf.h */
};
_Static_assert(ARRAY_SIZE(machines) <= PACKER_MACHINES, "room for each machine");

void packer_init(struct packer *p, const struct pack_options *opt, struct pack_stats *stats)
{
	*p = (struct packer){ .opt = opt, .stats = stats };
	tree_init(&p->tree);
}

void packer_clear(struct packer *p)
{
	mkfs_free(p->mkfs); /* its threads fill the tree's inodes */
	p->mkfs = NULL;
	tree_free(&p->tree);
	for (struct packer_text *t = p->texts, *next; t; t = next) {
		next = t->next;
		free(t->data);
		free(t);
	}
	p->texts = NULL;
}

/* A pattern with a slash is about the whole path, one without about any of its
 * components; what is below a match is left out, too. */
static bool matches(const char *pattern, const char *path)
{
	char name[TREE_NAME_MAX + 1];

	if (strchr(pattern, '/'))
		return fnmatch(pattern + (*pattern == '/'), path, FNM_PATHNAME | FNM_LEADING_DIR) == 0;
	for (const char *s = path; *s; s += *s == '/') {
		size_t len = strcspn(s, "/");

		if (len && len < sizeof(name)) {
			memcpy(name, s, len);
			name[len] = '\0';
			if (fnmatch(pattern, name, 0) == 0)
				return true;
		}
		s += len;
	}
	return false;
}

bool packer_excluded(const struct packer *p, const char *path)
{
	if (!p->opt->exclude)
		return false;
	for (;;) {
		if (path[0] == '/')
			path++;
		else if (path[0] == '.' && path[1] == '/')
			path += 2;
		else
			break;
	}
	for (size_t i = 0; i < p->opt->exclude->n; i++)
		if (matches(p->opt->exclude->v[i], path))
			return true;
	return false;
}

int packer_owner(struct tree_inode *i, int64_t uid, int64_t gid, struct err *e)
{
	if (uid < 0 || uid > UINT32_MAX)
		return err_set(e, ERR_FORMAT, "owner %lld is not a user id", (long long)uid);
	if (gid < 0 || gid > UINT32_MAX)
		return err_set(e, ERR_FORMAT, "group %lld is not a group id", (long long)gid);
	i->uid = (uint32_t)uid;
	i->gid = (uint32_t)gid;
	return 0;
}

void packer_time(struct packer *p, struct tree_inode *i, int64_t mtime)
{
	if (p->opt->has_epoch && mtime > p->opt->epoch)
		mtime = p->opt->epoch;
	if (mtime < 0)
		mtime = 0;
	if (mtime > UINT32_MAX)
		mtime = UINT32_MAX;
	i->mtime = (uint32_t)mtime;
	if (i->mtime > p->newest)
		p->newest = i->mtime;
}

int packer_device(struct tree_inode *i, uint64_t major, uint64_t minor, struct err *e)
{
	if (major > 0xfff || minor > 0xfffff)
		return err_set(e, ERR_FORMAT, "device %llu:%llu is out of range", (unsigned long long)major,
			       (unsigned long long)minor);
	i->rdev = (uint32_t)((minor & 0xff) | major << 8 | (minor & 0xfff00) << 12);
	return 0;
}

int packer_target(struct tree_inode *i, const char *target, struct err *e)
{
	if (str_empty(target))
		return err_set(e, ERR_FORMAT, "a symbolic link that points nowhere");
	if (strlen(target) > TREE_PATH_MAX)
		return err_set(e, ERR_FORMAT, "a symbolic link of more than %d bytes", TREE_PATH_MAX);
	free(i->target);
	i->target = xstrdup(target);
	return 0;
}

static bool wants_text(const struct packer *p, const struct tree_name *n, uint64_t size)
{
	const struct tree_name *top = n;

	if (size > PACKER_TEXT_MAX || p->texts_size + size > PACKER_TEXTS_MAX)
		return false;
	while (top->parent && top->parent->parent)
		top = top->parent;
	return top != n && strcmp(top->name, ".singularity.d") == 0;
}

int packer_file_begin(struct packer *p, const struct tree_name *n, uint64_t size, struct err *e)
{
	p->at = 0;
	p->text = NULL;
	if (wants_text(p, n, size)) {
		struct packer_text *t = xcalloc(1, sizeof(*t));

		t->inode = n->inode;
		t->data = xcalloc(1, (size_t)size + 1);
		t->len = (size_t)size;
		t->next = p->texts;
		p->texts = p->text = t;
		p->texts_size += t->len;
	}
	return mkfs_file_begin(p->mkfs, n->inode, size, e);
}

static void look_at_machine(struct packer *p, const uint8_t *data, size_t len)
{
	uint16_t type, machine;

	if (len < 20 || memcmp(data, ELFMAG, SELFMAG) != 0)
		return;
	type = le16(data + 16);
	machine = le16(data + 18);
	if (data[EI_DATA] == ELFDATA2MSB) {
		type = (uint16_t)(type >> 8 | type << 8);
		machine = (uint16_t)(machine >> 8 | machine << 8);
	}
	if (type != ET_EXEC && type != ET_DYN)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(machines); i++)
		if (machines[i].class == data[EI_CLASS] && machines[i].order == data[EI_DATA] &&
		    machines[i].machine == machine)
			p->machines[i]++;
}

int packer_file_data(struct packer *p, const void *data, size_t len, struct err *e)
{
	if (p->at == 0)
		look_at_machine(p, data, len);
	if (p->text && p->at < p->text->len)
		memcpy(p->text->data + p->at, data, len < p->text->len - p->at ? len : p->text->len - p->at);
	p->at += len;
	p->stats->bytes_in += len;
	packer_tick(p);
	return mkfs_file_data(p->mkfs, data, len, e);
}

int packer_file_hole(struct packer *p, uint64_t len, struct err *e)
{
	p->at += len;
	p->stats->bytes_in += len;
	packer_tick(p);
	return mkfs_file_hole(p->mkfs, len, e);
}

int packer_file_end(struct packer *p, struct err *e)
{
	p->text = NULL;
	return mkfs_file_end(p->mkfs, e);
}

/* overlay.* would let an image steer the overlay that --writable-tmpfs puts over it. */
static bool keeps_attr(const char *name)
{
	if (str_starts(name, "user.overlay."))
		return false;
	return (str_starts(name, "user.") && name[5]) || strcmp(name, "security.capability") == 0;
}

int packer_attr(struct packer *p, const char *name, const void *value, size_t len, struct err *e)
{
	if (!keeps_attr(name)) {
		p->stats->dropped_attrs++;
		return 0;
	}
	if (len > 65536)
		return err_set(e, ERR_FORMAT, "the extended attribute '%s' has more than 64 KiB", name);
	if (!p->attrs_open && mkfs_xattr_begin(p->mkfs, e))
		return -1;
	p->attrs_open = true;
	return mkfs_xattr_add(p->mkfs, name, value, len, e);
}

int packer_attrs_end(struct packer *p, struct tree_inode *i, struct err *e)
{
	if (!p->attrs_open)
		return 0;
	p->attrs_open = false;
	return mkfs_xattr_end(p->mkfs, &i->xattr, e);
}

void packer_tick(struct packer *p)
{
	struct timespec ts;
	int64_t now;

	if (!p->opt->progress)
		return;
	clock_gettime(CLOCK_MONOTONIC_COARSE, &ts);
	now = ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
	if (now - p->last_tick < TICK_MS)
		return;
	p->last_tick = now;
	p->stats->bytes_out = p->mkfs ? mkfs_size(p->mkfs) : 0;
	p->opt->progress(p->opt->progress_ctx, p->stats);
}

const struct packer_text *packer_text(struct packer *p, const char *path)
{
	struct tree_name *n;
	struct err e;

	if (tree_find(&p->tree, path, &n, &e) <= 0)
		return NULL;
	for (const struct packer_text *t = p->texts; t; t = t->next)
		if (t->inode == n->inode)
			return t;
	return NULL;
}

const char *packer_machine(const struct packer *p)
{
	size_t best = 0;

	for (size_t i = 1; i < ARRAY_SIZE(machines); i++)
		if (p->machines[i] > p->machines[best])
			best = i;
	return p->machines[best] ? machines[best].name : NULL;
}
