#include "runtime/rootfs.h"

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/near.h"
#include "image/sif/names.h"
#include "image/sif/read.h"
#include "image/squash/hot.h"
#include "image/squash/squash.h"
#include "runtime/binfmt.h"
#include "runtime/kernel.h"
#include "runtime/mount.h"
#include "runtime/path.h"
#include "runtime/unpack.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define HEAD_LEN 2048 /* enough for every magic number below */
#define EXT_MAGIC_AT 1080

void rootfs_free(struct rootfs *r)
{
	own_fd_(&r->fd);
	own_free_(&r->name);
	own_free_(&r->path);
}

/* Files that people take for images, by their first bytes. */
static int not_an_image(const char *name, const uint8_t *head, size_t len, struct err *e)
{
	static const struct {
		const char *magic, *what, *hint;
		size_t len;
	} known[] = {
		{ "\037\213", "a gzip file", "make an image of a tar file first: sif build OUT.sif FILE", 2 },
		{ "(\265/\375", "a zstd file", "make an image of a tar file first: sif build OUT.sif FILE", 4 },
		{ "\3757zXZ", "an xz file", "make an image of a tar file first: sif build OUT.sif FILE", 5 },
		{ "\177ELF", "a program", "the image stands before the program: sif exec IMAGE PROGRAM", 4 },
		{ "{", "a text file", "an image is a SIF file, a SquashFS file or a directory", 1 },
	};

	if (len == 0) {
		err_set(e, ERR_FORMAT, "'%s' is empty", name);
		return err_hint(e, "a download or copy may have failed: fetch it again");
	}
	if (len > 262 && !memcmp(head + 257, "ustar", 5)) {
		err_set(e, ERR_FORMAT, "'%s' is a tar file, not an image", name);
		return err_hint(e, "make an image of it first: sif build OUT.sif '%s'", name);
	}
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		if (len < known[i].len || memcmp(head, known[i].magic, known[i].len))
			continue;
		err_set(e, ERR_FORMAT, "'%s' is %s, not an image", name, known[i].what);
		return err_hint(e, "%s", known[i].hint);
	}
	err_set(e, ERR_FORMAT, "'%s' has no known image format", name);
	return err_hint(e, "an image is a SIF file, a SquashFS file or a directory");
}

static int refuse_ext3(const char *name, struct err *e)
{
	err_set(e, ERR_ENVIRONMENT, "'%s' is an ext3 image, which only the kernel could read, with root's rights", name);
	return err_hint(e, "unpack it where it can be mounted, then: sif build OUT.sif DIRECTORY");
}

static int refuse_encrypted(const char *name, struct err *e)
{
	err_set(e, ERR_ENVIRONMENT, "'%s' is encrypted, which this version cannot read", name);
	return err_hint(e, "Apptainer can run it with its key; sif cannot yet");
}

/* A partition whose programs this node can run. */
static int check_arch(const struct rootfs *r, struct err *e)
{
	const char *host = sif_arch_host();

	if (!strcmp(r->arch, "unknown") || !strcmp(r->arch, host) || binfmt_runs(r->arch, host))
		return 0;
	err_set(e, ERR_ENVIRONMENT, "'%s' is made for %s, and this node is %s", r->name, r->arch, host);
	return err_hint(e, "get the image for %s, or let an administrator register qemu-user for %s with the F flag "
			   "(binfmt_misc)", host, r->arch);
}

static const struct sif_object *first_data(const struct sif_image *img)
{
	for (uint32_t i = 0; i < img->n; i++)
		if (img->objects[i].type == SIF_DATA_PARTITION && sif_part_type(&img->objects[i]) == SIF_PART_DATA)
			return &img->objects[i];
	return sif_primary(img);
}

static const struct sif_object *choose_object(const struct sif_image *img, const struct rootfs_want *want,
					      const char *name, struct err *e)
{
	const struct sif_object *o;

	if (want && want->object) {
		o = sif_by_id(img, want->object);
		if (!o || o->type != SIF_DATA_PARTITION) {
			err_set(e, ERR_USAGE, "'%s' has no partition with id %u", name, want->object);
			err_hint(e, "sif object list '%s' shows what it has", name);
			return NULL;
		}
	} else {
		o = want && want->data ? first_data(img) : sif_primary(img);
	}
	if (!o && sif_by_type(img, SIF_DATA_OCI_ROOT_INDEX, NULL)) {
		err_set(e, ERR_ENVIRONMENT, "'%s' is an OCI-SIF, which this version cannot run", name);
		err_hint(e, "SingularityCE can; or build a native image of the same source");
	} else if (!o) {
		err_set(e, ERR_FORMAT, "'%s' has no system partition to run", name);
		err_hint(e, "sif object list '%s' shows what it has", name);
	}
	return o;
}

static void find_hot_list(struct rootfs *r, const struct sif_image *img)
{
	for (uint32_t i = 0; i < img->n; i++) {
		const struct sif_object *o = &img->objects[i];

		if (o->type == SIF_DATA_GENERIC && o->link == r->object && !o->link_is_group &&
		    !strcmp(o->name, SQUASH_HOT_NAME)) {
			r->hot_offset = (uint64_t)o->offset;
			r->hot_size = (uint64_t)o->size;
		}
	}
}

static int open_sif(struct rootfs *r, const struct rootfs_want *want, struct err *e)
{
	OWN_SIF_IMAGE struct sif_image img = { 0 };
	const struct sif_object *o;

	if (sif_read(r->fd, r->name, &img, e))
		return -1;
	o = choose_object(&img, want, r->name, e);
	if (!o)
		return -1;
	r->kind = ROOTFS_SIF;
	r->object = o->id;
	r->offset = (uint64_t)o->offset;
	r->size = (uint64_t)o->size;
	r->arch = sif_part_arch(&img, o);
	find_hot_list(r, &img);
	switch (sif_part_fs(o)) {
	case SIF_FS_SQUASH:
		return want && want->data ? 0 : check_arch(r, e);
	case SIF_FS_EXT3:
		return refuse_ext3(r->name, e);
	case SIF_FS_ENCRYPTED_SQUASH:
	case SIF_FS_GOCRYPTFS_SQUASH:
		return refuse_encrypted(r->name, e);
	default:
		return err_set(e, ERR_FORMAT, "the partition of '%s' holds '%s', which cannot be mounted", r->name,
			       sif_code_word(sif_fs_types, sif_part_fs(o)));
	}
}

/* The server reads the superblock again; here it is read for a message before
 * anything is started. */
static int check_squash(const struct rootfs *r, struct err *e)
{
	struct squash_super super;
	uint8_t head[96];

	if (r->size < sizeof(head)) {
		err_set(e, ERR_FORMAT, "'%s': its SquashFS is cut off after %llu bytes", r->name,
			(unsigned long long)r->size);
	} else if (fd_pread_full(r->fd, head, sizeof(head), r->offset, r->name, e)) {
		return -1;
	} else if (squash_super_parse(head, sizeof(head), &super, e)) {
		err_ctx(e, "'%s' is damaged", r->name);
	} else if (super.bytes_used > r->size) {
		err_set(e, ERR_FORMAT, "'%s' is truncated: its SquashFS has %llu of %llu bytes", r->name,
			(unsigned long long)r->size, (unsigned long long)super.bytes_used);
	} else {
		return 0;
	}
	return err_hint(e, "fetch or build the image again");
}

static int identify(struct rootfs *r, const struct stat *st, const struct rootfs_want *want, struct err *e)
{
	uint8_t head[HEAD_LEN];
	ssize_t n = pread(r->fd, head, sizeof(head), 0);

	if (n < 0)
		return err_sys(e, errno, "cannot read the image '%s'", r->name);
	if (sif_is_magic(head, (size_t)n))
		return open_sif(r, want, e) ? -1 : check_squash(r, e);
	if (n >= 4 && !memcmp(head, "hsqs", 4)) {
		r->kind = ROOTFS_SQUASH;
		r->size = (uint64_t)st->st_size;
		return check_squash(r, e);
	}
	if (n > EXT_MAGIC_AT + 1 && head[EXT_MAGIC_AT] == 0x53 && head[EXT_MAGIC_AT + 1] == 0xef)
		return refuse_ext3(r->name, e);
	return not_an_image(r->name, head, (size_t)n, e);
}

static int open_name(const char *name, int *ret, struct err *e)
{
	/* O_NONBLOCK: a FIFO or a tape is no image and must not make us wait. */
	*ret = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (*ret >= 0)
		return 0;
	err_sys(e, errno, "image '%s'", name);
	if (e->sys == ENOENT && strstr(name, "://"))
		return err_hint(e, "images are files and directories here; registries are not read by this version");
	if (e->sys == ENOENT)
		return near_hint(name, e);
	if (e->sys == EACCES)
		return err_hint(e, "you need read permission on the file and search permission on its directories");
	return -1;
}

int rootfs_open(const char *name, const struct rootfs_want *want, struct rootfs *ret, struct err *e)
{
	struct stat st;
	char *absolute;

	*ret = (struct rootfs){ .fd = -1, .arch = "unknown" };
	if (open_name(name, &ret->fd, e))
		return -1;
	ret->name = xstrdup(name);
	absolute = realpath(name, NULL);
	ret->path = absolute ? absolute : path_join("/", name);
	if (fstat(ret->fd, &st))
		return err_sys(e, errno, "image '%s'", name);
	if (S_ISDIR(st.st_mode)) {
		ret->kind = ROOTFS_DIRECTORY;
		return 0;
	}
	if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode))
		return err_set(e, ERR_FORMAT, "image '%s' is neither a file nor a directory", name);
	return identify(ret, &st, want, e);
}

static int clone_directory(const char *path, bool writable, struct err *e)
{
	return mount_clone(AT_FDCWD, path, true, MOUNT_NOSUID | MOUNT_NODEV | (writable ? 0u : MOUNT_RDONLY), e);
}

/* By its name, since the descriptor was opened in the mount namespace that was
 * left; it must still be the directory that was opened. */
static int mount_directory(const struct rootfs *r, bool writable, struct err *e)
{
	OWN_FD int fd = clone_directory(r->path, writable, e);
	struct stat opened, mounted;

	if (fd < 0)
		return err_ctx(e, "image '%s'", r->name);
	if (fstat(r->fd, &opened) || fstat(fd, &mounted))
		return err_sys(e, errno, "image '%s'", r->name);
	if (opened.st_dev != mounted.st_dev || opened.st_ino != mounted.st_ino)
		return err_set(e, ERR_SYSTEM, "image '%s' was replaced while it was started", r->name);
	return TAKE_FD(fd);
}

static int mount_unpacked(const struct rootfs *r, const char *why, int *ret_lease, struct err *e)
{
	OWN_FREE char *path = NULL;

	return unpack_image(r, why, &path, ret_lease, e) ? -1 : clone_directory(path, false, e);
}

static struct server_request request(const struct rootfs *r, const struct root_wishes *w, enum engine engine)
{
	return (struct server_request){
		.image_fd = r->fd,
		.offset = r->offset,
		.size = r->size,
		.name = r->path,
		.uid = geteuid(),
		.gid = getegid(),
		.engine = engine,
		.cpus = w ? w->cpus : NULL,
		.comer = w ? w->comer : NULL,
		.hot_offset = r->hot_offset,
		.hot_size = r->hot_size,
		.record_fd = w ? w->record_fd : -1,
		.log_fd = -1,
		.home = w ? w->home : NULL,
		.share = w && w->share,
		.linger = w ? w->linger : -1,
	};
}

/* Is this node one that cannot serve images? */
static bool cannot_serve(const struct err *e)
{
	return e->kind == ERR_ENVIRONMENT && e->sys;
}

static int check_engine(const struct rootfs *r, const struct root_wishes *w, struct err *e)
{
	return engine_check(w->engine,
			    &(struct engine_wishes){ .record = w->record_fd >= 0, .cpus = w->cpus,
						     .linger = w->share && w->linger >= 0, .hot = r->hot_size },
			    e);
}

int rootfs_serve(const struct rootfs *r, const struct root_wishes *wishes, struct root_mount *ret, struct err *e)
{
	const struct server_request rq = request(r, wishes, wishes->engine);

	*ret = (struct root_mount)ROOT_MOUNT_INIT;
	ret->writable = wishes->writable;
	ret->engine = wishes->engine;
	if (r->kind == ROOTFS_DIRECTORY)
		return 0;
	if (wishes->unpack) {
		ret->unpack = xstrdup("--unsquash");
		return 0;
	}
	if (check_engine(r, wishes, e))
		return -1;
	if (wishes->engine == ENGINE_KERNEL) {
		ret->fd = kernel_mount(r->fd, r->offset, r->size, wishes->share, e);
		return ret->fd < 0 ? err_ctx(e, "image '%s'", r->name) : 0;
	}
	if (server_find(&rq, &ret->server, e) == 0)
		return 0;
	if (!cannot_serve(e))
		return -1;
	ret->unpack = xstrdup(e->msg);
	return 0;
}

int rootfs_mount(const struct rootfs *r, struct root_mount *m, struct err *e)
{
	const struct server_request rq = request(r, NULL, m->engine);

	if (r->kind == ROOTFS_DIRECTORY) {
		m->fd = mount_directory(r, m->writable, e);
		return m->fd < 0 ? -1 : 0;
	}
	if (m->fd >= 0)
		return 0; /* the kernel reads it */
	if (!m->unpack) {
		m->fd = server_mount(&rq, &m->server, e);
		if (m->fd >= 0)
			return 0;
		if (!cannot_serve(e) || m->server.user_fd >= 0)
			return -1;
		server_link_free(&m->server);
		m->unpack = xstrdup(e->msg);
	}
	m->fd = mount_unpacked(r, m->unpack, &m->lease_fd, e);
	return m->fd < 0 ? -1 : 0;
}

void root_mount_free(struct root_mount *m)
{
	own_fd_(&m->fd);
	server_link_free(&m->server);
	own_free_(&m->unpack);
	own_fd_(&m->lease_fd);
}
