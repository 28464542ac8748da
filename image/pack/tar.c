/* A tar stream into the tree. Entries come once and in any order, so each is
 * placed as it is read: a name that comes again replaces what it was, a hard
 * link names what its target shows at that moment.
 *
 * What makes a stream whole: the two zero blocks at its end. libarchive takes
 * the end of the input at an entry's border for the end of the archive, because
 * some writers leave the zero blocks out; then nobody could tell a stream whose
 * writer died between two entries. GNU tar, bsdtar, Go and Python all write them,
 * so here their absence is a truncation. They were there if libarchive said "end
 * of archive" before it was told that the input has ended. */
#include "image/pack/ahead.h"
#include "image/pack/packer.h"

#include <archive.h>
#include <archive_entry.h>
#include <locale.h>
#include <string.h>
#include <sys/stat.h>

struct tar {
	struct packer *p;
	struct ahead *ahead;
	struct archive *ar;
	const char *name;
	struct err source; /* what went wrong before libarchive saw it */
	bool ended;	   /* libarchive asked for more and there was none */
	bool any;	   /* the input has a byte at all */
	const uint8_t *chunk; /* what libarchive got last */
	size_t chunk_len;
	uint64_t given; /* bytes it got in all */
	struct str last;   /* path of the last entry that was read whole */
};

static la_ssize_t on_read(struct archive *ar, void *ctx, const void **buf)
{
	struct tar *t = ctx;
	size_t len = 0;
	int rc = ahead_next(t->ahead, buf, &len, &t->source);

	t->p->stats->read = ahead_read(t->ahead);
	if (rc < 0) {
		archive_set_error(ar, EIO, "%s", t->source.msg);
		return -1;
	}
	t->any |= rc > 0;
	t->chunk = *buf;
	t->chunk_len = len;
	t->given += len;
	t->ended |= rc == 0;
	return (la_ssize_t)len;
}

static int truncated(struct tar *t, struct err *e)
{
	if (!t->any)
		err_set(e, ERR_FORMAT, "'%s' is empty", t->name);
	else
		err_set(e, ERR_FORMAT, "'%s' ends before the end of the archive", t->name);
	return err_hint(e, "the tar is incomplete: look at the program that wrote it");
}

static int fail(struct tar *t, struct err *e)
{
	const char *text = archive_error_string(t->ar);

	if (t->source.kind) {
		*e = t->source;
		return -1;
	}
	if (t->ended)
		return truncated(t, e);
	err_set(e, ERR_FORMAT, "'%s' is not a tar archive, or a damaged one: %s", t->name, text ? text : "unknown reason");
	return t->last.len ? err_ctx(e, "behind entry '%s'", str_text(&t->last)) : -1;
}

/* Names are bytes to us. libarchive tells that they are not UTF-8, hands them
 * out as they are, and returns the same code as for real damage. */
static bool only_charset(struct archive *ar)
{
	const char *text = archive_error_string(ar);

	return text && strstr(text, "can't be converted from");
}

static int read_contents(struct tar *t, const struct tree_name *n, uint64_t size, struct err *e)
{
	uint64_t at = 0;
	const void *data;
	size_t len;
	la_int64_t offset;
	int rc;

	if (packer_file_begin(t->p, n, size, e))
		return -1;
	while ((rc = archive_read_data_block(t->ar, &data, &len, &offset)) == ARCHIVE_OK) {
		if (offset < 0 || (uint64_t)offset < at || (uint64_t)offset > size || len > size - (uint64_t)offset)
			return err_set(e, ERR_FORMAT, "its contents do not fit into its size");
		if (packer_file_hole(t->p, (uint64_t)offset - at, e) || packer_file_data(t->p, data, len, e))
			return -1;
		at = (uint64_t)offset + len;
	}
	if (rc != ARCHIVE_EOF)
		return fail(t, e);
	if (packer_file_hole(t->p, size - at, e))
		return -1;
	return packer_file_end(t->p, e);
}

static int read_attrs(struct tar *t, struct archive_entry *en, struct tree_inode *i, struct err *e)
{
	const char *name;
	const void *value;
	size_t len;

	if (archive_entry_acl_types(en))
		t->p->stats->dropped_attrs++;
	archive_entry_xattr_reset(en);
	while (archive_entry_xattr_next(en, &name, &value, &len) == ARCHIVE_OK)
		if (packer_attr(t->p, name, value, len, e))
			return -1;
	return packer_attrs_end(t->p, i, e);
}

static int add_link(struct tar *t, struct tree_name *n, const char *target, struct err *e)
{
	struct tree_name *to;
	int rc = tree_find(&t->p->tree, target, &to, e);

	if (rc < 0)
		return -1;
	if (rc > 0)
		return tree_link(&t->p->tree, n, to, e);
	err_set(e, ERR_FORMAT, "it is a hard link to '%s', which the archive does not have before it", target);
	if (packer_excluded(t->p, target))
		err_hint(e, "--exclude leaves '%s' out: leave out all of its names", target);
	return -1;
}

static int add_inode(struct tar *t, struct tree_name *n, struct archive_entry *en, struct err *e)
{
	mode_t mode = archive_entry_mode(en);
	struct tree_inode *i;

	if (tree_set(&t->p->tree, n, mode & (S_IFMT | 07777), &i, e) ||
	    packer_owner(i, archive_entry_uid(en), archive_entry_gid(en), e))
		return -1;
	packer_time(t->p, i, archive_entry_mtime_is_set(en) ? archive_entry_mtime(en) : 0);
	if (read_attrs(t, en, i, e))
		return -1;
	switch (mode & S_IFMT) {
	case S_IFREG:
		if (archive_entry_size(en) < 0)
			return err_set(e, ERR_FORMAT, "its size is negative");
		return read_contents(t, n, (uint64_t)archive_entry_size(en), e);
	case S_IFLNK:
		return packer_target(i, archive_entry_symlink(en), e);
	case S_IFCHR:
	case S_IFBLK:
		return packer_device(i, (uint64_t)archive_entry_rdevmajor(en), (uint64_t)archive_entry_rdevminor(en), e);
	case S_IFDIR:
	case S_IFIFO:
		return 0;
	default:
		return err_set(e, ERR_FORMAT, "it is of a type that no file system has");
	}
}

static int add_entry(struct tar *t, struct archive_entry *en, struct err *e)
{
	const char *path = archive_entry_pathname(en), *link = archive_entry_hardlink(en);
	struct tree_name *n;

	if (str_empty(path))
		return err_set(e, ERR_FORMAT, "'%s' has an entry without a name", t->name);
	if (packer_excluded(t->p, path))
		return 0;
	t->p->stats->entries++;
	packer_tick(t->p);
	if (tree_place(&t->p->tree, path, &n, e))
		return err_ctx(e, "'%s'", t->name);
	if (link ? add_link(t, n, link, e) : add_inode(t, n, en, e))
		return err_ctx(e, "'%s': entry '%s'", t->name, path);
	return 0;
}

static int read_entries(struct tar *t, struct err *e)
{
	struct archive_entry *en;
	int rc;

	for (;;) {
		rc = archive_read_next_header(t->ar, &en);
		if (rc == ARCHIVE_EOF)
			return t->ended ? truncated(t, e) : 0;
		if (rc != ARCHIVE_OK && (rc != ARCHIVE_WARN || !only_charset(t->ar)))
			return fail(t, e);
		if (add_entry(t, en, e))
			return -1;
		str_clear(&t->last);
		str_add(&t->last, archive_entry_pathname(en));
	}
}

static void count_ignored(struct tar *t, const uint8_t *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		t->p->stats->ignored += data[i] != 0;
}

/* Read on to the source's end; what is not zero there is counted. */
static int drain(struct tar *t, struct err *e)
{
	uint64_t rest = t->given - (uint64_t)archive_filter_bytes(t->ar, 0);
	const void *data;
	size_t len;
	int rc;

	if (rest <= t->chunk_len)
		count_ignored(t, t->chunk + t->chunk_len - rest, (size_t)rest);
	while ((rc = ahead_next(t->ahead, &data, &len, e)) > 0) {
		count_ignored(t, data, len);
		t->p->stats->read = ahead_read(t->ahead);
		packer_tick(t->p);
	}
	return rc;
}

static int read_tar(struct tar *t, struct err *e)
{
	t->ar = archive_read_new();
	if (!t->ar || archive_read_support_format_tar(t->ar) != ARCHIVE_OK)
		return err_sys(e, ENOMEM, "cannot read '%s'", t->name);
	if (archive_read_open(t->ar, t, NULL, on_read, NULL) != ARCHIVE_OK)
		return fail(t, e);
	if (read_entries(t, e))
		return -1;
	return drain(t, e);
}

int pack_tar(struct packer *p, int fd, const char *name, struct err *e)
{
	/* In any other locale libarchive refuses names that are not ASCII. */
	locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0), old = (locale_t)0;
	struct tar t = { .p = p, .name = name };
	int rc;

	if (ahead_open(fd, name, &t.ahead, e)) {
		rc = -1;
	} else {
		if (utf8)
			old = uselocale(utf8);
		rc = read_tar(&t, e);
		archive_read_free(t.ar);
		ahead_free(t.ahead);
		str_free(&t.last);
		if (utf8)
			uselocale(old);
	}
	if (utf8)
		freelocale(utf8);
	return rc;
}
