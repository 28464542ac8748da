/* What a launch knows of the host it runs on: gathered once, before anything
 * is planned, in the caller's own view. */
#ifndef SIF_RUNTIME_HOST_H
#define SIF_RUNTIME_HOST_H

#include "base/err.h"
#include "base/own.h"
#include "runtime/identity.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* One name of the host. */
struct path_fact {
	int error;   /* 0, or why it cannot be looked up */
	mode_t type; /* S_IFMT bits */
	char *real;  /* the same without symbolic links; NULL with an error */
};

struct host_facts {
	uid_t uid;
	gid_t gid;
	/* the caller's passwd entry; home and shell never NULL */
	char *user, *gecos, *home, *shell;
	struct identity_group *groups; /* names owned, may be NULL */
	size_t n_groups;
	char *cwd;	   /* physical; NULL when it was deleted */
	char *cwd_logical; /* $PWD when it names the same directory, else NULL */
	char *tty;	   /* terminal on descriptor 0, or NULL */
	/* variables that name places; absolute or NULL */
	char *tmpdir, *xdg_runtime_dir, *xauthority;

	/* Look a name up; mounts what is to be automounted. Tests put a table
	 * here. The caller frees ret->real. */
	void (*look)(const struct host_facts *h, const char *path, struct path_fact *ret);
	const void *ctx;
};

int host_gather(struct host_facts *ret, struct err *e) MUST_CHECK;
void host_facts_free(struct host_facts *h);
#define OWN_HOST_FACTS OWN(host_facts_free)

void path_fact_free(struct path_fact *f);
#define OWN_PATH_FACT OWN(path_fact_free)

#endif
