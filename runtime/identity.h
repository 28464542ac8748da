/* The image's /etc/passwd and /etc/group with the caller in them. Pure text. */
#ifndef SIF_RUNTIME_IDENTITY_H
#define SIF_RUNTIME_IDENTITY_H

#include <stddef.h>
#include <sys/types.h>

struct identity_group {
	gid_t gid;
	const char *name; /* NULL = unknown to the host */
};

struct identity {
	uid_t uid;
	gid_t gid;
	const char *name, *gecos, *home, *shell;
	const struct identity_group *groups; /* the primary one included */
	size_t n_groups;
};

/* The text of the image's file, with the user's line: a line of the same uid
 * becomes the user's but keeps its gid and shell; else a line is appended, or
 * put first when the image knows the name under another uid (the first line of
 * a name counts). malloc'ed. */
char *identity_passwd(const char *image_text, const struct identity *id);
/* The text with a line for each group of the user that the image lacks. */
char *identity_group(const char *image_text, const struct identity *id);
/* "lab (2000), 3000": the groups behind the first, of which no id is mapped
 * inside; malloc'ed, NULL when there are none. */
char *identity_unmapped(const struct identity_group *groups, size_t n);

#endif
