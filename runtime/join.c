#include "runtime/join.h"

#include "base/fd.h"
#include "base/mem.h"
#include "runtime/action.h"
#include "runtime/host.h"
#include "runtime/init.h"
#include "runtime/namespace.h"
#include "runtime/peer.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>

struct joining {
	const struct run_spec *spec;
	struct host_facts host;
	struct peer peer;
	struct strv environment; /* of the container's program */
	struct env_facts facts;
	struct env_plan env;
};

static void joining_free(struct joining *j)
{
	env_plan_free(&j->env);
	strv_free(&j->environment);
	peer_free(&j->peer);
	host_facts_free(&j->host);
}

int join_check(const struct option_sources *src, struct err *e)
{
	static const char *const usable[] = { "join",	 "cwd",	    "env",   "env-file", "cleanenv", "env-from-host",
					      "no-env",	 "no-eval", "app",   "shell",	 "host-rc",  "no-umask",
					      "verbose", "debug",   "quiet", NULL };

	for (size_t i = 0; run_options[i].name; i++) {
		const struct opt *o = &run_options[i];
		bool fits = o->flags & OPT_HIDDEN;

		if (src->from[i] != SOURCE_COMMAND_LINE)
			continue;
		for (size_t k = 0; usable[k]; k++)
			fits |= strcmp(o->name, usable[k]) == 0;
		if (fits)
			continue;
		err_set(e, ERR_USAGE, "--%s cannot be combined with --join: the container is there already", o->name);
		return err_hint(e, "its mounts and namespaces were chosen when it was started");
	}
	return 0;
}

/* What the runner told the container's program, or NULL. */
static const char *told(const struct joining *j, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < j->environment.n; i++)
		if (strncmp(j->environment.v[i], name, n) == 0 && j->environment.v[i][n] == '=')
			return j->environment.v[i] + n + 1;
	return NULL;
}

static bool shows(const struct joining *j, const char *path)
{
	return path && peer_shows(&j->peer, path);
}

static int gather(struct joining *j, struct err *e)
{
	const char *image, *home;

	if (fd_guard_standard(e) || peer_open(j->spec->join, &j->peer, e) || host_gather(&j->host, e))
		return -1;
	peer_environment(&j->peer, &j->environment);
	image = told(j, "APPTAINER_CONTAINER");
	home = told(j, "HOME");
	j->facts = (struct env_facts){
		.image_path = image ? image : "/", /* a program that was started with env -i */
		.home = home ? home : j->host.home,
		.user = j->host.user,
		.shell = j->host.shell,
		.bind_list = told(j, "APPTAINER_BIND"),
		.tmpdir_bound = shows(j, j->host.tmpdir),
		.xdg_runtime_bound = shows(j, j->host.xdg_runtime_dir),
		.xauthority_bound = shows(j, j->host.xauthority),
	};
	return env_plan_make(j->spec, &j->facts, environ, &j->env, e);
}

static int start_in(struct joining *j, struct err *e)
{
	if (!j->spec->cwd)
		return 0;
	if (chdir(j->spec->cwd)) {
		err_sys(e, errno, "the working directory '%s'", j->spec->cwd);
		return err_hint(e, "--cwd names a directory inside the container");
	}
	j->facts.cwd = j->spec->cwd;
	return 0;
}

/* Inside, with no privilege left. 0: there is nothing to run. */
static int become(struct joining *j, char **ret_text, int *ret_status, struct err *e)
{
	OWN_ACTION struct action a = { 0 };
	OWN_FD int root_fd = -1;

	if (j->spec->no_umask)
		umask(022);
	if (start_in(j, e))
		return -1;
	root_fd = fd_open("/", O_PATH | O_DIRECTORY, e);
	if (root_fd < 0 || action_make(j->spec, &j->facts, &j->env, root_fd, &a, e))
		return -1;
	if (!a.message)
		return action_exec(&a, j->spec->dialect, e);
	*ret_text = TAKE_PTR(a.message);
	*ret_status = a.status;
	return 0;
}

_Noreturn static void become_child(struct joining *j, int report_fd)
{
	OWN_FREE char *text = NULL;
	struct err e = {};
	int status = 0;

	init_skip();
	if (privileges_drop(&e) || become(j, &text, &status, &e)) {
		err_send(report_fd, &e);
		_exit(125);
	}
	if (text)
		(void)!write(STDOUT_FILENO, text, strlen(text));
	_exit(status);
}

int join_container(const struct run_spec *spec, char **ret_text, int *ret_status, struct err *e)
{
	OWN(joining_free) struct joining j = { .spec = spec, .peer = PEER_INIT };
	int report_fd = -1, where;

	*ret_text = NULL;
	*ret_status = 0;
	if (gather(&j, e) || peer_enter(&j.peer, e))
		return -1;
	if (j.peer.ns[PEER_PID] < 0)
		return privileges_drop(e) ? -1 : become(&j, ret_text, ret_status, e);
	where = init_follow(&report_fd, ret_status, e);
	if (where == 0)
		become_child(&j, report_fd);
	if (where < 0 && e->sys == ENOMEM)
		err_hint(e, "the container of process %d has ended", (int)spec->join);
	return where < 0 ? -1 : 0;
}
