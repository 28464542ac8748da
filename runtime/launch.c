/* Theory of operation: the eight steps (docs/ARCHITECTURE.md), one function
 * each, in the order of launch() below. Steps 1 and 2 (parse, policy) were done
 * by the caller.
 *
 * The process that was started becomes the program: no child is left that the
 * program could wait for, no parent that a signal could miss. Only a pid
 * namespace needs two processes more (runtime/init.c). */
#include "runtime/launch.h"

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/spawn.h"
#include "runtime/action.h"
#include "runtime/host.h"
#include "runtime/init.h"
#include "runtime/namespace.h"
#include "runtime/path.h"
#include "runtime/perform.h"
#include "runtime/placement.h"
#include "runtime/plan.h"
#include "runtime/rootfs.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

struct launch {
	const struct run_spec *spec;
	struct rootfs image;
	struct host_facts host;
	struct plan plan;
	struct identity identity;
	char *image_name; /* absolute, links not resolved: what APPTAINER_CONTAINER says */
	struct env_facts env_facts;
	struct env_plan env;
	struct performance performance;
	struct placement placement;
	mode_t umask;
};

static void launch_free(struct launch *l)
{
	performance_free(&l->performance);
	env_plan_free(&l->env);
	plan_free(&l->plan);
	host_facts_free(&l->host);
	rootfs_free(&l->image);
	free(l->image_name);
}

static int gather(struct launch *l, struct err *e)
{
	if (fd_guard_standard(e) || helper_remember(e) || rootfs_open(l->spec->image, NULL, &l->image, e))
		return -1;
	return host_gather(&l->host, e);
}

static int make_plan(struct launch *l, struct err *e)
{
	if (plan_make(l->spec, &l->image, &l->host, &l->plan, e))
		return -1;
	l->image.unpack_limit = l->plan.unpack_limit;
	l->image.overlaid = l->plan.root == ROOT_OVERLAY;
	l->identity = (struct identity){
		.uid = l->host.uid,
		.gid = l->host.gid,
		.name = l->host.user,
		.gecos = l->host.gecos,
		.home = l->plan.home,
		.shell = l->host.shell,
		.groups = l->host.groups,
		.n_groups = l->host.n_groups,
	};
	l->image_name = path_join(l->host.cwd ? l->host.cwd : "/", l->image.name);
	l->env_facts = (struct env_facts){
		.image_path = l->image_name,
		.home = l->plan.home,
		.user = l->host.user,
		.shell = l->host.shell,
		.bind_list = l->plan.bind_list,
		.tmpdir_bound = l->plan.tmpdir_bound,
		.xdg_runtime_bound = l->plan.xdg_runtime_bound,
		.xauthority_bound = l->plan.xauthority_bound,
	};
	return env_plan_make(l->spec, &l->env_facts, environ, &l->env, e);
}

/* Directories below --workdir are the only thing a launch makes on the host. */
static int make_source(const char *path, struct err *e)
{
	OWN_FREE char *part = xstrdup(path);

	for (char *p = part;;) {
		char end;

		p = strchrnul(p + 1, '/');
		end = *p;
		*p = '\0';
		if (mkdir(part, 0755) && errno != EEXIST)
			return err_sys(e, errno, "cannot make '%s'", part);
		if (!end)
			return 0;
		*p = end;
	}
}

static int make_sources(const struct plan *p, struct err *e)
{
	for (size_t i = 0; i < p->n; i++)
		if ((p->steps[i].flags & STEP_MAKE_SOURCE) && make_source(p->steps[i].source, e))
			return -1;
	return 0;
}

/* Step 5. A server that was found may be in a user namespace that cannot be
 * entered (of a sibling): then this launch gets one of its own. */
static int enter_namespaces(const struct launch *l, const struct root_wishes *wishes, struct root_mount *root,
			    struct err *e)
{
	struct namespaces ns = { .user_fd = root->server.user_fd, .ipc = l->plan.ipc, .net = l->plan.net,
				 .uts = l->plan.uts, .hostname = l->plan.hostname };
	struct root_wishes alone = *wishes;

	if (namespace_enter(&ns, e) == 0)
		return 0;
	if (ns.user_fd < 0 || e->sys != EPERM)
		return -1;
	log_info("this launch gets an image server of its own: %s", e->msg);
	alone.share = false;
	root_mount_free(root);
	if (rootfs_serve(&l->image, &alone, root, e))
		return -1;
	ns.user_fd = -1;
	return namespace_enter(&ns, e);
}

/* Steps 5 and the first half of 6: what the image server's start can overlap. */
static int enter(struct launch *l, struct err *e)
{
	struct root_wishes wishes = {
		.writable = l->plan.root == ROOT_WRITABLE,
		.unpack = l->spec->unpack,
		.share = !l->spec->no_share,
		.linger = l->spec->linger,
		.home = l->host.home,
		.record_fd = l->spec->record_fd,
		.engine = engine_of(l->spec->engine),
		.cpus = l->spec->mount_cpus,
	};
	OWN_ROOT_MOUNT struct root_mount root = ROOT_MOUNT_INIT;

	if (make_sources(&l->plan, e))
		return -1;
	if (l->image.kind != ROOTFS_DIRECTORY)
		placement_hold(&l->placement);
	wishes.comer = l->placement.held ? &l->placement.before : NULL;
	if (rootfs_serve(&l->image, &wishes, &root, e) || perform_begin(&l->performance, &l->plan, &wishes, e) ||
	    enter_namespaces(l, &wishes, &root, e))
		return -1;
	l->umask = umask(0); /* modes of mount points are what they say */
	if (rootfs_mount(&l->image, &root, e))
		return -1;
	return perform_prepare(&l->performance, &l->identity, &root, e);
}

/* *ret: the name by which the directory was entered; PWD keeps it. */
static int start_in(const struct plan *p, const char **ret, struct err *e)
{
	for (size_t i = 0; i < p->cwd.n; i++) {
		if (chdir(p->cwd.v[i]) == 0) {
			if (i && strcmp(p->cwd.v[0], p->cwd.v[i]) && strcmp(p->cwd.v[0], p->home))
				log_info("'%s' is not in the container, starting in '%s'", p->cwd.v[0], p->cwd.v[i]);
			*ret = p->cwd.v[i];
			return 0;
		}
		if (p->cwd_required) {
			err_sys(e, errno, "the working directory '%s'", p->cwd.v[i]);
			return err_hint(e, "--cwd names a directory inside the container; --bind brings one in");
		}
	}
	return err_sys(e, errno, "cannot enter any directory of the container");
}

/* Step 8, with no privilege left. 0: there is nothing to run, *ret_text and *ret_status say so. */
static int become(struct launch *l, char **ret_text, int *ret_status, struct err *e)
{
	OWN_ACTION struct action a = { 0 };
	OWN_FD int root_fd = -1;

	umask(l->plan.default_umask ? 022 : l->umask);
	if (start_in(&l->plan, &l->env_facts.cwd, e))
		return -1;
	root_fd = fd_open("/", O_PATH | O_DIRECTORY, e);
	if (root_fd < 0 || action_make(l->spec, &l->env_facts, &l->env, root_fd, &a, e))
		return -1;
	if (a.message) {
		*ret_text = TAKE_PTR(a.message);
		*ret_status = a.status;
		return 0;
	}
	placement_release(&l->placement);
	return action_exec(&a, l->spec->dialect, e);
}

/* Steps 6 to 8 in a pid namespace: in process 1 and the program. */
static int become_inside(struct launch *l, int report_fd, struct err *e)
{
	char *text = NULL;
	int status = 0;
	int bad = perform_finish(&l->performance, e) || privileges_drop(e);

	if (!bad && l->spec->no_init)
		init_skip();
	else if (!bad)
		bad = init_run(e);
	if (!bad && become(l, &text, &status, e) == 0) {
		if (text)
			(void)!write(STDOUT_FILENO, text, strlen(text));
		_exit(status);
	}
	err_send(report_fd, e);
	_exit(125);
}

/* Pages of a program whose server is dead are a SIGBUS, which tells nobody why.
 * Only here is a process of ours left to say it. */
static int blame_server(const struct launch *l, int status, struct err *e)
{
	struct statfs fs;

	if (status != 128 + SIGBUS || l->image.kind == ROOTFS_DIRECTORY || statfs("/", &fs) == 0 || errno != ENOTCONN)
		return 0;
	err_set(e, ERR_SYSTEM, "the server of '%s' was killed, and the program with it", l->image.name);
	return err_hint(e, "perhaps memory was short; start the program again");
}

static int go(struct launch *l, char **ret_text, int *ret_status, struct err *e)
{
	if (l->plan.pid) {
		int report_fd = -1, where;

		placement_release(&l->placement);
		where = init_begin(&report_fd, ret_status, e);
		if (where == 0)
			return become_inside(l, report_fd, e);
		return where < 0 ? -1 : blame_server(l, *ret_status, e);
	}
	if (perform_finish(&l->performance, e) || privileges_drop(e))
		return -1;
	return become(l, ret_text, ret_status, e);
}

/* --verbose: the plan, a line each. */
static void say_plan(const struct launch *l)
{
	OWN_STRV struct strv lines = { 0 };
	OWN_STR struct str text = { 0 };

	if (!log_wants(LOG_INFO_LEVEL))
		return;
	plan_print(&l->plan, &l->image, &text);
	strv_split(&lines, str_text(&text), "\n");
	for (size_t i = 0; i < lines.n; i++)
		log_info("%s", lines.v[i]);
}

int launch(const struct run_spec *spec, char **ret_text, int *ret_status, struct err *e)
{
	OWN(launch_free) struct launch l = { .spec = spec, .image = ROOTFS_INIT, .performance = PERFORMANCE_INIT };

	*ret_text = NULL;
	*ret_status = 0;
	if (gather(&l, e) || make_plan(&l, e))
		return -1;
	if (spec->dry_run) {
		OWN_STR struct str text = { 0 };

		plan_print(&l.plan, &l.image, &text);
		*ret_text = str_take(&text);
		return 0;
	}
	say_plan(&l);
	if (enter(&l, e))
		return -1;
	return go(&l, ret_text, ret_status, e);
}
