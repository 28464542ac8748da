/* From a finished root file system to argv and environment: reads the image's
 * environment scripts and runscript beneath root_fd, evaluates them in this
 * process where they have one of the closed set of forms (runtime/script.h),
 * else hands them to the image's own sh. */
#ifndef SIF_RUNTIME_ACTION_H
#define SIF_RUNTIME_ACTION_H

#include "runtime/env.h"

struct action {
	char *path; /* what to execve: absolute inside the container, or as typed when it has a '/' */
	struct strv argv, envp;
	char *message; /* non-NULL: nothing to run; print this on stdout and exit with .status */
	int status;
};

/* root_fd: the container's root with every mount in place, borrowed.
 * facts->cwd (or the working directory, when NULL) becomes PWD.
 * A program that is not there fails with e->status 127, one that cannot be
 * executed with 126; 255 for both when called as apptainer or singularity. */
int action_make(const struct run_spec *spec, const struct env_facts *facts, const struct env_plan *env,
		int root_fd, struct action *ret, struct err *e) MUST_CHECK;

/* execve of .path; a text without "#!" (ENOEXEC) is run by /bin/sh, as shells
 * do. Returns only on failure: -1, e->status as above. To be called with the
 * container's root and working directory in place. */
int action_exec(const struct action *a, enum run_dialect dialect, struct err *e);

void action_free(struct action *a);
#define OWN_ACTION OWN(action_free)

#endif
