/* Ownership made visible: a variable declared OWN_* releases what it holds
 * when it goes out of scope; giving it away is spelled TAKE_*.
 * Every release keeps errno and accepts the empty value (NULL, -1). */
#ifndef SIF_BASE_OWN_H
#define SIF_BASE_OWN_H

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline void own_free_(void *p)
{
	void **pp = p;

	free(*pp);
	*pp = NULL;
}

static inline void own_fd_(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	errno = saved;
}

static inline void own_dir_(DIR **d)
{
	int saved = errno;

	if (*d)
		closedir(*d);
	*d = NULL;
	errno = saved;
}

static inline void own_file_(FILE **f)
{
	int saved = errno;

	if (*f)
		fclose(*f);
	*f = NULL;
	errno = saved;
}

#define OWN(fn) __attribute__((cleanup(fn)))
#define OWN_FREE OWN(own_free_)
#define OWN_FD OWN(own_fd_)
#define OWN_DIR OWN(own_dir_)
#define OWN_FILE OWN(own_file_)

#define TAKE_PTR(p)                    \
	({                             \
		__typeof__(p) t_ = (p); \
		(p) = NULL;            \
		t_;                    \
	})

#define TAKE_FD(fd)          \
	({                   \
		int t_ = (fd); \
		(fd) = -1;   \
		t_;          \
	})

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define MUST_CHECK __attribute__((warn_unused_result))

#endif
