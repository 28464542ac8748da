/* From a finished root file system to argv and environment: reads the image's
 * environment scripts and runscript beneath root_fd, evaluates them in this
 * process where they have one of the closed set of forms (runtime/script.h),
 * else hands them to the image's own sh. */
#ifndef SIF_RUNTIME_ACTION_H
#define SIF_RUNTIME_ACTION_H

#include "runtime/env.h"

struct action {
	char *path;	  /* what to execve, absolute inside the container */
	struct strv argv, envp;
	/* the program could not be found on PATH: .path is NULL and exec fails
	 * with this error (status 127 or 126 for sif, 255 for apptainer) */
	char *message; /* non-NULL: nothing to run; print this and exit with .status */
	int status;
};

/* root_fd: the container's root, borrowed. */
int action_make(const struct run_spec *spec, const struct env_facts *facts, const struct env_plan *env,
		int root_fd, struct action *ret, struct err *e) MUST_CHECK;
void action_free(struct action *a);

#endif
