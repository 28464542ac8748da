/* The last step before exec: what to run, and with which environment.
 *
 *   action_target.c  what run, exec, shell and test mean for this image
 *   action_env.c     the image's environment scripts in this process
 *   action_sh.c      the same by the image's own shell, when they ask too much
 *   action_image.c   finding files beneath the root
 *   action_libs.c    the directories of the image's dynamic linker
 *   oci_env.c        undoing a known fault of builders */
#include "runtime/action_parts.h"

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "image/sif/names.h"
#include "runtime/binfmt.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

static void stage_free(struct stage *st)
{
	strv_free(&st->scripts);
	strv_free(&st->target);
	strv_free(&st->runner);
}

static void add_twins(struct stage *st, const char *name, const char *value, bool singularity_too)
{
	strv_addf(&st->runner, "APPTAINER_%s=%s", name, value);
	if (singularity_too)
		strv_addf(&st->runner, "SINGULARITY_%s=%s", name, value);
	if (st->spec->dialect == DIALECT_SIF)
		strv_addf(&st->runner, "SIF_%s=%s", name, value);
}

static const char *base_name(const char *path)
{
	const char *end = path + strlen(path), *start;

	while (end > path + 1 && end[-1] == '/')
		end--;
	start = end;
	while (start > path && start[-1] != '/')
		start--;
	return start;
}

static void runner_variables(struct stage *st)
{
	static const char *const commands[] = { "run", "exec", "shell", "test" };
	const char *command = commands[st->spec->action];
	OWN_FREE char *name = xstrdup(base_name(st->facts->image_path));

	name[strcspn(name, "/")] = '\0';
	add_twins(st, "CONTAINER", st->facts->image_path, true);
	add_twins(st, "NAME", name, true);
	add_twins(st, "BIND", st->facts->bind_list ? st->facts->bind_list : "", true);
	add_twins(st, "COMMAND", command, st->spec->dialect == DIALECT_SINGULARITY);
	add_twins(st, "ENVIRONMENT", "/.singularity.d/env/91-environment.sh", true);
	if (st->spec->app)
		add_twins(st, "APPNAME", st->spec->app, true);
	else if (st->spec->dialect != DIALECT_SIF)
		add_twins(st, "APPNAME", "", false);
	if (st->env->eval == false && st->spec->dialect != DIALECT_SIF)
		strv_add(&st->runner, "SINGULARITY_NO_EVAL=1");
}

static int find_scripts(struct stage *st, struct err *e)
{
	if (image_list_scripts(st->root_fd, "/.singularity.d/env", &st->scripts, e))
		return -1;
	if (st->scripts.n == 0 && image_is_file(st->root_fd, "/environment"))
		strv_add(&st->scripts, "/environment");
	for (size_t i = 0; i < st->scripts.n; i++)
		if (str_ends(st->scripts.v[i], "/99-runtimevars.sh"))
			st->lists_runtimevars = true;
	return 0;
}

/* path, argv and envp of a target whose environment is known. */
static int settle(struct stage *st, struct script_vars *vars, struct action *ret, struct err *e)
{
	bool from_script = st->spec->action == ACTION_RUN && target_resolve(st, vars);

	if (image_find_program(st, script_vars_get(vars, "PATH"), st->target.v[0], from_script, &ret->path, e))
		return -1;
	script_vars_environ(vars, &ret->envp);
	stage_odd_names(st, &ret->envp);
	ret->argv = st->target;
	st->target = (struct strv){};
	return 0;
}

static int make(struct stage *st, struct action *ret, struct err *e)
{
	OWN_SCRIPT_VARS struct script_vars vars = {};
	OWN_FREE char *program = NULL;

	if (find_scripts(st, e) || target_make(st, ret, e))
		return -1;
	if (ret->message)
		return 0;
	runner_variables(st);
	target_prepare(st);
	switch (stage_eval(st, &vars, &ret->message, &ret->status)) {
	case SCRIPT_DONE:
		return settle(st, &vars, ret, e);
	case SCRIPT_EXIT:
		return 0;
	default:
		break;
	}
	if (strchr(st->target.v[0], '/') && image_find_program(st, NULL, st->target.v[0], false, &program, e))
		return -1;
	return stage_by_sh(st, ret, e);
}

int action_make(const struct run_spec *spec, const struct env_facts *facts, const struct env_plan *env,
		int root_fd, struct action *ret, struct err *e)
{
	OWN(stage_free) struct stage st = { .spec = spec, .facts = facts, .env = env, .root_fd = root_fd };
	OWN_ACTION struct action a = {};
	char cwd[PATH_MAX];

	st.cwd = facts->cwd;
	if (!st.cwd)
		st.cwd = getcwd(cwd, sizeof(cwd)) ? cwd : "/";
	if (make(&st, &a, e))
		return -1;
	*ret = a;
	a = (struct action){};
	return 0;
}

/* execve says ENOENT for a script whose interpreter is missing. */
static int explain_missing(const struct action *a, bool ours, struct err *e)
{
	struct err ignored;
	char line[256] = "";
	OWN_FD int fd = fd_open(a->path, O_RDONLY, &ignored);
	ssize_t n = fd < 0 ? 0 : read(fd, line, sizeof(line) - 1);
	char *interp = line + 2;

	e->status = ours ? 127 : 255;
	if (n < 3 || line[0] != '#' || line[1] != '!')
		return -1;
	interp += strspn(interp, " \t");
	interp[strcspn(interp, " \t\n")] = '\0';
	err_set(e, ERR_SYSTEM, "'%s' needs the interpreter '%s', which is not in the image", a->path, interp);
	e->sys = ENOENT;
	e->status = ours ? 126 : 255;
	return -1;
}

static int exec_by_sh(const struct action *a)
{
	OWN_STRV struct strv argv = {};

	strv_add(&argv, "/bin/sh");
	strv_add(&argv, a->path);
	for (size_t i = 1; i < a->argv.n; i++)
		strv_add(&argv, a->argv.v[i]);
	execve("/bin/sh", argv.v, a->envp.v);
	return errno;
}

/* A program for another processor is no text for /bin/sh. */
static int explain_foreign(const struct action *a, struct err *e)
{
	struct err ignored;
	char head[64];
	OWN_FD int fd = fd_open(a->path, O_RDONLY | O_NONBLOCK, &ignored);
	ssize_t n = fd < 0 ? -1 : read(fd, head, sizeof(head));
	const char *arch = n < 0 ? NULL : elf_arch(head, (size_t)n);

	if (!arch || strcmp(arch, sif_arch_host()) == 0)
		return 0;
	err_set(e, ERR_ENVIRONMENT, "'%s' is a program for %s, and this node is %s", a->path, arch, sif_arch_host());
	return err_hint(e, "get the image for %s, or let an administrator register qemu-user for %s with the F flag "
			   "(binfmt_misc)", sif_arch_host(), arch);
}

int action_exec(const struct action *a, enum run_dialect dialect, struct err *e)
{
	static char *const empty[] = { NULL };
	bool ours = dialect == DIALECT_SIF;
	int sys;

	execve(a->path, a->argv.v, a->envp.v ? a->envp.v : empty);
	sys = errno;
	if (sys == ENOEXEC && explain_foreign(a, e)) {
		e->status = ours ? 126 : 255;
		return -1;
	}
	if (sys == ENOEXEC && exec_by_sh(a) == ENOENT)
		sys = ENOEXEC;
	err_sys(e, sys, "cannot run '%s'", a->path);
	if (sys == ENOENT)
		return explain_missing(a, ours, e);
	if (sys == E2BIG)
		err_hint(e, "arguments and environment together are limited; --cleanenv makes room");
	e->status = ours ? 126 : 255;
	return -1;
}

void action_free(struct action *a)
{
	free(a->path);
	free(a->message);
	strv_free(&a->argv);
	strv_free(&a->envp);
	*a = (struct action){};
}
