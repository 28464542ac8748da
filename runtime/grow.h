/* Mount points that an image lacks. */
#ifndef SIF_RUNTIME_GROW_H
#define SIF_RUNTIME_GROW_H

#include "base/err.h"
#include "base/own.h"
#include "runtime/session.h"

#include <stdbool.h>
#include <stddef.h>

/* One directory of the image and what is missing below it. */
struct growth {
	char *parent; /* exists, a directory; clean, no symbolic link in it */
	struct missing {
		char *rest; /* "a/b/c" */
		bool is_file;
	} *v;
	size_t n;
};

struct growths {
	struct growth *v;
	size_t n;
};

/* Look target up beneath root_fd, where nothing but the image is mounted yet.
 * 0 = it is there; 1 = it is missing, and was noted in ret; -1 = it can never
 * be there (a loop of links, a file where a directory is needed): errno says. */
int grow_note(struct growths *ret, int root_fd, const char *target, bool is_file, struct err *e) MUST_CHECK;

/* Make all that was noted. *root_fd, owned by the caller, is replaced when the
 * root directory itself had to grow. writable: the root is an overlay of ours,
 * make them in there. */
int grow(const struct growths *g, struct session *s, bool writable, int *root_fd, struct err *e) MUST_CHECK;
void growths_free(struct growths *g);
#define OWN_GROWTHS OWN(growths_free)

#endif
