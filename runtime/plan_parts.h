/* What the files of the planner share (plan.c, plan_wishes.c). */
#ifndef SIF_RUNTIME_PLAN_PARTS_H
#define SIF_RUNTIME_PLAN_PARTS_H

#include "runtime/plan.h"

struct planner {
	const struct run_spec *spec;
	const struct host_facts *host;
	struct plan *plan;
	struct plan wishes; /* only .steps are used */
	bool contain;
};

/* Append; takes what s holds. */
void plan_push(struct plan *p, struct step s);
/* The step for this target, or NULL. */
const struct step *plan_find_target(const struct plan *p, const char *target);
/* f: what is known of source, which exists. */
struct step plan_bind_step(const char *source, const struct path_fact *f, const char *target, unsigned flags,
			   const char *why);
/* Directories that belong to the image: the host's never replace them unless
 * wished for by name. */
bool path_of_the_image(const char *path);
/* Fill pl->wishes, parents before children, and the plan's bind_list. */
int plan_wishes(struct planner *pl, struct err *e) MUST_CHECK;

#endif
