#include "runtime/warm.h"

#include "base/fd.h"

#include <fcntl.h>
#include <sys/stat.h>

#define STEP (128 << 10) /* bytes; the kernel's read-ahead takes no more at once */
#define MOST (4 << 20)	 /* bytes of one file */

#if defined(__x86_64__)
static const char *const files[][2] = {
	{ "/lib64/ld-linux-x86-64.so.2", "/lib/ld-musl-x86_64.so.1" },
	{ "/lib/x86_64-linux-gnu/libc.so.6", "/lib64/libc.so.6" },
};
#elif defined(__aarch64__)
static const char *const files[][2] = {
	{ "/lib/ld-linux-aarch64.so.1", "/lib/ld-musl-aarch64.so.1" },
	{ "/lib/aarch64-linux-gnu/libc.so.6", "/lib64/libc.so.6" },
};
#else
static const char *const files[][2] = { { "/lib/libc.so.6" } };
#endif

static void read_ahead(int fd)
{
	struct stat st;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		return;
	for (off_t at = 0; at < st.st_size && at < MOST; at += STEP)
		posix_fadvise(fd, at, STEP, POSIX_FADV_WILLNEED);
}

void warm_loader(int root_fd)
{
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		for (size_t k = 0; k < 2 && files[i][k]; k++) {
			struct err ignored;
			OWN_FD int fd = fd_open_in_root(root_fd, files[i][k], O_RDONLY | O_NONBLOCK | O_NOCTTY, 0,
							&ignored);

			if (fd < 0)
				continue;
			read_ahead(fd);
			break;
		}
}
