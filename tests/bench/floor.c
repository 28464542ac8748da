/*
 * floor [-B SOURCE:TARGET]... ROOT CMD...: the least that any unprivileged launch
 * must do, and nothing else, as the measure beside which launches are shown.
 *
 * A user and a mount namespace, the root bound from a directory, the binds of the
 * caller's list (recursive, made beforehand, so no mount point is ever created),
 * pivot_root, the old root detached, exec in the same process.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MAX_BINDS 64

static void must(int rc, const char *what, const char *name)
{
	if (rc >= 0)
		return;
	fprintf(stderr, "floor: %s '%s': %s\n", what, name, strerror(errno));
	exit(125);
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	must(fd, "open", path);
	must((int)write(fd, text, strlen(text)), "write", path);
	close(fd);
}

static void enter_namespaces(void)
{
	unsigned int uid = getuid(), gid = getgid();
	char map[64];

	must(unshare(CLONE_NEWUSER | CLONE_NEWNS), "unshare", "user and mount namespace");
	write_file("/proc/self/setgroups", "deny");
	snprintf(map, sizeof map, "%u %u 1", uid, uid);
	write_file("/proc/self/uid_map", map);
	snprintf(map, sizeof map, "%u %u 1", gid, gid);
	write_file("/proc/self/gid_map", map);
	must(mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL), "mount", "/");
}

int main(int argc, char **argv)
{
	char *binds[MAX_BINDS];
	int n = 0, opt;

	while ((opt = getopt(argc, argv, "+B:")) == 'B')
		if (n < MAX_BINDS)
			binds[n++] = optarg;
	argv += optind;
	if (opt != -1 || argc - optind < 2) {
		fprintf(stderr, "usage: floor [-B SOURCE:TARGET]... ROOT CMD...\n");
		return 125;
	}
	enter_namespaces();
	must(mount(argv[0], argv[0], NULL, MS_BIND | MS_REC, NULL), "bind", argv[0]);
	for (int i = 0; i < n; i++) {
		char *colon = strchr(binds[i], ':');
		char target[4096];

		if (!colon)
			must((errno = EINVAL, -1), "bind", binds[i]);
		*colon = '\0';
		snprintf(target, sizeof target, "%s%s", argv[0], colon + 1);
		must(mount(binds[i], target, NULL, MS_BIND | MS_REC, NULL), "bind", binds[i]);
	}
	must(chdir(argv[0]), "chdir", argv[0]);
	must((int)syscall(SYS_pivot_root, ".", "."), "pivot_root", argv[0]);
	must(umount2(".", MNT_DETACH), "umount", "the old root");
	must(chdir("/"), "chdir", "/");
	execv(argv[1], argv + 1);
	must(-1, "exec", argv[1]);
}
