/* The names of the caller's ids. The files of this host are read first; only
 * what they do not have is asked of the name service (NSS), whose servers may
 * hang: by a process of its own, with a deadline for all of it together. No
 * users or groups are ever enumerated. */
#ifndef SIF_RUNTIME_ACCOUNT_H
#define SIF_RUNTIME_ACCOUNT_H

#include "base/own.h"

#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <stddef.h>

enum { ACCOUNT_DEADLINE_MS = 5000 };

/* Where answers come from; tests put others here. */
struct account_source {
	const char *passwd, *group; /* files */
	/* The name service; get_user NULL = ask the helper program sif-account, which
	 * has it (NSS needs the distribution's C library, the launch does not). */
	struct passwd *(*get_user)(uid_t uid);
	struct group *(*get_group)(gid_t gid);
	int deadline_ms;
};
extern const struct account_source account_host;

struct account {
	/* of the passwd entry; all NULL when there is none or nobody answered */
	char *user, *gecos, *home, *shell;
	char **group_names; /* of each group asked for, NULL = unknown */
	size_t n_groups;
	bool late; /* the deadline passed: answers may be missing */
};

/* The helper's side: answer what account_find asked by argv, to standard output. */
int account_answer(int argc, char *const argv[], struct passwd *(*get_user)(uid_t uid),
		   struct group *(*get_group)(gid_t gid));

/* Never fails: what is not found is NULL. */
void account_find(const struct account_source *from, uid_t uid, const gid_t *gids, size_t n, struct account *ret);
/* Home of a user of the file, malloc'ed; NULL = not in it. Asks nobody. */
char *account_local_home(const struct account_source *from, uid_t uid);
void account_free(struct account *a);
#define OWN_ACCOUNT OWN(account_free)

#endif
