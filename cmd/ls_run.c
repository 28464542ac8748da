/* sif ls: one line or one JSON object for each entry. */
#include "base/str.h"
#include "cmd/command.h"
#include "cmd/ls.h"
#include "cmd/root.h"
#include "image/squash/walk.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

COMMAND_RUN(ls_main);
extern const struct opt ls_options[];

struct ls {
	struct ls_options opt;
	struct root *root;
	bool terminal, first;
};

static char type_letter(mode_t mode)
{
	return "?pc?d?b?-?l?s???"[(mode & S_IFMT) >> 12];
}

static const char *type_word(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFDIR: return "directory";
	case S_IFREG: return "file";
	case S_IFLNK: return "link";
	case S_IFCHR: return "character device";
	case S_IFBLK: return "block device";
	case S_IFIFO: return "fifo";
	default: return "socket";
	}
}

static void add_mode(struct str *out, mode_t mode)
{
	static const char bits[] = "rwxrwxrwx";
	char text[11] = { type_letter(mode) };

	for (int i = 0; i < 9; i++)
		text[i + 1] = mode & (0400u >> i) ? bits[i] : '-';
	if (mode & S_ISUID)
		text[3] = mode & 0100 ? 's' : 'S';
	if (mode & S_ISGID)
		text[6] = mode & 0010 ? 's' : 'S';
	if (mode & S_ISVTX)
		text[9] = mode & 0001 ? 't' : 'T';
	str_add(out, text);
}

/* An image must not send commands to the terminal through a file's name. */
static void add_name(const struct ls *ls, struct str *out, const char *name)
{
	for (; *name; name++)
		str_addc(out, ls->terminal && ((unsigned char)*name < ' ' || *name == 0x7f) ? '?' : *name);
}

static void add_time(struct str *out, uint32_t mtime)
{
	time_t t = mtime;
	char text[32];
	struct tm tm;

	gmtime_r(&t, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	str_add(out, text);
}

static bool is_device(mode_t mode)
{
	return S_ISCHR(mode) || S_ISBLK(mode);
}

/* What a directory's inode calls its size is the length of its listing. */
static unsigned long long size_of(const struct squash_inode *i)
{
	return S_ISREG(i->mode) || S_ISLNK(i->mode) ? i->size : 0;
}

static void add_details(struct str *out, const struct squash_inode *i)
{
	add_mode(out, i->mode);
	str_addf(out, " %3u %5u %5u ", i->nlink, i->uid, i->gid);
	if (is_device(i->mode))
		str_addf(out, "%6u,%5u ", major(i->rdev), minor(i->rdev));
	else
		str_addf(out, "%12llu ", size_of(i));
	add_time(out, i->mtime);
	str_addc(out, ' ');
}

static void print_line(const struct ls *ls, const char *name, const struct squash_inode *i, const char *target)
{
	OWN_STR struct str out = {};

	if (ls->opt.details)
		add_details(&out, i);
	add_name(ls, &out, name);
	if (ls->opt.details && target) {
		str_add(&out, " -> ");
		add_name(ls, &out, target);
	}
	puts(str_text(&out));
}

static void print_json(struct ls *ls, const char *name, const struct squash_inode *i, const char *target)
{
	OWN_STR struct str out = {};

	str_add(&out, ls->first ? "[\n  {" : ",\n  {");
	str_add_json_member(&out, "image", ls->root->image);
	str_add(&out, ", ");
	str_add_json_member(&out, "path", name);
	str_addf(&out, ", \"type\": \"%s\", \"mode\": \"%04o\"", type_word(i->mode), i->mode & 07777);
	str_addf(&out, ", \"uid\": %u, \"gid\": %u, \"links\": %u", i->uid, i->gid, i->nlink);
	if (is_device(i->mode))
		str_addf(&out, ", \"major\": %u, \"minor\": %u", major(i->rdev), minor(i->rdev));
	str_addf(&out, ", \"size\": %llu, \"mtime\": %u", size_of(i), i->mtime);
	if (target) {
		str_add(&out, ", ");
		str_add_json_member(&out, "target", target);
	}
	str_addc(&out, '}');
	fputs(str_text(&out), stdout);
	ls->first = false;
}

static int print_entry(struct ls *ls, const char *name, const struct squash_inode *i, struct err *e)
{
	OWN_FREE char *target = NULL;

	if (S_ISLNK(i->mode) && (ls->opt.details || ls->opt.json) && squash_readlink(ls->root->fs, i, &target, e))
		return err_ctx(e, "'%s'", name);
	if (ls->opt.json)
		print_json(ls, name, i, target);
	else
		print_line(ls, name, i, target);
	return 0;
}

static int visit(void *ctx, const struct squash_visit *v, struct err *e)
{
	struct ls *ls = ctx;

	if (v->what != SQUASH_WALK_ENTRY || v->depth == 0)
		return 0;
	if (v->name[0] == '.' && !ls->opt.all)
		return 1;
	if (print_entry(ls, v->path, v->inode, e))
		return -1;
	return ls->opt.recursive ? 0 : 1;
}

/* A link that was named is followed, unless it is shown itself (-l). */
static int list(struct ls *ls, struct err *e)
{
	struct squash_inode inode;

	if (root_find(ls->root, !ls->opt.details, &inode, e))
		return -1;
	if (S_ISDIR(inode.mode))
		return squash_walk(ls->root->fs, &inode, visit, ls, e);
	return print_entry(ls, ls->root->path, &inode, e);
}

int ls_main(const struct invocation *inv, int argc, char *const argv[], struct err *e)
{
	struct ls ls = { .terminal = isatty(STDOUT_FILENO), .first = true };
	int index = 1;

	(void)inv;
	if (opt_parse(ls_options, argc, argv, &index, &ls.opt, e))
		return -1;
	if (index == argc)
		return err_set(e, ERR_USAGE, "which image?");
	for (bool many = argc - index > 1; index < argc; index++) {
		OWN_ROOT struct root root = ROOT_INIT;

		if (root_open(argv[index], &root, e))
			return -1;
		ls.root = &root;
		if (many && !ls.opt.json)
			printf("%s:\n", argv[index]);
		if (list(&ls, e))
			return -1;
	}
	if (ls.opt.json)
		puts(ls.first ? "[]" : "\n]");
	return 0;
}
