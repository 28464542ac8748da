/* The steps of a plan as they are added: what gives way to what, and what is
 * visible already. Which steps there are is chosen in plan.c. */
#include "runtime/plan_parts.h"

#include "base/mem.h"
#include "runtime/path.h"

#include <string.h>
#include <sys/stat.h>

static void step_free(struct step *s)
{
	free(s->source);
	free(s->real);
	free(s->target);
	free(s->text);
}

void plan_free(struct plan *p)
{
	for (size_t i = 0; i < p->n; i++)
		step_free(&p->steps[i]);
	free(p->steps);
	free(p->hostname);
	free(p->home);
	free(p->bind_list);
	free(p->tty);
	strv_free(&p->cwd);
	*p = (struct plan){ 0 };
}

void plan_push(struct plan *p, struct step s)
{
	if (p->n == p->cap) {
		p->cap = p->cap ? p->cap * 2 : 32;
		p->steps = xreallocarray(p->steps, p->cap, sizeof(*p->steps));
	}
	p->steps[p->n++] = s;
}

const struct step *plan_find_target(const struct plan *p, const char *target)
{
	for (size_t i = 0; i < p->n; i++)
		if (!strcmp(p->steps[i].target, target))
			return &p->steps[i];
	return NULL;
}

void plan_add(struct planner *pl, struct step s)
{
	if (strv_has(&pl->spec->no_mount, s.target) || plan_find_target(&pl->wishes, s.target) || plan_find_target(pl->plan, s.target)) {
		step_free(&s);
		return;
	}
	plan_push(pl->plan, s);
}

/* Does the last step that shows anything at path show real there? -1 = no step
 * reaches path. */
static int shows(const struct plan *p, const char *path, const char *real)
{
	for (size_t i = p->n; i-- > 0;) {
		const struct step *s = &p->steps[i];
		const char *rest = path_below(path, s->target);
		const char *real_rest = rest && s->kind == STEP_BIND ? path_below(real, s->real) : NULL;

		if (rest)
			return real_rest && !strcmp(rest, real_rest) && !(s->flags & STEP_NONESTED);
	}
	return -1;
}

bool plan_visible(const struct planner *pl, const char *path, const char *real)
{
	int by_wish = shows(&pl->wishes, path, real);

	return by_wish >= 0 ? by_wish : shows(pl->plan, path, real) > 0;
}

bool path_of_the_image(const char *path)
{
	static const char *const exact[] = { "/", "/home", "/mnt", "/opt", "/root", "/run", "/srv", "/tmp", "/var" };
	static const char *const below[] = { "/bin",   "/boot", "/dev",	 "/etc", "/lib", "/lib32", "/lib64",
					     "/libx32", "/proc", "/sbin", "/sys", "/usr", "/.singularity.d" };

	for (size_t i = 0; i < ARRAY_SIZE(exact); i++)
		if (!strcmp(path, exact[i]))
			return true;
	for (size_t i = 0; i < ARRAY_SIZE(below); i++)
		if (path_below(path, below[i]))
			return true;
	return false;
}

bool plan_mounts(const struct planner *pl, const char *word, bool configured)
{
	return configured && !strv_has(&pl->spec->no_mount, word);
}

struct step plan_bind_step(const char *source, const struct path_fact *f, const char *target, unsigned flags,
			     const char *why)
{
	return (struct step){
		.kind = STEP_BIND,
		.flags = flags | (S_ISDIR(f->type) ? 0u : STEP_IS_FILE),
		.source = xstrdup(source),
		.real = xstrdup(f->real),
		.target = xstrdup(target),
		.why = why,
	};
}

bool plan_add_bind(struct planner *pl, const char *source, const char *target, unsigned flags, const char *why)
{
	OWN_PATH_FACT struct path_fact f = { 0 };

	pl->host->look(pl->host, source, &f);
	if (f.error)
		return false;
	plan_add(pl, plan_bind_step(source, &f, target, flags, why));
	return true;
}

bool plan_add_place(struct planner *pl, const char *path, const char *why)
{
	OWN_PATH_FACT struct path_fact f = { 0 };
	const char *names[2];

	pl->host->look(pl->host, path, &f);
	if (f.error)
		return false;
	names[0] = path;
	names[1] = f.real;
	for (size_t i = 0; i < 2; i++)
		if (!plan_visible(pl, names[i], f.real) && !path_of_the_image(names[i]))
			plan_add(pl, plan_bind_step(path, &f, names[i], STEP_NODEV, why));
	return plan_visible(pl, path, f.real);
}

void plan_add_dir(struct planner *pl, const char *target, mode_t mode, const char *why)
{
	plan_add(pl, (struct step){ .kind = STEP_DIR, .target = xstrdup(target), .mode = mode, .flags = STEP_NODEV, .why = why });
}

void plan_add_text(struct planner *pl, const char *target, char *text, const char *why)
{
	plan_add(pl, (struct step){ .kind = STEP_FILE, .flags = STEP_IS_FILE | STEP_READONLY, .target = xstrdup(target),
			       .text = text, .why = why });
}

void plan_add_kind(struct planner *pl, enum step_kind kind, unsigned flags, const char *target, const char *why)
{
	plan_add(pl, (struct step){ .kind = kind, .flags = flags, .target = xstrdup(target), .why = why });
}
