/* Carry a plan out, inside the new namespaces. */
#ifndef SIF_RUNTIME_PERFORM_H
#define SIF_RUNTIME_PERFORM_H

#include "base/err.h"
#include "base/own.h"
#include "runtime/plan.h"
#include "runtime/session.h"

struct perform_step;

struct performance {
	const struct plan *plan;	 /* borrowed */
	const struct identity *identity; /* borrowed */
	struct session session;
	struct root_mount root; /* the new root */
	struct perform_step *steps;
};
#define PERFORMANCE_INIT { .session = SESSION_INIT, .root = ROOT_MOUNT_INIT }

/* In the caller's own namespaces: open the other images of the plan, and start
 * their servers, as main says of the launch's own image. They are shared with
 * nobody: their mounts belong to this launch's user namespace. */
int perform_begin(struct performance *pf, const struct plan *plan, const struct root_wishes *main,
		  struct err *e) MUST_CHECK;
/* What can be done while the image server starts: the session, a copy of every
 * bind source, other images. Takes what root holds. */
int perform_prepare(struct performance *pf, const struct identity *id, struct root_mount *root,
		    struct err *e) MUST_CHECK;
/* The rest: mount points, mounts, and the new root is entered. When it fails
 * because the image server ended, e says why that one ended. */
int perform_finish(struct performance *pf, struct err *e) MUST_CHECK;
void performance_free(struct performance *pf);
#define OWN_PERFORMANCE OWN(performance_free)

#endif
