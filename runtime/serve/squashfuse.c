/* Theory of operation. Two processes for one mount: this one listens, counts the
 * launches and holds their namespace (life.c); its child has the device and the
 * image and nothing else, so that the mount's life is decided as with the own
 * reader: the kernel says ENODEV when the last mount is gone, the child ends,
 * and this process with it. Killed, the child takes the device along and readers
 * get an error. When this process is killed the child serves on, until nobody is
 * in the mount any more.
 *
 * libfuse takes "/dev/fd/N" for a mount point as a device that is mounted
 * already (fuse(8)). Its handlers for signals replace only those that are
 * neither handled nor ignored: what serve_confine ignores stays ignored. */
#include "runtime/serve/squashfuse.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

enum { IMAGE = 3, DEVICE = 4, END = 5 }; /* its descriptors */

/* Between fork and exec: no allocation. The descriptors may stand in each
 * other's places. */
static int arrange(const struct squashfuse *s)
{
	int image = fcntl(s->image_fd, F_DUPFD_CLOEXEC, END), device = fcntl(s->device_fd, F_DUPFD_CLOEXEC, END);

	if (image < 0 || device < 0 || dup2(s->log_fd, STDERR_FILENO) < 0 || dup2(image, IMAGE) < 0 || dup2(device, DEVICE) < 0)
		return -1;
	/* Above all the namespaces: held here they would keep the mount for ever. */
	return close_range(END, ~0u, 0);
}

_Noreturn static void become(const struct squashfuse *s, char *options)
{
	static char program[] = "squashfuse_ll", foreground[] = "-f", o[] = "-o", image[] = "/proc/self/fd/3",
		    device[] = "/dev/fd/4";
	char *const argv[] = { program, foreground, o, options, image, device, NULL };

	_Static_assert(IMAGE == 3 && DEVICE == 4, "the names above");
	if (arrange(s) == 0)
		execve(s->path, argv, environ);
	dprintf(STDERR_FILENO, "cannot run '%s': %s\n", s->path, strerrordesc_np(errno));
	_exit(127);
}

pid_t squashfuse_start(const struct squashfuse *s, struct err *e)
{
	char options[48];
	pid_t pid;

	snprintf(options, sizeof(options), "offset=%llu", (unsigned long long)s->offset);
	signal(SIGCHLD, SIG_DFL); /* ignored, it would take the child's status away */
	pid = fork();
	if (pid == 0)
		become(s, options);
	return pid < 0 ? err_sys(e, errno, "cannot start '%s'", s->path) : pid;
}

int squashfuse_wait(pid_t pid, struct err *e)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return err_sys(e, errno, "cannot wait for squashfuse_ll");
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (WIFSIGNALED(status))
		err_set(e, ERR_SYSTEM, "squashfuse_ll was killed by signal %d", WTERMSIG(status));
	else
		err_set(e, ERR_SYSTEM, "squashfuse_ll ended with status %d", WEXITSTATUS(status));
	return err_hint(e, "what it said is in the server's log: sif mounts --log");
}

uint64_t squashfuse_memory(pid_t pid)
{
	char path[64];
	OWN_FILE FILE *f = NULL;
	unsigned long long pages;

	snprintf(path, sizeof(path), "/proc/%d/statm", (int)pid);
	f = fopen(path, "re");
	return f && fscanf(f, "%*u %llu", &pages) == 1 ? pages * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
}
