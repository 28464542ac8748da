/* Theory of operation
 *
 * The steps are done in the order of the list: /dev, /proc, /sys; /tmp and
 * /var/tmp; the configured paths; the home directory; the places that variables
 * name; scratch directories; the current directory; files of /etc; and at last
 * the user's own binds, parents before children, so that a wish always lies on
 * top of a default. The user's binds are read first, though: a default whose
 * target is wished for is left out, and so is one whose place is visible anyway
 * because an earlier bind shows the same directory under the same name. */
#include "runtime/plan_parts.h"

#include "base/log.h"
#include "base/mem.h"
#include "runtime/bind.h"
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

/* A default: gives way to a wish for the same target and to --no-mount TARGET. */
static void add(struct planner *pl, struct step s)
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

static bool visible(const struct planner *pl, const char *path, const char *real)
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

static bool mounts(const struct planner *pl, const char *word, bool configured)
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

/* Bind a place of the host that exists; true when it did. */
static bool add_bind(struct planner *pl, const char *source, const char *target, unsigned flags, const char *why)
{
	OWN_PATH_FACT struct path_fact f = { 0 };

	pl->host->look(pl->host, source, &f);
	if (f.error)
		return false;
	add(pl, plan_bind_step(source, &f, target, flags, why));
	return true;
}

/* Show a place of the host under its own name and, when a symbolic link or an
 * automounter leads there, under its real name, too. */
static bool add_place(struct planner *pl, const char *path, const char *why)
{
	OWN_PATH_FACT struct path_fact f = { 0 };
	const char *names[2];

	pl->host->look(pl->host, path, &f);
	if (f.error)
		return false;
	names[0] = path;
	names[1] = f.real;
	for (size_t i = 0; i < 2; i++)
		if (!visible(pl, names[i], f.real) && !path_of_the_image(names[i]))
			add(pl, plan_bind_step(path, &f, names[i], STEP_NODEV, why));
	return visible(pl, path, f.real);
}

static void add_dir(struct planner *pl, const char *target, mode_t mode, const char *why)
{
	add(pl, (struct step){ .kind = STEP_DIR, .target = xstrdup(target), .mode = mode, .flags = STEP_NODEV, .why = why });
}

static void add_text(struct planner *pl, const char *target, char *text, const char *why)
{
	add(pl, (struct step){ .kind = STEP_FILE, .flags = STEP_IS_FILE | STEP_READONLY, .target = xstrdup(target),
			       .text = text, .why = why });
}

static void add_kind(struct planner *pl, enum step_kind kind, unsigned flags, const char *target, const char *why)
{
	add(pl, (struct step){ .kind = kind, .flags = flags, .target = xstrdup(target), .why = why });
}

static void plan_kernel(struct planner *pl)
{
	const struct run_spec *s = pl->spec;

	if (mounts(pl, "dev", s->mount_dev)) {
		if (pl->contain)
			add_kind(pl, STEP_DEVICES, 0, "/dev", "devices");
		else
			add_bind(pl, "/dev", "/dev", 0, "devices");
		if (pl->plan->ipc)
			add_kind(pl, STEP_MQUEUE, STEP_NODEV | STEP_NOEXEC, "/dev/mqueue", "message queues");
	}
	if (mounts(pl, "proc", s->mount_proc)) {
		if (pl->plan->pid)
			add_kind(pl, STEP_PROC, STEP_NODEV | STEP_NOEXEC, "/proc", "kernel");
		else
			add_bind(pl, "/proc", "/proc", STEP_NODEV | STEP_NOEXEC, "kernel");
	}
	if (mounts(pl, "sys", s->mount_sys)) {
		if (pl->plan->net)
			add_kind(pl, STEP_SYSFS, STEP_NODEV | STEP_NOEXEC, "/sys", "kernel");
		else
			add_bind(pl, "/sys", "/sys", STEP_NODEV | STEP_NOEXEC, "kernel");
	}
}

/* A directory below --workdir, made when it is missing. */
static void add_workdir(struct planner *pl, const char *name, const char *target, const char *why)
{
	OWN_FREE char *base = path_join(pl->host->cwd ? pl->host->cwd : "/", pl->spec->workdir);
	char *source = path_join(base, name);

	add(pl, (struct step){ .kind = STEP_BIND, .flags = STEP_NODEV | STEP_MAKE_SOURCE, .source = source,
			       .real = xstrdup(source), .target = xstrdup(target), .why = why });
}

static void plan_tmp(struct planner *pl)
{
	if (!mounts(pl, "tmp", pl->spec->mount_tmp))
		return;
	if (!pl->contain) {
		add_bind(pl, "/tmp", "/tmp", STEP_NODEV, "temporary files");
		add_bind(pl, "/var/tmp", "/var/tmp", STEP_NODEV | STEP_ALIAS, "temporary files");
	} else if (pl->spec->workdir) {
		add_workdir(pl, "tmp", "/tmp", "--workdir");
		add_workdir(pl, "var_tmp", "/var/tmp", "--workdir");
	} else {
		add_dir(pl, "/tmp", 01777, "--contain");
		add_dir(pl, "/var/tmp", 01777, "--contain");
	}
}

static int plan_paths(struct planner *pl, struct err *e)
{
	OWN_BIND_LIST struct bind_list l = { 0 };

	if (!mounts(pl, "bind-paths", true))
		return 0;
	add_bind(pl, "/etc/hosts", "/etc/hosts", STEP_NODEV, "host names");
	add_bind(pl, "/etc/localtime", "/etc/localtime", STEP_NODEV, "time zone");
	if (pl->contain)
		return 0;
	for (size_t i = 0; i < pl->spec->bind_paths.n; i++)
		if (bind_parse_path(pl->spec->bind_paths.v[i], "bind path", &l, e))
			return err_ctx(e, "sif.conf");
	for (size_t i = 0; i < l.n; i++) {
		const struct bind_spec *b = &l.v[i];

		if (!add_bind(pl, b->source, b->dest, STEP_NODEV | (b->readonly ? STEP_READONLY : 0), b->origin) &&
		    !b->optional) {
			err_set(e, ERR_SYSTEM, "'%s', a 'bind path' of sif.conf, does not exist on this host",
				b->source);
			return err_hint(e, "write 'bind path = -%s' to make it optional, or use '--no-mount %s'",
					b->source, b->dest);
		}
	}
	return 0;
}

/* --home SRC[:DEST] */
static int plan_wished_home(struct planner *pl, struct err *e)
{
	OWN_FREE char *words = xstrdup(pl->spec->home), *source = NULL;
	OWN_PATH_FACT struct path_fact f = { 0 };
	char *dest = strchr(words, ':');

	if (dest)
		*dest++ = '\0';
	if (!dest)
		dest = words;
	if (dest[0] != '/') {
		err_set(e, ERR_USAGE, "--home: the directory inside, '%s', is not absolute", dest);
		return err_hint(e, "write --home /DIRECTORY or --home SOURCE:/DIRECTORY");
	}
	source = path_join(pl->host->cwd ? pl->host->cwd : "/", words);
	pl->plan->home = path_clean(dest);
	pl->host->look(pl->host, source, &f);
	if (f.error) {
		err_sys(e, f.error, "--home '%s'", source);
		return err_hint(e, "make the directory first, or use --no-home");
	}
	if (!S_ISDIR(f.type))
		return err_set(e, ERR_USAGE, "--home '%s' is not a directory", source);
	if (strcmp(pl->plan->home, "/"))
		add(pl, plan_bind_step(source, &f, pl->plan->home, STEP_NODEV | STEP_WISH, "--home"));
	return 0;
}

static int plan_home(struct planner *pl, struct err *e)
{
	const struct run_spec *s = pl->spec;
	const char *home = pl->host->home;
	bool wanted = mounts(pl, "home", s->mount_home) && !s->no_home;

	if (wanted && s->home)
		return plan_wished_home(pl, e);
	pl->plan->home = path_clean(s->home && strchr(s->home, ':') ? strchr(s->home, ':') + 1 :
				    s->home ? s->home : home);
	if (!wanted || !strcmp(home, "/"))
		return 0;
	if (pl->contain && s->workdir) {
		add_workdir(pl, "home", home, "--workdir");
	} else if (pl->contain) {
		add_dir(pl, home, 0700, "--contain");
	} else if (!strcmp(home, "/root")) {
		add_bind(pl, home, home, STEP_NODEV, "home");
	} else if (!add_place(pl, home, "home")) {
		OWN_PATH_FACT struct path_fact f = { 0 };

		pl->host->look(pl->host, home, &f);
		if (f.error) {
			log_warn("the home directory '%s' does not exist on this host: it is empty in the container", home);
			add_dir(pl, home, 0700, "home");
		}
	}
	return 0;
}

/* What the variables of a session point at; only where they pass (the peers
 * let the variables pass and leave the places out). */
static void plan_places(struct planner *pl)
{
	const struct host_facts *h = pl->host;
	bool add_them = pl->spec->dialect == DIALECT_SIF && !pl->contain;
	const struct {
		const char *path, *why;
		bool *bound;
	} places[] = {
		{ h->tmpdir, "TMPDIR", &pl->plan->tmpdir_bound },
		{ h->xdg_runtime_dir, "XDG_RUNTIME_DIR", &pl->plan->xdg_runtime_bound },
		{ h->xauthority, "XAUTHORITY", &pl->plan->xauthority_bound },
	};

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		OWN_PATH_FACT struct path_fact f = { 0 };
		bool bound;

		if (!places[i].path)
			continue;
		h->look(h, places[i].path, &f);
		if (f.error)
			continue;
		bound = add_them ? add_place(pl, places[i].path, places[i].why) : visible(pl, places[i].path, f.real);
		*places[i].bound = bound;
	}
}

static void plan_scratch(struct planner *pl)
{
	for (size_t i = 0; i < pl->spec->scratch.n; i++) {
		OWN_FREE char *target = path_clean(pl->spec->scratch.v[i]);
		OWN_FREE char *below = xasprintf("scratch%s", target);

		if (pl->spec->workdir)
			add_workdir(pl, below, target, "--scratch");
		else
			add_dir(pl, target, 0755, "--scratch");
	}
}

static int plan_cwd(struct planner *pl, struct err *e)
{
	const struct host_facts *h = pl->host;
	struct plan *p = pl->plan;

	if (!pl->contain && h->cwd && mounts(pl, "cwd", pl->spec->mount_cwd))
		add_place(pl, h->cwd_logical ? h->cwd_logical : h->cwd, "current directory");
	if (pl->spec->cwd) {
		if (pl->spec->cwd[0] != '/') {
			err_set(e, ERR_USAGE, "the working directory '%s' is not absolute", pl->spec->cwd);
			return err_hint(e, "--cwd names a directory inside the container");
		}
		strv_add(&p->cwd, pl->spec->cwd);
		p->cwd_required = true;
		return 0;
	}
	if (!pl->contain && h->cwd_logical)
		strv_add(&p->cwd, h->cwd_logical);
	if (!pl->contain && h->cwd)
		strv_add(&p->cwd, h->cwd);
	strv_add(&p->cwd, p->home);
	strv_add(&p->cwd, "/");
	return 0;
}

static void plan_files(struct planner *pl)
{
	const struct run_spec *s = pl->spec;

	if (s->dns) {
		OWN_STR struct str text = { 0 };
		OWN_STRV struct strv servers = { 0 };

		strv_split(&servers, s->dns, ", ");
		for (size_t i = 0; i < servers.n; i++)
			str_addf(&text, "nameserver %s\n", servers.v[i]);
		add_text(pl, "/etc/resolv.conf", str_take(&text), "--dns");
	} else {
		add_bind(pl, "/etc/resolv.conf", "/etc/resolv.conf", STEP_NODEV, "name servers");
	}
	if (s->hostname)
		add_text(pl, "/etc/hostname", xasprintf("%s\n", s->hostname), "--hostname");
	add_kind(pl, STEP_PASSWD, STEP_IS_FILE | STEP_READONLY, "/etc/passwd", "the user's entry");
	add_kind(pl, STEP_GROUP, STEP_IS_FILE | STEP_READONLY, "/etc/group", "the user's groups");
}

static int read_root(struct planner *pl, const struct rootfs *image, struct err *e)
{
	const struct run_spec *s = pl->spec;
	struct plan *p = pl->plan;

	if (s->workdir) {
		OWN_PATH_FACT struct path_fact f = { 0 };

		pl->host->look(pl->host, s->workdir, &f);
		if (f.error || !S_ISDIR(f.type)) {
			err_sys(e, f.error ? f.error : ENOTDIR, "--workdir '%s'", s->workdir);
			return err_hint(e, "make the directory first; what the container writes is kept there");
		}
	}
	if (s->overlay.n)
		return err_set(e, ERR_USAGE, "--overlay is not supported by this version");
	if (s->writable && image->kind != ROOTFS_DIRECTORY) {
		err_set(e, ERR_USAGE, "'%s' cannot be made writable: only a directory can", image->name);
		return err_hint(e, "--writable-tmpfs keeps changes in memory until the program ends");
	}
	p->root = s->writable ? ROOT_WRITABLE : s->writable_tmpfs ? ROOT_OVERLAY : ROOT_READONLY;
	p->unpack_limit = s->unpack_limit;
	p->session_size = s->session_size ? s->session_size : UINT64_C(64) << 20;
	p->pid = s->pid;
	p->ipc = s->ipc;
	p->net = s->net;
	p->uts = s->uts;
	p->hostname = xstrdup_or_null(s->hostname);
	p->default_umask = s->no_umask;
	p->tty = xstrdup_or_null(pl->host->tty);
	return 0;
}

int plan_make(const struct run_spec *spec, const struct rootfs *image, const struct host_facts *host,
	      struct plan *ret, struct err *e)
{
	struct planner pl = {
		.spec = spec,
		.host = host,
		.plan = ret,
		.contain = spec->contain,
	};
	int bad;

	*ret = (struct plan){ 0 };
	bad = read_root(&pl, image, e) || plan_wishes(&pl, e);
	if (!bad) {
		plan_kernel(&pl);
		plan_tmp(&pl);
		bad = plan_paths(&pl, e) || plan_home(&pl, e);
	}
	if (!bad) {
		plan_places(&pl);
		plan_scratch(&pl);
		bad = plan_cwd(&pl, e);
		plan_files(&pl);
	}
	for (size_t i = 0; i < pl.wishes.n; i++)
		plan_push(ret, pl.wishes.steps[i]);
	free(pl.wishes.steps); /* what the steps hold now belongs to the plan */
	if (bad)
		plan_free(ret);
	return bad ? -1 : 0;
}
