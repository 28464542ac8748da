#include "cmd/inspect_image.h"

#include "base/fd.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#define FILE_LIMIT (1u << 20)
#define OBJECT_LIMIT (16u << 20)
#define NAMES_LIMIT 1000

static int read_super(struct image *img, struct err *e)
{
	uint8_t head[96];

	if (img->length < sizeof(head))
		return err_set(e, ERR_FORMAT, "%" PRIu64 " bytes are too short for a SquashFS", img->length);
	if (fd_pread_full(img->fd, head, sizeof(head), img->offset, img->name, e) ||
	    squash_super_parse(head, sizeof(head), &img->super, e))
		return -1;
	if (img->super.bytes_used > img->length)
		return err_set(e, ERR_FORMAT, "the SquashFS of %" PRIu64 " bytes is cut off at %" PRIu64,
			       img->super.bytes_used, img->length);
	img->has_squash = true;
	return 0;
}

static int open_sif(struct image *img, struct err *e)
{
	const struct sif_object *o;

	if (sif_read(img->fd, img->name, &img->sif, e))
		return -1;
	img->kind = IMAGE_SIF;
	o = sif_primary(&img->sif);
	if (!o || sif_part_fs(o) != SIF_FS_SQUASH)
		return 0;
	img->offset = (uint64_t)o->offset;
	img->length = (uint64_t)o->size;
	return read_super(img, e) ? err_ctx(e, "'%s': primary partition", img->name) : 0;
}

static int open_file(struct image *img, struct err *e)
{
	uint8_t head[SIF_HEADER_LEN];

	if (img->size < sizeof(head))
		return err_set(e, ERR_FORMAT, "'%s' is neither a SIF nor a SquashFS (%" PRIu64 " bytes)", img->name,
			       img->size);
	if (fd_pread_full(img->fd, head, sizeof(head), 0, img->name, e))
		return -1;
	if (sif_is_magic(head, sizeof(head)))
		return open_sif(img, e);
	if (memcmp(head, "hsqs", 4) != 0)
		return err_set(e, ERR_FORMAT, "'%s' is neither a SIF nor a SquashFS", img->name);
	img->kind = IMAGE_SQUASH;
	img->length = img->size;
	return read_super(img, e) ? err_ctx(e, "'%s'", img->name) : 0;
}

int image_open(const char *name, struct image *ret, struct err *e)
{
	struct image img = { .name = name };
	struct stat st;
	int rc;

	img.fd = fd_open(name, O_RDONLY | O_NONBLOCK, e);
	if (img.fd < 0)
		return -1;
	if (fstat(img.fd, &st)) {
		rc = err_sys(e, errno, "cannot examine '%s'", name);
	} else if (S_ISDIR(st.st_mode)) {
		img.kind = IMAGE_DIRECTORY;
		rc = 0;
	} else if (S_ISREG(st.st_mode)) {
		img.size = (uint64_t)st.st_size;
		rc = open_file(&img, e);
	} else {
		rc = err_set(e, ERR_FORMAT, "'%s' is neither a file nor a directory", name);
	}
	if (rc)
		image_close(&img);
	else
		*ret = img;
	return rc;
}

void image_close(struct image *img)
{
	squash_free(img->fs);
	source_free(img->src);
	sif_image_free(&img->sif);
	own_fd_(&img->fd);
}

bool image_has_files(const struct image *img)
{
	return img->kind == IMAGE_DIRECTORY || img->has_squash;
}

static int open_squash(struct image *img, struct err *e)
{
	if (img->fs)
		return 0;
	if (!img->src && source_range_new(img->fd, img->offset, img->length, img->name, &img->src, e))
		return -1;
	return squash_open(img->src, NULL, &img->fs, e) ? err_ctx(e, "'%s'", img->name) : 0;
}

static int squash_text(struct image *img, const char *path, struct str *out, struct err *e)
{
	OWN_FREE char *buf = NULL;
	struct squash_inode file;
	ssize_t n;
	int found;

	if (open_squash(img, e))
		return -1;
	found = squash_lookup(img->fs, path, true, &file, e);
	if (found <= 0 || !S_ISREG(file.mode))
		return found < 0 ? -1 : 0;
	if (file.size > FILE_LIMIT)
		return err_set(e, ERR_FORMAT, "it is larger than %u bytes", FILE_LIMIT);
	buf = malloc(file.size + 1);
	if (!buf)
		return err_sys(e, ENOMEM, "cannot read");
	n = squash_read(img->fs, &file, buf, file.size, 0, e);
	if (n < 0)
		return -1;
	str_addn(out, buf, (size_t)n);
	return 1;
}

/* Missing, or something else than what is looked for. */
static bool is_absent(int error)
{
	return error == ENOENT || error == ENOTDIR || error == ELOOP;
}

static int directory_text(const struct image *img, const char *path, struct str *out, struct err *e)
{
	OWN_FD int fd = fd_open_in_root(img->fd, path, O_RDONLY | O_NONBLOCK, 0, e);
	OWN_FREE char *text = NULL;
	struct stat st;
	size_t len;

	if (fd < 0)
		return is_absent(errno) ? 0 : -1;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		return 0;
	if (fd_read_all(fd, FILE_LIMIT, path, &text, &len, e))
		return -1;
	str_addn(out, text, len);
	return 1;
}

int image_read(struct image *img, const char *path, struct str *out, struct err *e)
{
	int found;

	if (!image_has_files(img))
		return 0;
	found = img->kind == IMAGE_DIRECTORY ? directory_text(img, path, out, e) : squash_text(img, path, out, e);
	return found < 0 ? err_ctx(e, "'%s' in '%s'", path, img->name) : found;
}

static int squash_names(struct image *img, const char *path, struct strv *names, struct err *e)
{
	struct squash_inode inode;
	struct squash_dirent entry;
	struct squash_dir dir;
	int more;

	if (open_squash(img, e))
		return -1;
	more = squash_lookup(img->fs, path, true, &inode, e);
	if (more <= 0 || !S_ISDIR(inode.mode))
		return more < 0 ? -1 : 0;
	if (squash_dir_open(img->fs, &inode, 0, &dir, e))
		return -1;
	while (names->n < NAMES_LIMIT && (more = squash_dir_next(&dir, &entry, e)) > 0)
		strv_add(names, entry.name);
	return more < 0 ? -1 : 0;
}

static int compare_names(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;

	return strcmp(*x, *y);
}

static int directory_names(const struct image *img, const char *path, struct strv *names, struct err *e)
{
	OWN_FD int fd = fd_open_in_root(img->fd, path, O_RDONLY | O_DIRECTORY, 0, e);
	OWN_DIR DIR *dir = NULL;
	struct dirent *d;

	if (fd < 0)
		return is_absent(errno) ? 0 : -1;
	dir = fdopendir(fd);
	if (!dir)
		return err_sys(e, errno, "cannot read it");
	(void)TAKE_FD(fd);
	while (names->n < NAMES_LIMIT && (d = readdir(dir)))
		if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0)
			strv_add(names, d->d_name);
	if (names->n)
		qsort(names->v, names->n, sizeof(*names->v), compare_names);
	return 0;
}

int image_list(struct image *img, const char *path, struct strv *names, struct err *e)
{
	int rc;

	if (!image_has_files(img))
		return 0;
	rc = img->kind == IMAGE_DIRECTORY ? directory_names(img, path, names, e) : squash_names(img, path, names, e);
	return rc ? err_ctx(e, "'%s' in '%s'", path, img->name) : 0;
}

int image_object(const struct image *img, const struct sif_object *o, struct str *out, struct err *e)
{
	OWN_FREE char *buf = NULL;

	if (o->size > OBJECT_LIMIT)
		return err_set(e, ERR_FORMAT, "'%s': object %" PRIu32 " is larger than %u bytes", img->name, o->id,
			       OBJECT_LIMIT);
	buf = malloc((size_t)o->size + 1);
	if (!buf)
		return err_sys(e, ENOMEM, "cannot read '%s'", img->name);
	if (fd_pread_full(img->fd, buf, (size_t)o->size, (uint64_t)o->offset, img->name, e))
		return -1;
	str_addn(out, buf, (size_t)o->size);
	return 0;
}
