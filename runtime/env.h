/* The environment of a container: which variables of the host pass, what the
 * options inject, and (runtime/action.h) what the image's own scripts make of
 * it. The rules differ by dialect: docs/man/sif-environment.7 is what users
 * read, docs/decisions/600 says why. */
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
	const char *cwd;	/* inside; NULL: what getcwd(2) says in action_make */
	/* of the TMPDIR, XDG_RUNTIME_DIR and XAUTHORITY of the host: are they visible inside
	 * under the same name? (runtime/plan.c binds them when they exist) */
	bool tmpdir_bound, xdg_runtime_bound, xauthority_bound;
};

struct env_plan {
	struct strv host;     /* "K=V" that pass from the host, filtered */
	struct strv asked;    /* "K=V" of --env-from-host: win over the image, as they are */
	struct strv injected; /* "K=V" of --env, --env-file, SIFENV_/APPTAINERENV_/SINGULARITYENV_ */
	bool eval;	      /* injected values are expanded as in "double quotes" */
	/* SIFENV_PREPEND_PATH and so on; NULL = none */
	char *path_prepend, *path_append, *path_replace;
	char *ld_prepend, *ld_append; /* the same for LD_LIBRARY_PATH */
};

/* Before anything is mounted; reads the --env-file files. environ_: the host's.
 * Errors: USAGE (a word of --env without '='), SYSTEM (a file), and what the
 * shell that evaluates a file says. */
int env_plan_make(const struct run_spec *spec, const struct env_facts *facts, char *const environ_[],
		  struct env_plan *ret, struct err *e) MUST_CHECK;
void env_plan_free(struct env_plan *p);
#define OWN_ENV_PLAN OWN(env_plan_free)

/* Does this variable of the host stay outside when called as sif?
 * (env_filter.c: search paths and start-up hooks) */
bool env_name_stays_outside(const char *name);
/* Does --cleanenv let it through? */
bool env_name_survives_cleanenv(const char *name);

/* The variables that a --env-file sets, appended to ret as "K=V": evaluated in
 * this process when it has the closed forms, else by the host's /bin/sh.
 * environ_: what the file may refer to. (env_file.c) */
int env_file_read(const char *path, char *const environ_[], struct strv *ret, struct err *e) MUST_CHECK;

#endif
