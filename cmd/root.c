#include "cmd/root.h"

#include "base/fd.h"
#include "base/str.h"
#include "image/sif/read.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* The word's part that is the image: its length. */
static size_t image_part(const char *word)
{
	OWN_FREE char *copy = strdup(word);
	char *colon = copy;

	if (!copy || access(word, F_OK) == 0)
		return strlen(word);
	while ((colon = strchr(colon, ':'))) {
		*colon = '\0';
		if (*copy && access(copy, F_OK) == 0)
			return strlen(copy);
		*colon++ = ':';
	}
	return strcspn(word, ":");
}

/* Where the file system to look at lies in the file. */
static int find_partition(int fd, const char *name, uint64_t size, uint64_t *ret_off, uint64_t *ret_len,
			  struct err *e)
{
	OWN_SIF_IMAGE struct sif_image img = {};
	const struct sif_object *o;
	uint8_t head[SIF_HEADER_LEN];

	*ret_off = 0;
	*ret_len = size;
	if (size < sizeof(head))
		return err_set(e, ERR_FORMAT, "'%s' is too short to be an image", name);
	if (fd_pread_full(fd, head, sizeof(head), 0, name, e))
		return -1;
	if (!sif_is_magic(head, sizeof(head)))
		return 0;
	if (sif_read(fd, name, &img, e))
		return -1;
	o = sif_primary(&img);
	if (!o) {
		err_set(e, ERR_FORMAT, "'%s' has no primary partition", name);
		return err_hint(e, "sif object list shows what it has");
	}
	if (sif_part_fs(o) != SIF_FS_SQUASH)
		return err_set(e, ERR_FORMAT, "the primary partition of '%s' is not SquashFS but %s", name,
			       sif_fs_name(sif_part_fs(o)));
	*ret_off = (uint64_t)o->offset;
	*ret_len = (uint64_t)o->size;
	return 0;
}

static int open_file(struct root *r, struct err *e)
{
	uint64_t off, len;
	struct stat st;

	r->fd = fd_open(r->image, O_RDONLY, e);
	if (r->fd < 0)
		return -1;
	if (fstat(r->fd, &st))
		return err_sys(e, errno, "cannot examine '%s'", r->image);
	if (!S_ISREG(st.st_mode)) {
		err_set(e, ERR_USAGE, "'%s' is not an image file", r->image);
		return S_ISDIR(st.st_mode) ? err_hint(e, "a directory needs no sif to be read") : -1;
	}
	if (find_partition(r->fd, r->image, (uint64_t)st.st_size, &off, &len, e))
		return -1;
	if (source_range_new(r->fd, off, len, r->image, &r->src, e))
		return -1;
	return squash_open(r->src, NULL, &r->fs, e) ? err_ctx(e, "image '%s'", r->image) : 0;
}

int root_open(const char *word, struct root *ret, struct err *e)
{
	size_t n = image_part(word);
	const char *path = word[n] ? word + n + 1 : "";
	struct root r = ROOT_INIT;

	r.image = strndup(word, n);
	r.path = strdup(*path ? path : "/");
	if (!r.image || !r.path)
		err_sys(e, ENOMEM, "cannot open '%s'", word);
	else if (open_file(&r, e) == 0) {
		*ret = r;
		return 0;
	}
	root_close(&r);
	return -1;
}

void root_close(struct root *r)
{
	squash_free(r->fs);
	source_free(r->src);
	own_fd_(&r->fd);
	free(r->image);
	free(r->path);
	*r = (struct root)ROOT_INIT;
}

int root_find(const struct root *r, bool follow, struct squash_inode *ret, struct err *e)
{
	int found = squash_lookup(r->fs, r->path, follow, ret, e);

	if (found < 0)
		return err_ctx(e, "'%s' in image '%s'", r->path, r->image);
	if (found)
		return 0;
	err_set(e, ERR_SYSTEM, "there is no '%s' in image '%s'", r->path, r->image);
	e->sys = ENOENT;
	e->status = 1; /* "no", as other commands say it */
	return -1;
}
