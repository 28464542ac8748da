/* Which image has which tree, and the helper that makes it; the trees
 * themselves are the store's (runtime/store.c). */
#include "runtime/unpack.h"

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/spawn.h"
#include "base/str.h"
#include "runtime/store.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* What it prints and what it complains about come in one text. */
_Noreturn static void become_reader(const char *path, char *const argv[], int image_fd, int into_fd, int out_fd)
{
	if (dup2(out_fd, STDERR_FILENO) >= 0 && dup2(out_fd, STDOUT_FILENO) >= 0 && fcntl(image_fd, F_SETFD, 0) == 0 &&
	    (into_fd < 0 || fcntl(into_fd, F_SETFD, 0) == 0))
		execv(path, argv);
	_exit(127);
}

/* What the helper complained about, as our error. */
static int take_message(const char *text, const char *name, struct err *e)
{
	const char *cause = text ? strstr(text, "]: ") : NULL, *hint = text ? strstr(text, "hint: ") : NULL;

	if (cause) {
		err_set(e, ERR_SYSTEM, "'%s': %.*s", name, (int)strcspn(cause + 3, "\n"), cause + 3);
		return hint ? err_hint(e, "%.*s", (int)strcspn(hint + 6, "\n"), hint + 6) : -1;
	}
	if (str_empty(text))
		err_set(e, ERR_SYSTEM, "'%s': unpacking it failed", name);
	else /* the dynamic linker's words, in a container without our libraries */
		err_set(e, ERR_SYSTEM, "unpacking '%s': %.*s", name, (int)strcspn(text, "\n"), text);
	return err_hint(e, "inside a container, '--bind /dev/fuse' on the outer run spares the unpacking");
}

/* sif-read unpack below into_fd, or, with -1, what that would take: *ret_bytes. */
static int run_reader(const struct rootfs *image, int into_fd, uint64_t *ret_bytes, struct err *e)
{
	char image_fd[16], offset[24], size[24], into[16];
	char *const argv[] = { (char[]){ "sif-read" }, (char[]){ "unpack" }, (char[]){ "--image-fd" }, image_fd,
			       (char[]){ "--offset" }, offset, (char[]){ "--size" }, size,
			       into_fd < 0 ? (char[]){ "--measure" } : (char[]){ "--into-fd" },
			       into_fd < 0 ? NULL : into, NULL };
	OWN_FREE char *path = NULL, *text = NULL;
	OWN_FD int reads = -1, writes = -1;
	struct err ignored;
	int p[2], status;
	pid_t pid;

	if (helper_path("sif-read", &path, e))
		return -1;
	snprintf(image_fd, sizeof(image_fd), "%d", image->fd);
	snprintf(offset, sizeof(offset), "%llu", (unsigned long long)image->offset);
	snprintf(size, sizeof(size), "%llu", (unsigned long long)image->size);
	snprintf(into, sizeof(into), "%d", into_fd);
	if (pipe2(p, O_CLOEXEC))
		return err_sys(e, errno, "cannot make a pipe");
	reads = p[0];
	writes = p[1];
	pid = fork();
	if (pid < 0)
		return err_sys(e, errno, "cannot start a process");
	if (pid == 0)
		become_reader(path, argv, image->fd, into_fd, writes);
	own_fd_(&writes);
	(void)!fd_read_all(reads, 65536, "sif-read", &text, NULL, &ignored);
	status = child_wait(pid, e);
	if (status > 0)
		return take_message(text, image->name, e);
	if (status || into_fd >= 0)
		return status;
	if (text)
		text[strcspn(text, "\n")] = '\0';
	return num_u64(text ? text : "", ret_bytes, e) ? err_ctx(e, "sif-read unpack --measure") : 0;
}

/* The file as it is: any write to it, or another one in its place, makes another
 * key. A digest of the contents would have to be computed at each launch. */
static int make_key(const struct rootfs *image, char **ret, struct err *e)
{
	struct stat st;

	if (fstat(image->fd, &st))
		return err_sys(e, errno, "image '%s'", image->name);
	*ret = xasprintf("%llx-%llx-%llx-%llx.%lx-%llx", (unsigned long long)st.st_dev, (unsigned long long)st.st_ino,
			 (unsigned long long)st.st_size, (unsigned long long)st.st_ctim.tv_sec,
			 (unsigned long)st.st_ctim.tv_nsec, (unsigned long long)image->offset);
	return 0;
}

static int unpack(const struct store *s, const struct rootfs *image, const char *key, const char *why, struct err *e)
{
	uint64_t limit = image->unpack_limit ? image->unpack_limit : UNPACK_LIMIT, bytes = 0;
	OWN_FD int fd = -1;

	if (run_reader(image, -1, &bytes, e) || store_make_room(s, bytes, limit, e))
		return -1;
	log_warn("'%s' is unpacked to '%s/%s' (%s)", image->name, s->path, key, why);
	if (store_begin(s, key, bytes, &fd, e) || run_reader(image, fd, NULL, e) || store_finish(s, key, e)) {
		store_abandon(s, key);
		return -1;
	}
	return 0;
}

int unpack_image(const struct rootfs *image, const char *why, char **ret_path, int *ret_lease, struct err *e)
{
	OWN_STORE struct store s = STORE_INIT;
	OWN_FREE char *key = NULL;
	OWN_FD int lock = -1;
	int found;

	if (make_key(image, &key, e) || store_open(&s, e))
		return -1;
	found = store_hold(&s, key, image->overlaid, ret_lease, e);
	if (found == 0) {
		if (store_lock(&s, &lock, e))
			return -1;
		found = store_hold(&s, key, image->overlaid, ret_lease, e);
	}
	if (found == 0 && unpack(&s, image, key, why, e) == 0)
		found = store_hold(&s, key, image->overlaid, ret_lease, e);
	if (found == 1)
		*ret_path = xasprintf("%s/%s", s.path, key);
	else if (found == 0 && !e->kind)
		err_set(e, ERR_SYSTEM, "'%s/%s' was taken away", s.path, key);
	return found == 1 ? 0 : -1;
}
