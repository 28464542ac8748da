/* sif du: sums of the sizes of files. */
#include "base/mem.h"
#include "base/str.h"
#include "cmd/command.h"
#include "cmd/du.h"
#include "cmd/root.h"
#include "image/squash/walk.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

COMMAND_RUN(du_main);
extern const struct opt du_options[];

struct du {
	struct du_options opt;
	struct root *root;
	uint64_t sum[SQUASH_WALK_DEPTH + 1]; /* of the directory at each depth */
	uint64_t *linked; /* hash of files with several names: ref + 1, 0 = free */
	size_t n_linked, cap_linked;
	bool first;
};

static bool put(uint64_t *slot, size_t cap, uint64_t key)
{
	size_t i = key * 0x9e3779b97f4a7c15ull >> 20 & (cap - 1);

	while (slot[i] && slot[i] != key)
		i = (i + 1) & (cap - 1);
	if (slot[i])
		return false;
	slot[i] = key;
	return true;
}

/* Is this the first name of the file? */
static bool is_first(struct du *d, uint64_t ref)
{
	if (d->n_linked * 2 >= d->cap_linked) {
		size_t cap = d->cap_linked ? d->cap_linked * 2 : 1024;
		uint64_t *more = xcalloc(cap, sizeof(*more));

		for (size_t i = 0; i < d->cap_linked; i++)
			if (d->linked[i])
				put(more, cap, d->linked[i]);
		free(d->linked);
		d->linked = more;
		d->cap_linked = cap;
	}
	if (!put(d->linked, d->cap_linked, ref + 1))
		return false;
	d->n_linked++;
	return true;
}

static void add_size(struct str *out, uint64_t bytes, bool human)
{
	static const char units[] = "BKMGTPE";
	double v = (double)bytes;
	int u = 0;

	for (; human && v >= 1024; u++)
		v /= 1024;
	if (u == 0)
		str_addf(out, "%llu", (unsigned long long)bytes);
	else
		str_addf(out, v < 10 ? "%.1f%c" : "%.0f%c", v, units[u]);
}

static void print(struct du *d, const char *base, const char *path, uint64_t bytes)
{
	OWN_STR struct str name = {}, out = {};

	str_add(&name, base);
	if (*path && !str_ends(base, "/"))
		str_addc(&name, '/');
	str_add(&name, path);
	if (d->opt.json) {
		str_add(&out, d->first ? "[\n  {" : ",\n  {");
		str_add_json_member(&out, "image", d->root->image);
		str_add(&out, ", ");
		str_add_json_member(&out, "path", str_text(&name));
		str_addf(&out, ", \"bytes\": %llu}", (unsigned long long)bytes);
	} else {
		add_size(&out, bytes, d->opt.human);
		str_addf(&out, "\t%s\n", str_text(&name));
	}
	fputs(str_text(&out), stdout);
	d->first = false;
}

static int visit(void *ctx, const struct squash_visit *v, struct err *e)
{
	struct du *d = ctx;

	(void)e;
	if (S_ISDIR(v->inode->mode) && v->what == SQUASH_WALK_ENTRY) {
		d->sum[v->depth] = 0;
		return 0;
	}
	if (v->what == SQUASH_WALK_LEAVE) {
		if (!d->opt.summary || v->depth == 0)
			print(d, d->root->path, v->path, d->sum[v->depth]);
		if (v->depth)
			d->sum[v->depth - 1] += d->sum[v->depth];
		return 0;
	}
	if (!S_ISREG(v->inode->mode) || (v->inode->nlink > 1 && !is_first(d, v->inode->ref)))
		return 0;
	if (v->depth)
		d->sum[v->depth - 1] += v->inode->size;
	else
		print(d, d->root->path, v->path, v->inode->size);
	return 0;
}

static int count(struct du *d, const char *word, struct err *e)
{
	OWN_ROOT struct root root = ROOT_INIT;
	struct squash_inode start;

	if (root_open(word, &root, e) || root_find(&root, false, &start, e))
		return -1;
	d->root = &root;
	memset(d->linked, 0, d->cap_linked * sizeof(*d->linked));
	d->n_linked = 0;
	return squash_walk(root.fs, &start, visit, d, e);
}

int du_main(const struct invocation *inv, int argc, char *const argv[], struct err *e)
{
	OWN_FREE struct du *d = xcalloc(1, sizeof(*d));
	int index = 1, r = 0;

	(void)inv;
	d->first = true;
	d->cap_linked = 1024;
	d->linked = xcalloc(d->cap_linked, sizeof(*d->linked));
	if (opt_parse(du_options, argc, argv, &index, &d->opt, e))
		r = -1;
	else if (index == argc)
		r = err_set(e, ERR_USAGE, "which image?");
	for (; r == 0 && index < argc; index++)
		r = count(d, argv[index], e);
	if (r == 0 && d->opt.json)
		puts(d->first ? "[]" : "\n]");
	free(d->linked);
	return r;
}
