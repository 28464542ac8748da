/* sif optimize: run the command with a record, then let sif-pack write the image.
 * The record is a file in memory, which the image server fills
 * (runtime/serve/record.h); both ends get its descriptor. */
#include "base/fd.h"
#include "base/mem.h"
#include "base/spawn.h"
#include "cmd/command.h"
#include "cmd/optimize.h"
#include "cmd/out.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

COMMAND_RUN(optimize_main);
COMMAND_RUN(run_main);

struct optimize {
	struct optimize_options o;
	const char *in, *out;
	char *const *command; /* and its words, to the NULL */
	int n;
};

static int take_words(struct optimize *z, int argc, char *const argv[], struct err *e)
{
	int index = 1, at;

	if (opt_parse(optimize_options, argc, argv, &index, &z->o, e))
		return -1;
	at = index + 2;
	if (at < argc && strcmp(argv[at], "--") == 0)
		at++;
	if (at >= argc) {
		err_set(e, ERR_USAGE, argc - index < 2 ? "which images, old and new?" : "which command is to be run?");
		return err_hint(e, "sif optimize IN.sif OUT.sif -- COMMAND");
	}
	z->in = argv[index];
	z->out = argv[index + 1];
	z->command = argv + at;
	z->n = argc - at;
	return 0;
}

/* Before a command has run for an hour. */
static int check_files(const struct optimize *z, struct err *e)
{
	struct stat st;

	if (stat(z->in, &st))
		return err_sys(e, errno, "image '%s'", z->in);
	if (!S_ISREG(st.st_mode)) {
		err_set(e, ERR_USAGE, "'%s' is not a file", z->in);
		return err_hint(e, "make an image of a directory first: sif build");
	}
	if (stat(z->out, &st) == 0 && !z->o.force) {
		err_set(e, ERR_USAGE, "'%s' exists already", z->out);
		return err_hint(e, "use --force to replace it");
	}
	return 0;
}

/* sif exec --record-fd FD IN COMMAND..., in this process. Does not return. */
_Noreturn static void run_command(const struct invocation *inv, const struct optimize *z, int record_fd)
{
	char **argv = xcalloc((size_t)z->n + 5, sizeof(*argv));
	struct err e = {};
	int status;

	argv[0] = xstrdup("exec");
	argv[1] = xstrdup("--record-fd");
	argv[2] = xasprintf("%d", record_fd);
	argv[3] = xstrdup(z->in);
	for (int i = 0; i < z->n; i++)
		argv[4 + i] = z->command[i];
	status = run_main(inv, 4 + z->n, argv, &e);
	if (status < 0) {
		out_error(&e);
		status = out_status(inv, &e, true);
	}
	fflush(stdout);
	_exit(status);
}

/* As a shell does it: keys that end a program end the command, not us. */
static int record(const struct invocation *inv, const struct optimize *z, int record_fd, struct err *e)
{
	const struct sigaction ignore = { .sa_handler = SIG_IGN };
	struct sigaction interrupt, quit;
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid < 0)
		return err_sys(e, errno, "cannot start the command");
	if (pid == 0)
		run_command(inv, z, record_fd);
	sigaction(SIGINT, &ignore, &interrupt);
	sigaction(SIGQUIT, &ignore, &quit);
	status = child_wait(pid, e);
	sigaction(SIGINT, &interrupt, NULL);
	sigaction(SIGQUIT, &quit, NULL);
	if (status <= 0)
		return status;
	err_set(e, ERR_USAGE, "'%s' was not written: the command ended with status %d", z->out, status);
	e->status = status;
	return -1;
}

static int check_record(const struct optimize *z, int record_fd, struct err *e)
{
	struct stat st;

	if (fstat(record_fd, &st))
		return err_sys(e, errno, "cannot read the record of the run");
	if (st.st_size)
		return 0;
	err_set(e, ERR_ENVIRONMENT, "'%s' was not written: nothing was read through the image server", z->out);
	return err_hint(e, "images are served where /dev/fuse may be used, and without --unsquash");
}

static int repack(const struct optimize *z, int record_fd, struct err *e)
{
	char program[] = "sif-pack", quiet[] = "-q", word[] = "repack", fd_word[] = "--record-fd", force[] = "--force";
	OWN_FREE char *fd = xasprintf("%d", record_fd);
	OWN_FREE char *in = xstrdup(z->in);
	OWN_FREE char *out = xstrdup(z->out);
	char *argv[9] = { program };
	size_t n = 1;

	if (fcntl(record_fd, F_SETFD, 0))
		return err_sys(e, errno, "cannot pass on the record of the run");
	if (z->o.quiet)
		argv[n++] = quiet;
	argv[n++] = word;
	argv[n++] = fd_word;
	argv[n++] = fd;
	if (z->o.force)
		argv[n++] = force;
	argv[n++] = in;
	argv[n++] = out;
	return helper_exec(program, argv, e);
}

int optimize_main(const struct invocation *inv, int argc, char *const argv[], struct err *e)
{
	struct optimize z = { .o.quiet = inv->quiet };
	OWN_FD int record_fd = -1;

	if (take_words(&z, argc, argv, e) || check_files(&z, e))
		return -1;
	record_fd = memfd_create("record", MFD_CLOEXEC);
	if (record_fd < 0)
		return err_sys(e, errno, "cannot keep a record");
	if (record(inv, &z, record_fd, e) || check_record(&z, record_fd, e))
		return -1;
	return repack(&z, record_fd, e);
}
