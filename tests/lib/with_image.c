/* with_image [-o OFFSET] [-l LOG] [-t] IMAGE DIRECTORY COMMAND [ARGUMENT...]
 *
 * Runs COMMAND, in this process, with the SquashFS of IMAGE mounted at DIRECTORY
 * by our image server, in new user and mount namespaces: the part of a launch
 * that the server's tests and benchmarks need, and no more.
 * -t prints how long each step took. Exit status 125 is a failure of this
 * program, else COMMAND's. */
#include "base/err.h"
#include "base/fd.h"
#include "base/num.h"
#include "runtime/server/server.h"

#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

static bool timing;

static void step(const char *what)
{
	static struct timespec before;
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (timing && before.tv_sec)
		dprintf(STDERR_FILENO, "%8.3f ms %s\n",
			(double)(now.tv_sec - before.tv_sec) * 1e3 + (double)(now.tv_nsec - before.tv_nsec) / 1e6,
			what);
	before = now;
}

static int write_map(const char *path, const char *fmt, unsigned id, struct err *e)
{
	OWN_FD int fd = fd_open(path, O_WRONLY, e);
	char text[64];

	if (fd < 0)
		return -1;
	snprintf(text, sizeof(text), "%u %u 1", id, id);
	return fd_write_full(fd, fmt ? fmt : text, strlen(fmt ? fmt : text), path, e);
}

static int enter_namespaces(struct err *e)
{
	uid_t uid = getuid();
	gid_t gid = getgid();

	if (unshare(CLONE_NEWUSER | CLONE_NEWNS))
		return err_sys(e, errno, "cannot make namespaces");
	if (write_map("/proc/self/setgroups", "deny", 0, e) || write_map("/proc/self/uid_map", NULL, uid, e) ||
	    write_map("/proc/self/gid_map", NULL, gid, e))
		return -1;
	if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL))
		return err_sys(e, errno, "cannot change the propagation of mounts");
	step("namespaces");
	return 0;
}

static int mount_image(struct server_request *rq, struct server_link *link, const char *directory, struct err *e)
{
	OWN_FD int mount_fd = server_mount(rq, link, e);
	struct stat st;

	if (mount_fd < 0)
		return -1;
	step("server_mount");
	if (move_mount(mount_fd, "", AT_FDCWD, directory, MOVE_MOUNT_F_EMPTY_PATH))
		return err_sys(e, errno, "cannot mount on '%s'", directory);
	step("move_mount");
	/* Waits for the server; its own words are better than ENOTCONN. */
	if (server_wait(link, e))
		return -1;
	step("report");
	if (stat(directory, &st))
		return err_sys(e, errno, "cannot use '%s'", directory);
	step("first access");
	return 0;
}

static int run(int argc, char **argv, struct err *e)
{
	OWN_SERVER_LINK struct server_link link = SERVER_LINK_INIT;
	struct server_request rq = { .image_fd = -1, .log_fd = -1, .record_fd = -1, .uid = getuid(), .gid = getgid() };
	struct cpus comer;
	struct stat st;
	int opt;

	while ((opt = getopt(argc, argv, "+o:l:t")) != -1)
		switch (opt) {
		case 'o':
			if (num_u64(optarg, &rq.offset, e))
				return -1;
			break;
		case 'l':
			rq.log_fd = open(optarg, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
			if (rq.log_fd < 0)
				return err_sys(e, errno, "cannot open '%s'", optarg);
			break;
		case 't':
			timing = true;
			break;
		default:
			return err_set(e, ERR_USAGE, "unknown option");
		}
	argv += optind;
	if (argc - optind < 3)
		return err_set(e, ERR_USAGE, "with_image [-o OFFSET] [-l LOG] [-t] IMAGE DIRECTORY COMMAND...");
	step("");
	rq.name = argv[0];
	rq.image_fd = fd_open(argv[0], O_RDONLY, e);
	if (rq.image_fd < 0)
		return -1;
	if (fstat(rq.image_fd, &st) || (uint64_t)st.st_size < rq.offset)
		return err_set(e, ERR_USAGE, "'%s' is too short", argv[0]);
	rq.size = (uint64_t)st.st_size - rq.offset;
	if (cpus_get(0, &comer) == 0)
		rq.comer = &comer;
	if (server_find(&rq, &link, e))
		return -1;
	step("server_find");
	if (enter_namespaces(e) || mount_image(&rq, &link, argv[1], e))
		return -1;
	execvp(argv[2], argv + 2);
	return err_sys(e, errno, "cannot run '%s'", argv[2]);
}

int main(int argc, char **argv)
{
	struct err e = {};

	run(argc, argv, &e);
	dprintf(STDERR_FILENO, "with_image: error[%s]: %s\n%s%s%s", err_kind_name(e.kind), e.msg,
		e.hint[0] ? "hint: " : "", e.hint, e.hint[0] ? "\n" : "");
	return 125;
}
