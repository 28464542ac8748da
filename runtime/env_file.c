/* --env-file: a file of NAME=value lines, which Apptainer lets a shell
 * evaluate with the host's environment. So do we: here when the file keeps to
 * the closed forms (runtime/script.h), else in the host's /bin/sh. */
#include "runtime/env.h"

#include "base/fd.h"
#include "base/mem.h"
#include "base/spawn.h"
#include "runtime/script.h"

#include <fcntl.h>
#include <spawn.h>
#include <string.h>

enum { OUTPUT_MAX = 8 << 20 };

static bool is_shells_own(const char *name)
{
	static const char *const names[] = { "_", "SHLVL", "PWD", "OLDPWD" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

/* Entries of the NUL-separated block that are new or differ from before. */
static void add_changes(struct strv *ret, const char *block, size_t len, const struct script_vars *before)
{
	for (const char *p = block, *end = block + len; p < end; p += strlen(p) + 1) {
		const char *eq = strchr(p, '='), *old;
		OWN_FREE char *name = NULL;

		if (!eq || !script_is_name(p, (size_t)(eq - p)))
			continue;
		name = xstrndup(p, (size_t)(eq - p));
		old = script_vars_get(before, name);
		if (!is_shells_own(name) && (!old || strcmp(old, eq + 1) != 0))
			strv_add(ret, p);
	}
}

/* Start sh with its standard output in *ret_fd. */
static int start_sh(char *const argv[], char *const envp[], int *ret_fd, pid_t *ret_pid, struct err *e)
{
	posix_spawn_file_actions_t acts;
	int pipe_fd[2], r;

	if (pipe2(pipe_fd, O_CLOEXEC) < 0)
		return err_sys(e, errno, "cannot make a pipe");
	posix_spawn_file_actions_init(&acts);
	posix_spawn_file_actions_adddup2(&acts, pipe_fd[1], 1);
	r = posix_spawn(ret_pid, argv[0], &acts, NULL, argv, envp);
	posix_spawn_file_actions_destroy(&acts);
	close(pipe_fd[1]);
	if (r) {
		close(pipe_fd[0]);
		return err_sys(e, r, "cannot run '%s'", argv[0]);
	}
	*ret_fd = pipe_fd[0];
	return 0;
}

static int read_by_sh(const char *path, char *const environ_[], const struct script_vars *before,
		      struct strv *ret, struct err *e)
{
	/* what the file prints is shown, but is no part of the answer */
	static const char script[] = "set -a; . \"$0\" >&2 || exit; exec cat /proc/self/environ";
	OWN_FREE char *file = xasprintf("%s%s", strchr(path, '/') ? "" : "./", path);
	OWN_FREE char *block = NULL;
	OWN_FD int fd = -1;
	char *argv[] = { xstrdup("/bin/sh"), xstrdup("-c"), xstrdup(script), file, NULL };
	size_t len = 0;
	pid_t pid;
	int status, r = start_sh(argv, environ_, &fd, &pid, e);

	for (size_t i = 0; i < 3; i++)
		free(argv[i]);
	if (r)
		return -1;
	r = fd_read_all(fd, OUTPUT_MAX, path, &block, &len, e);
	own_fd_(&fd);
	status = child_wait(pid, r ? &(struct err){} : e);
	if (r || status < 0)
		return -1;
	if (status > 0) {
		err_set(e, ERR_USAGE, "'%s' cannot be evaluated: sh ended with status %d", path, status);
		return err_hint(e, "it is read as a shell reads it; quote values that contain blanks");
	}
	add_changes(ret, block, len, before);
	return 0;
}

int env_file_read(const char *path, char *const environ_[], struct strv *ret, struct err *e)
{
	OWN_SCRIPT struct script s = SCRIPT_INIT;
	OWN_FREE char *text = NULL;
	size_t len;

	if (fd_read_file(path, SCRIPT_TEXT_MAX, &text, &len, e))
		return err_ctx(e, "reading the environment file");
	s.fresh_shell = true;
	script_vars_import(&s.vars, environ_);
	if (script_eval(&s, text, len) != SCRIPT_DONE || s.out.len) {
		OWN_SCRIPT_VARS struct script_vars before = {};

		script_vars_import(&before, environ_);
		return read_by_sh(path, environ_, &before, ret, e);
	}
	for (size_t i = 0; i < s.vars.n; i++)
		if (s.vars.v[i].assigned && s.vars.v[i].value)
			strv_addf(ret, "%s=%s", s.vars.v[i].name, s.vars.v[i].value);
	return 0;
}
