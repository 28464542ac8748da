#include "runtime/server/log.h"

#include "base/mem.h"
#include "base/own.h"

#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#define LOG_MAX (1 << 20) /* bytes kept */

/* Every directory on the way to path. */
static void make_directories(char *path)
{
	for (char *p = path + 1; (p = strchr(p, '/')); p++) {
		*p = '\0';
		mkdir(path, 0700);
		*p = '/';
	}
}

static const char *state_home(void)
{
	const char *state = getenv("XDG_STATE_HOME");

	return state && state[0] == '/' ? state : NULL;
}

char *server_log_path(const char *home)
{
	const char *state = state_home();

	return state ? xasprintf("%s/sif/server.log", state) : xasprintf("%s/.local/state/sif/server.log", home);
}

/* sudo may leave HOME to a process of another user, who must make nothing there
 * and follow none of its links. */
static bool is_foreign(const char *dir)
{
	struct stat st;

	return stat(dir, &st) == 0 && st.st_uid != geteuid() && st.st_uid != 0;
}

int server_log_open(const char *home)
{
	OWN_FREE char *path = server_log_path(home);
	const int flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
	OWN_FD int fd = -1;
	struct stat st;

	if (is_foreign(state_home() ? state_home() : home))
		return -1;
	fd = open(path, flags, 0600);
	if (fd < 0 && errno == ENOENT) {
		make_directories(path);
		fd = open(path, flags, 0600);
	}
	if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode))
		return -1;
	if (st.st_size > LOG_MAX && ftruncate(fd, 0))
		return -1;
	return TAKE_FD(fd);
}
