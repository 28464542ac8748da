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

static void plan_kernel(struct planner *pl)
{
	const struct run_spec *s = pl->spec;

	if (plan_mounts(pl, "dev", s->mount_dev)) {
		if (pl->contain)
			plan_add_kind(pl, STEP_DEVICES, 0, "/dev", "devices");
		else
			plan_add_bind(pl, "/dev", "/dev", 0, "devices");
		if (pl->plan->ipc)
			plan_add_kind(pl, STEP_MQUEUE, STEP_NODEV | STEP_NOEXEC, "/dev/mqueue", "message queues");
	}
	if (plan_mounts(pl, "proc", s->mount_proc)) {
		if (pl->plan->pid)
			plan_add_kind(pl, STEP_PROC, STEP_NODEV | STEP_NOEXEC, "/proc", "kernel");
		else
			plan_add_bind(pl, "/proc", "/proc", STEP_NODEV | STEP_NOEXEC, "kernel");
	}
	if (plan_mounts(pl, "sys", s->mount_sys)) {
		if (pl->plan->net)
			plan_add_kind(pl, STEP_SYSFS, STEP_NODEV | STEP_NOEXEC, "/sys", "kernel");
		else
			plan_add_bind(pl, "/sys", "/sys", STEP_NODEV | STEP_NOEXEC, "kernel");
	}
}

/* A directory below --workdir, made when it is missing. */
static void add_workdir(struct planner *pl, const char *name, const char *target, const char *why)
{
	OWN_FREE char *base = path_join(pl->host->cwd ? pl->host->cwd : "/", pl->spec->workdir);
	char *source = path_join(base, name);

	plan_add(pl, (struct step){ .kind = STEP_BIND, .flags = STEP_NODEV | STEP_MAKE_SOURCE, .source = source,
				    .real = xstrdup(source), .target = xstrdup(target), .why = why });
}

static void plan_tmp(struct planner *pl)
{
	if (!plan_mounts(pl, "tmp", pl->spec->mount_tmp))
		return;
	if (!pl->contain) {
		plan_add_bind(pl, "/tmp", "/tmp", STEP_NODEV, "temporary files");
		plan_add_bind(pl, "/var/tmp", "/var/tmp", STEP_NODEV | STEP_ALIAS, "temporary files");
	} else if (pl->spec->workdir) {
		add_workdir(pl, "tmp", "/tmp", "--workdir");
		add_workdir(pl, "var_tmp", "/var/tmp", "--workdir");
	} else {
		plan_add_dir(pl, "/tmp", 01777, "--contain");
		plan_add_dir(pl, "/var/tmp", 01777, "--contain");
	}
}

static int plan_paths(struct planner *pl, struct err *e)
{
	OWN_BIND_LIST struct bind_list l = { 0 };

	if (!plan_mounts(pl, "bind-paths", true))
		return 0;
	plan_add_bind(pl, "/etc/hosts", "/etc/hosts", STEP_NODEV, "host names");
	plan_add_bind(pl, "/etc/localtime", "/etc/localtime", STEP_NODEV, "time zone");
	if (pl->contain)
		return 0;
	for (size_t i = 0; i < pl->spec->bind_paths.n; i++)
		if (bind_parse_path(pl->spec->bind_paths.v[i], "bind path", &l, e))
			return err_ctx(e, "sif.conf");
	for (size_t i = 0; i < l.n; i++) {
		const struct bind_spec *b = &l.v[i];

		if (!plan_add_bind(pl, b->source, b->dest, STEP_NODEV | (b->readonly ? STEP_READONLY : 0), b->origin) &&
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
		plan_add(pl, plan_bind_step(source, &f, pl->plan->home, STEP_NODEV | STEP_WISH, "--home"));
	return 0;
}

static int plan_home(struct planner *pl, struct err *e)
{
	const struct run_spec *s = pl->spec;
	const char *home = pl->host->home;
	bool wanted = plan_mounts(pl, "home", s->mount_home) && !s->no_home;

	if (wanted && s->home)
		return plan_wished_home(pl, e);
	pl->plan->home = path_clean(s->home && strchr(s->home, ':') ? strchr(s->home, ':') + 1 :
				    s->home ? s->home : home);
	if (!wanted || !strcmp(home, "/"))
		return 0;
	if (pl->contain && s->workdir) {
		add_workdir(pl, "home", home, "--workdir");
	} else if (pl->contain) {
		plan_add_dir(pl, home, 0700, "--contain");
	} else if (!strcmp(home, "/root")) {
		plan_add_bind(pl, home, home, STEP_NODEV, "home");
	} else if (!plan_add_place(pl, home, "home")) {
		OWN_PATH_FACT struct path_fact f = { 0 };

		pl->host->look(pl->host, home, &f);
		if (f.error) {
			log_warn("the home directory '%s' does not exist on this host: it is empty in the container", home);
			plan_add_dir(pl, home, 0700, "home");
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
		bound = add_them ? plan_add_place(pl, places[i].path, places[i].why) : plan_visible(pl, places[i].path, f.real);
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
			plan_add_dir(pl, target, 0755, "--scratch");
	}
}

static int plan_cwd(struct planner *pl, struct err *e)
{
	const struct host_facts *h = pl->host;
	struct plan *p = pl->plan;

	if (!pl->contain && h->cwd && plan_mounts(pl, "cwd", pl->spec->mount_cwd))
		plan_add_place(pl, h->cwd_logical ? h->cwd_logical : h->cwd, "current directory");
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
		plan_add_text(pl, "/etc/resolv.conf", str_take(&text), "--dns");
	} else {
		plan_add_bind(pl, "/etc/resolv.conf", "/etc/resolv.conf", STEP_NODEV, "name servers");
	}
	if (s->hostname)
		plan_add_text(pl, "/etc/hostname", xasprintf("%s\n", s->hostname), "--hostname");
	plan_add_kind(pl, STEP_PASSWD, STEP_IS_FILE | STEP_READONLY, "/etc/passwd", "the user's entry");
	plan_add_kind(pl, STEP_GROUP, STEP_IS_FILE | STEP_READONLY, "/etc/group", "the user's groups");
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
