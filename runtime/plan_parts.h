/* What the files of the planner share (plan.c, plan_steps.c, plan_wishes.c). */
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
/* A default: gives way to a wish for the same target and to --no-mount TARGET. */
void plan_add(struct planner *pl, struct step s);
/* Bind a place of the host that exists; true when it did. */
bool plan_add_bind(struct planner *pl, const char *source, const char *target, unsigned flags, const char *why);
/* Show a place of the host under its own name and, when a symbolic link or an
 * automounter leads there, under its real name, too. */
bool plan_add_place(struct planner *pl, const char *path, const char *why);
/* Takes text. */
void plan_add_text(struct planner *pl, const char *target, char *text, const char *why);
void plan_add_dir(struct planner *pl, const char *target, mode_t mode, const char *why);
void plan_add_kind(struct planner *pl, enum step_kind kind, unsigned flags, const char *target, const char *why);
/* Does what was added or wished for show real, of the host, at path? */
bool plan_visible(const struct planner *pl, const char *path, const char *real);
/* Is a mount wanted: configured, and its word not in --no-mount? */
bool plan_mounts(const struct planner *pl, const char *word, bool configured);

/* Fill pl->wishes, parents before children, and the plan's bind_list. */
int plan_wishes(struct planner *pl, struct err *e) MUST_CHECK;

#endif
