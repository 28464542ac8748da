/* The environment of a container: which variables of the host pass, what the
 * options inject, and what the image's own scripts make of it.
 * (interop 4.3, 5.3, 9; differences of the dialects in docs/decisions.) */
#ifndef SIF_RUNTIME_ENV_H
#define SIF_RUNTIME_ENV_H

#include "base/err.h"
#include "runtime/spec.h"

/* Facts about the launch that become variables. Borrowed. */
struct env_facts {
	const char *image_path; /* absolute */
	const char *home;	/* inside the container */
	const char *user;
	const char *shell;	/* of the host's passwd entry, may be NULL */
	const char *bind_list;	/* comma list of bind destinations, may be NULL */
	/* of the TMPDIR and XDG_RUNTIME_DIR of the host: are they visible inside
	 * under the same name? (runtime/plan.c binds them when they exist) */
	bool tmpdir_bound, xdg_runtime_bound;
};

struct env_plan {
	struct strv host;     /* "K=V" that pass from the host, filtered */
	struct strv injected; /* "K=V" of --env, --env-file, SIFENV_/APPTAINERENV_/SINGULARITYENV_ */
	char *path_prepend, *path_append, *path_replace; /* SIFENV_PREPEND_PATH and so on; NULL = none */
};

/* Before anything is mounted; reads the --env-file files. environ_: the host's. */
int env_plan_make(const struct run_spec *spec, const struct env_facts *facts, char *const environ_[],
		  struct env_plan *ret, struct err *e) MUST_CHECK;
void env_plan_free(struct env_plan *p);

#endif
