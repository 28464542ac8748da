/* Fuzz target: any bytes as a SquashFS. All that a walk meets is read: bytes,
 * targets, attributes, directories by cookie and by name. What the reader gives
 * keeps the promises of squash.h. */
#include "image/squash/walk.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>
#include <sys/stat.h>

/* A hang is a finding only when these are exceeded many times over. */
#define ENTRIES_MAX 600
#define BYTES_MAX (4u << 20)
#define PIECE 70000u

struct memory {
	struct source source;
	const uint8_t *data;
};

static int memory_read(struct source *s, void *buf, size_t len, uint64_t off, struct err *e)
{
	struct memory *m = (struct memory *)s;

	(void)e;
	promise(off <= s->size && len <= s->size - off);
	memcpy(buf, m->data + off, len);
	return 0;
}

static const struct source_ops memory_ops = { .read = memory_read };

struct reader {
	struct squash *fs;
	unsigned entries;
	size_t bytes;
};

static int look_at_xattr(void *ctx, const char *name, const void *value, size_t len)
{
	unsigned *n = ctx;
	const uint8_t *p = value;
	unsigned sum = 0;

	promise(strchr(name, '.') && strlen(name) <= 255 && len <= 65536);
	for (size_t i = 0; i < len; i++)
		sum += p[i]; /* so that a sanitizer sees them */
	return ++*n > 20 || sum == 1u << 30;
}

/* The same bytes in one piece and in two. */
static void read_twice(struct reader *r, const struct squash_inode *file, uint64_t off)
{
	static uint8_t whole[PIECE], part[PIECE];
	uint64_t want = off < file->size ? file->size - off : 0;
	ssize_t n, k;
	struct err e;

	want = want < PIECE ? want : PIECE;
	n = squash_read(r->fs, file, whole, PIECE, off, &e);
	if (n < 0)
		return;
	promise((uint64_t)n == want);
	r->bytes += (size_t)n;
	k = squash_read(r->fs, file, part, (size_t)n / 2, off, &e);
	promise(k == n / 2);
	k = squash_read(r->fs, file, part + n / 2, (size_t)(n - n / 2), off + (uint64_t)n / 2, &e);
	promise(k == n - n / 2);
	promise(memcmp(whole, part, (size_t)n) == 0);
}

/* A listing goes on behind a cookie with the entry that followed it. */
static void look_at_dir(struct reader *r, const struct squash_inode *inode)
{
	struct squash_dir dir, again;
	struct squash_dirent first, ent, other;
	struct err e;
	int n, k;

	if (squash_dir_open(r->fs, inode, 0, &dir, &e) || squash_dir_next(&dir, &first, &e) <= 0)
		return;
	promise(first.name_len == strlen(first.name) && first.name_len <= SQUASH_NAME_MAX);
	if (squash_dir_find(r->fs, inode, first.name, first.name_len, &ent, &e) > 0)
		promise(strcmp(ent.name, first.name) == 0);
	n = squash_dir_next(&dir, &ent, &e);
	promise(squash_dir_open(r->fs, inode, first.next, &again, &e) == 0);
	k = squash_dir_next(&again, &other, &e);
	promise(n == k);
	promise(n <= 0 || (strcmp(ent.name, other.name) == 0 && ent.next == other.next && ent.ref == other.ref));
}

static int look(void *ctx, const struct squash_visit *v, struct err *e)
{
	const struct squash_inode *i = v->inode;
	struct reader *r = ctx;
	char *target = NULL;
	unsigned n = 0;

	if (v->what != SQUASH_WALK_ENTRY)
		return 0;
	if (++r->entries > ENTRIES_MAX || r->bytes > BYTES_MAX)
		return err_set(e, ERR_USAGE, "enough");
	(void)!squash_xattrs(r->fs, i, look_at_xattr, &n, e);
	if (S_ISLNK(i->mode) && squash_readlink(r->fs, i, &target, e) == 0)
		promise(strlen(target) == i->size && i->size <= 4096);
	free(target);
	if (S_ISDIR(i->mode))
		look_at_dir(r, i);
	if (!S_ISREG(i->mode))
		return 0;
	read_twice(r, i, 0);
	read_twice(r, i, i->size / 2 + 1);
	read_twice(r, i, i->size > 9 ? i->size - 9 : i->size);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct memory m = { .source = { .ops = &memory_ops, .size = size }, .data = data };
	/* Little memory, so that its limits are met. */
	struct squash_options opt = { .block_cache_bytes = 1 << 16, .metadata_bytes = 3 << 13 };
	struct reader r = {};
	struct squash_inode inode;
	struct squash_stats stats;
	struct err e;

	if (squash_open(&m.source, &opt, &r.fs, &e))
		return 0;
	promise(squash_inode_read(r.fs, squash_root_ref(r.fs), &inode, &e) == 0);
	(void)!squash_walk(r.fs, &inode, look, &r, &e);
	(void)!squash_lookup(r.fs, "d/../l/f", true, &inode, &e);
	(void)!squash_lookup(r.fs, "/l/", false, &inode, &e);
	squash_trim(r.fs);
	squash_stats(r.fs, &stats);
	promise(stats.metadata_bytes <= (size_t)(1 << 16));
	squash_free(r.fs);
	return 0;
}
