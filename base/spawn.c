#include "base/spawn.h"

#include "base/mem.h"

#include <limits.h>
#include <string.h>
#include <sys/wait.h>

static char self[PATH_MAX]; /* directory of this program, with a '/' behind; "" = not asked yet */

/* Asked once: the kernel forgets the path when the mount that the program came
 * through is gone, as it is after leaving the only mount namespace that had it. */
int helper_remember(struct err *e)
{
	ssize_t n;
	char *slash;

	if (self[0])
		return 0;
	n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (n < 0)
		return err_sys(e, errno, "cannot find this program's own place");
	self[n] = '\0';
	slash = strrchr(self, '/');
	if (!slash) {
		self[0] = '\0';
		return err_set(e, ERR_BUG, "this program's own place has no '/'");
	}
	slash[1] = '\0';
	return 0;
}

int helper_path(const char *name, char **ret, struct err *e)
{
	static const char *const places[] = { "../libexec/sif/", "" };

	if (helper_remember(e))
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		OWN_FREE char *path = xasprintf("%s%s%s", self, places[i], name);

		if (access(path, X_OK) == 0) {
			*ret = TAKE_PTR(path);
			return 0;
		}
	}
	err_set(e, ERR_ENVIRONMENT, "the helper program '%s' is missing", name);
	return err_hint(e, "it belongs in '%s../libexec/sif'; install sif again", self);
}

int helper_exec(const char *name, char *const argv[], struct err *e)
{
	OWN_FREE char *path = NULL;

	if (helper_path(name, &path, e))
		return -1;
	execv(path, argv);
	return err_sys(e, errno, "cannot run '%s'", path);
}

int child_wait(pid_t pid, struct err *e)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return err_sys(e, errno, "cannot wait for a child");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
