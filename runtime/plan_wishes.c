/* The user's own binds. */
#include "runtime/plan_parts.h"

#include "base/log.h"
#include "base/mem.h"
#include "runtime/bind.h"
#include "runtime/path.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

/* From a parsed bind to a step among the wishes. */
static int wish(struct planner *pl, const struct bind_spec *b, struct err *e)
{
	const struct host_facts *h = pl->host;
	OWN_FREE char *source = path_join(h->cwd ? h->cwd : "/", b->source);
	OWN_FREE char *target = path_join(h->cwd ? h->cwd : "/", b->dest);
	OWN_PATH_FACT struct path_fact f = { 0 };
	unsigned flags = STEP_WISH | (b->readonly ? STEP_READONLY : 0u) | (b->nonested ? STEP_NONESTED : 0u);
	struct step s;

	if (plan_find_target(&pl->wishes, target)) {
		log_warn("two binds to '%s': '%s' is passed over, the first counts", target, b->source);
		return 0;
	}
	h->look(h, source, &f);
	if (f.error == ENOENT || f.error == ENOTDIR) {
		err_set(e, ERR_SYSTEM, "the bind source '%s' does not exist", b->source);
		return err_hint(e, "asked for by %s; '\\:' and '\\,' stand for a colon and a comma in a path", b->origin);
	}
	if (f.error)
		return err_sys(e, f.error, "the bind source '%s' (%s)", b->source, b->origin);
	/* A device, or a part of /dev, that the user asks for is meant to work. */
	if (!S_ISCHR(f.type) && !S_ISBLK(f.type) && !path_below(f.real, "/dev"))
		flags |= STEP_NODEV;
	s = plan_bind_step(source, &f, target, flags, b->origin);
	if (b->image_src || b->image_id) {
		s.kind = STEP_IMAGE;
		s.text = path_clean(b->image_src ? b->image_src : "/");
		s.object = b->image_id;
		s.flags |= STEP_READONLY | STEP_NODEV;
		s.flags &= ~(unsigned)STEP_IS_FILE;
	}
	plan_push(&pl->wishes, s);
	/* Where a link leads, programs look there, too (realpath(3)). */
	if (s.kind == STEP_BIND && !strcmp(source, target) && strcmp(f.real, target) && !path_of_the_image(f.real) &&
	    !plan_find_target(&pl->wishes, f.real))
		plan_push(&pl->wishes, plan_bind_step(source, &f, f.real, flags & ~(unsigned)STEP_WISH, b->origin));
	return 0;
}

static int by_depth(const void *a, const void *b)
{
	const struct step *x = a, *y = b;
	unsigned dx = path_depth(x->target), dy = path_depth(y->target);

	return dx != dy ? (dx < dy ? -1 : 1) : strcmp(x->target, y->target);
}

int plan_wishes(struct planner *pl, struct err *e)
{
	const struct run_spec *s = pl->spec;
	OWN_BIND_LIST struct bind_list l = { 0 };
	OWN_STR struct str list = { 0 };

	for (size_t i = 0; i < s->bind_words.n; i++)
		if (bind_parse(s->bind_words.v[i], "--bind", &l, e))
			return -1;
	for (size_t i = 0; i < s->mount_words.n; i++)
		if (bind_parse_mount(s->mount_words.v[i], "--mount", &l, e))
			return -1;
	for (size_t i = 0; i < l.n; i++)
		if (wish(pl, &l.v[i], e))
			return -1;
	for (size_t i = 0; i < pl->wishes.n; i++)
		str_addf(&list, "%s%s", i ? "," : "", pl->wishes.steps[i].target);
	if (list.len)
		pl->plan->bind_list = str_take(&list);
	if (pl->wishes.n)
		qsort(pl->wishes.steps, pl->wishes.n, sizeof(*pl->wishes.steps), by_depth);
	return 0;
}
