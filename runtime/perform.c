/* Theory of operation
 *
 * 1. prepare: each bind source is copied to a detached mount while the caller's
 *    whole view is still there; then the session's tmpfs is attached aside, and
 *    the image's mount inside of it, where no path leads to it.
 * 2. finish, nothing but the image mounted: targets are looked up beneath the
 *    image's root, missing ones are made (runtime/grow.c).
 * 3. Mounts are attached, in order. A target is resolved by openat2 with
 *    RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS and used as the descriptor that was
 *    opened. From here on the host's directories can be reached through links
 *    of the image, so nothing is created any more: what is missing is passed
 *    over, or an error when the user asked for it.
 * 4. pivot_root, and the old tree goes, the session's with it.
 *
 * A step whose target lies below an earlier step's is looked up in 3 only: the
 * image's own directory of that name will not be seen. Where that earlier step
 * is a directory of the session, the mount point is made in there. */
#include "runtime/perform.h"

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "runtime/devices.h"
#include "runtime/grow.h"
#include "runtime/mount.h"
#include "runtime/path.h"
#include "runtime/warm.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

struct perform_step {
	const struct step *s;
	int tree;	/* owned: detached mount, -1 = made when its turn comes */
	struct rootfs other; /* of STEP_IMAGE */
	struct root_mount image;
	bool skip;
	bool is_file;
	bool nested;	/* below an earlier step's target */
	uint64_t mount; /* its id once attached */
};

static unsigned attributes(const struct step *s)
{
	return MOUNT_NOSUID | (s->flags & STEP_READONLY ? MOUNT_RDONLY : 0u) | (s->flags & STEP_NODEV ? MOUNT_NODEV : 0u) |
	       (s->flags & STEP_NOEXEC ? MOUNT_NOEXEC : 0u);
}

/* A default that cannot be had is passed over, a wish is an error. */
static int give_up(struct perform_step *ps, struct err *e)
{
	if (ps->s->flags & STEP_WISH) {
		err_ctx(e, "%s '%s'", ps->s->why, ps->s->target);
		return -1;
	}
	log_info("'%s' (%s) is left out: %s", ps->s->target, ps->s->why, e->msg);
	ps->skip = true;
	return 0;
}

/*
 * 1. prepare
 */

static int begin_image(struct perform_step *ps, const struct root_wishes *main, struct err *e)
{
	const struct rootfs_want want = { .data = true, .object = ps->s->object };
	const struct root_wishes wishes = { .record_fd = -1, .home = main->home, .engine = main->engine,
					     .cpus = main->cpus };

	if (rootfs_open(ps->s->source, &want, &ps->other, e))
		return -1;
	return rootfs_serve(&ps->other, &wishes, &ps->image, e);
}

int perform_begin(struct performance *pf, const struct plan *plan, const struct root_wishes *main, struct err *e)
{
	pf->plan = plan;
	pf->steps = xcalloc(plan->n + 1, sizeof(*pf->steps));
	for (size_t i = 0; i < plan->n; i++)
		pf->steps[i] = (struct perform_step){ .s = &plan->steps[i], .tree = -1, .other = ROOTFS_INIT,
						      .image = ROOT_MOUNT_INIT };
	for (size_t i = 0; i < plan->n; i++) {
		if (plan->steps[i].kind == STEP_IMAGE && begin_image(&pf->steps[i], main, e))
			return -1;
		pf->steps[i].other.unpack_limit = plan->unpack_limit;
	}
	return 0;
}

static int prepare_step(struct perform_step *ps, struct err *e)
{
	const struct step *s = ps->s;

	ps->is_file = s->flags & STEP_IS_FILE;
	if (s->kind == STEP_IMAGE)
		return rootfs_mount(&ps->other, &ps->image, e);
	if (s->kind != STEP_BIND)
		return 0;
	ps->tree = mount_clone(AT_FDCWD, s->source, !(s->flags & STEP_NONESTED), attributes(s), e);
	return ps->tree < 0 ? give_up(ps, e) : 0;
}

/* What is wanted of another image takes the place of its whole tree. */
static int narrow_image(struct performance *pf, struct perform_step *ps, struct err *e)
{
	OWN_FD int inside = -1;
	struct stat st;

	if (session_attach(&pf->session, ps->image.fd, e))
		return -1;
	inside = fd_open_in_root(ps->image.fd, ps->s->text, O_PATH, 0, e);
	if (inside < 0) {
		if (errno == ENOTCONN)
			server_cause(&ps->image.server, e);
		return err_ctx(e, "%s '%s'", ps->s->why, ps->s->source);
	}
	if (fstat(inside, &st))
		return err_sys(e, errno, "'%s'", ps->s->text);
	own_fd_(&ps->image.fd); /* the rest of that image is not wanted */
	ps->is_file = !S_ISDIR(st.st_mode);
	ps->tree = mount_clone(inside, "", true, attributes(ps->s), e);
	return ps->tree < 0 ? -1 : 0;
}

int perform_prepare(struct performance *pf, const struct identity *id, struct root_mount *root, struct err *e)
{
	pf->identity = id;
	pf->root = *root;
	*root = (struct root_mount)ROOT_MOUNT_INIT;
	for (size_t i = 0; i < pf->plan->n; i++)
		if (prepare_step(&pf->steps[i], e))
			return -1;
	if (session_open(&pf->session, pf->plan->session_size, e))
		return -1;
	for (size_t i = 0; i < pf->plan->n; i++)
		if (pf->plan->steps[i].kind == STEP_IMAGE && narrow_image(pf, &pf->steps[i], e))
			return -1;
	return session_attach(&pf->session, pf->root.fd, e);
}

void performance_free(struct performance *pf)
{
	for (size_t i = 0; pf->steps && i < pf->plan->n; i++) {
		own_fd_(&pf->steps[i].tree);
		root_mount_free(&pf->steps[i].image);
		rootfs_free(&pf->steps[i].other);
	}
	free(pf->steps);
	pf->steps = NULL;
	root_mount_free(&pf->root);
	session_close(&pf->session);
}

/*
 * 2. mount points
 */

/* The image under an overlay whose upper layer is in the session. */
static int make_writable(struct performance *pf, struct err *e)
{
	OWN_FD int upper = session_dir(&pf->session, 0755, e), work = -1, overlay = -1;

	if (upper < 0)
		return -1;
	work = session_dir(&pf->session, 0755, e);
	if (work < 0)
		return -1;
	overlay = mount_overlay(&pf->root.fd, 1, upper, work, e);
	if (overlay < 0) {
		if (e->sys == EPERM || e->sys == ENODEV || e->sys == EINVAL)
			err_hint(e, "--writable-tmpfs needs overlayfs in user namespaces (Linux 5.11 or newer)");
		return -1;
	}
	if (session_attach(&pf->session, overlay, e))
		return -1;
	own_fd_(&pf->root.fd);
	pf->root.fd = TAKE_FD(overlay);
	return 0;
}

/* Will step i lie below an earlier step's target? */
static bool is_nested(const struct performance *pf, size_t i)
{
	for (size_t k = 0; k < i; k++) {
		const char *rest = path_below(pf->steps[i].s->target, pf->steps[k].s->target);

		if (rest && *rest && !pf->steps[k].skip)
			return true;
	}
	return false;
}

static int make_mount_points(struct performance *pf, struct err *e)
{
	OWN_GROWTHS struct growths g = { 0 };

	for (size_t i = 0; i < pf->plan->n; i++) {
		struct perform_step *ps = &pf->steps[i];
		int missing;

		ps->nested = is_nested(pf, i);
		if (ps->skip || ps->nested || ps->s->kind == STEP_PASSWD || ps->s->kind == STEP_GROUP)
			continue;
		missing = grow_note(&g, pf->root.fd, ps->s->target, ps->is_file, e);
		if (missing < 0 && (errno == ENOTCONN || errno == ECONNABORTED || give_up(ps, e)))
			return -1;
		if (missing > 0 && pf->plan->root == ROOT_WRITABLE) {
			g.n = 0; /* nothing is made in a directory of the user's */
			err_set(e, ERR_SYSTEM, "'%s' does not exist in the image", ps->s->target);
			err_hint(e, "a writable image is left as it is: make the directory in it first");
			if (give_up(ps, e))
				return -1;
		}
	}
	return grow(&g, &pf->session, pf->plan->root == ROOT_OVERLAY, &pf->root.fd, e);
}

/*
 * 3. mounts
 */

/* Mount points of later steps inside a directory of the session. */
static int make_points_below(struct performance *pf, size_t i, int dir_fd, struct err *e)
{
	for (size_t k = i + 1; k < pf->plan->n; k++) {
		const char *rest = path_below(pf->steps[k].s->target, pf->steps[i].s->target);

		if (rest && *rest && !pf->steps[k].skip && make_point(dir_fd, rest, pf->steps[k].is_file, e))
			return -1;
	}
	return 0;
}

static int make_dir(struct performance *pf, size_t i, struct err *e)
{
	OWN_FD int dir_fd = session_dir(&pf->session, pf->steps[i].s->mode, e);

	if (dir_fd < 0 || make_points_below(pf, i, dir_fd, e))
		return -1;
	return session_mount(&pf->session, attributes(pf->steps[i].s), e);
}

static int make_file(struct performance *pf, const struct step *s, const char *text, struct err *e)
{
	if (session_file(&pf->session, text, e))
		return -1;
	return session_mount(&pf->session, attributes(s), e);
}

/* The image's passwd or group file, changed. Whatever stands there (a FIFO, a
 * device, something huge) can neither hang nor flood us. */
static int make_identity(struct performance *pf, const struct step *s, struct err *e)
{
	OWN_FD int fd = fd_open_in_root(pf->root.fd, s->target, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, e);
	OWN_FREE char *text = NULL, *changed = NULL;
	struct stat st;

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		return err_set(e, ERR_FORMAT, "'%s' of the image is not a regular file", s->target);
	if (fd_read_all(fd, 4 << 20, s->target, &text, NULL, e))
		return -1;
	changed = s->kind == STEP_PASSWD ? identity_passwd(text, pf->identity) : identity_group(text, pf->identity);
	return make_file(pf, s, changed, e);
}

/* The detached mount of step i; owned. */
static int make_tree(struct performance *pf, size_t i, struct err *e)
{
	struct perform_step *ps = &pf->steps[i];
	unsigned attr = attributes(ps->s);

	switch (ps->s->kind) {
	case STEP_BIND:
	case STEP_IMAGE:
		return TAKE_FD(ps->tree);
	case STEP_DIR:
		return make_dir(pf, i, e);
	case STEP_FILE:
		return make_file(pf, ps->s, ps->s->text, e);
	case STEP_PASSWD:
	case STEP_GROUP:
		return make_identity(pf, ps->s, e);
	case STEP_PROC:
		return mount_new("proc", NULL, attr, e);
	case STEP_SYSFS:
		return mount_new("sysfs", NULL, attr, e);
	case STEP_MQUEUE:
		return mount_new("mqueue", NULL, attr, e);
	case STEP_DEVICES: {
		OWN_FD int dir_fd = session_dir(&pf->session, 0755, e);

		if (dir_fd < 0 || devices_make_points(dir_fd, pf->plan->tty, e) ||
		    make_points_below(pf, i, dir_fd, e))
			return -1;
		return session_mount(&pf->session, attr, e);
	}
	}
	return err_set(e, ERR_BUG, "step of unknown kind %d", (int)ps->s->kind);
}

/* Is what target_fd shows already the mount of an earlier step? (/var/tmp may
 * be a link to /tmp in the image.) */
static bool shows_earlier(const struct performance *pf, size_t i, int target_fd)
{
	uint64_t mount = mount_id(target_fd);

	for (size_t k = 0; k < i; k++)
		if (mount && pf->steps[k].mount == mount)
			return true;
	return false;
}

static int do_step(struct performance *pf, size_t i, struct err *e)
{
	struct perform_step *ps = &pf->steps[i];
	OWN_FD int target = fd_open_in_root(pf->root.fd, ps->s->target, O_PATH, 0, e), tree = -1;

	if (target < 0) {
		if (errno == ENOENT && ps->nested)
			err_hint(e, "make it first in the directory that is mounted above it");
		return -1;
	}
	if ((ps->s->flags & STEP_ALIAS) && shows_earlier(pf, i, target))
		return 0;
	tree = make_tree(pf, i, e);
	if (tree < 0 || mount_attach(tree, target, ps->s->target, e))
		return -1;
	ps->mount = mount_id(tree);
	return ps->s->kind == STEP_DEVICES ? devices_attach(&pf->session, tree, pf->plan->tty, e) : 0;
}

static int attach_all(struct performance *pf, struct err *e)
{
	for (size_t i = 0; i < pf->plan->n; i++) {
		struct perform_step *ps = &pf->steps[i];

		if (!ps->skip && do_step(pf, i, e) && give_up(ps, e))
			return -1;
	}
	/* Not earlier: what was read above would wait behind these bytes. */
	if (pf->root.server.control_fd >= 0)
		warm_loader(pf->root.fd);
	return 0;
}

/* When the image server ended, its report is the cause of whatever went wrong. */
static void prefer_report(struct performance *pf, struct err *e)
{
	if (server_cause(&pf->root.server, e) == 0)
		return;
	if (e->sys == EIO)
		err_hint(e, pf->root.engine == ENGINE_SIF ?
				    "the image is damaged; the server's log names the block: sif mounts --log" :
				    "the image is damaged; --engine sif says where");
	else if (e->sys == ENOTCONN || e->sys == ECONNABORTED)
		err_hint(e, "the image's server has ended, killed for memory perhaps; start the program again; "
			    "sif mounts --log shows what the server said");
}

int perform_finish(struct performance *pf, struct err *e)
{
	if ((pf->plan->root == ROOT_OVERLAY && make_writable(pf, e)) || make_mount_points(pf, e) || attach_all(pf, e) ||
	    mount_enter(pf->root.fd, e)) {
		prefer_report(pf, e);
		return -1;
	}
	return 0;
}
