/* Theory of operation
 *
 * Three processes: the parent, which the caller started and waits for; process
 * 1 of the new pid namespace; the program. All signals that can be are blocked
 * in the first two and taken with sigwaitinfo(2), so that none is lost and none
 * interrupts a call.
 *
 * A signal sent to the parent is passed to process 1 by sigqueue-like means,
 * and by process 1 to the program. Process 1 passes on only what came that way:
 * keys of the terminal reach the program directly, as it is in the same process
 * group. The stop signals of the terminal are not blocked in the parent: it
 * stops with its program, and the shell sees it.
 *
 * When the program ends, process 1 exits and the kernel kills what is left in
 * the namespace. When the parent is killed, process 1 is (PR_SET_PDEATHSIG). */
#include "runtime/init.h"

#include "base/sys.h"
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

static sigset_t caller_mask;

static void block_signals(void)
{
	static const int not_ours[] = { SIGTSTP, SIGTTIN, SIGTTOU, SIGCONT, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT };
	sigset_t all;

	sigfillset(&all);
	for (size_t i = 0; i < ARRAY_SIZE(not_ours); i++)
		sigdelset(&all, not_ours[i]);
	sigprocmask(SIG_SETMASK, &all, &caller_mask);
}

static void pass_on(pid_t pid, int sig)
{
	sigqueue(pid, sig, (union sigval){ 0 });
}

static int exit_status(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Until pid ends. only_queued: pass on what was queued, not what was sent
 * directly. Children besides pid are reaped. */
static int attend(pid_t pid, bool only_queued)
{
	sigset_t all;

	sigfillset(&all);
	for (;;) {
		siginfo_t si;
		int status, sig = sigwaitinfo(&all, &si);
		pid_t ended;

		if (sig < 0)
			continue;
		if (sig != SIGCHLD) {
			if (only_queued ? si.si_code == SI_QUEUE : si.si_code <= 0)
				pass_on(pid, sig);
			continue;
		}
		while ((ended = waitpid(-1, &status, WNOHANG)) > 0)
			if (ended == pid)
				return exit_status(status);
	}
}

int init_begin(int *ret_report, int *ret_status, struct err *e)
{
	if (unshare(CLONE_NEWPID))
		return err_sys(e, errno, "cannot make a pid namespace");
	return init_follow(ret_report, ret_status, e);
}

int init_follow(int *ret_report, int *ret_status, struct err *e)
{
	OWN_FD int reads = -1, writes = -1;
	int p[2], received;
	pid_t pid;

	if (pipe2(p, O_CLOEXEC))
		return err_sys(e, errno, "cannot make a pipe");
	reads = p[0];
	writes = p[1];
	block_signals();
	pid = fork();
	if (pid < 0) {
		err_sys(e, errno, "cannot start a process");
		init_skip();
		return -1;
	}
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		*ret_report = TAKE_FD(writes);
		return 0;
	}
	own_fd_(&writes);
	received = err_recv(reads, e);
	*ret_status = attend(pid, false);
	return received == 1 ? 1 : -1;
}

int init_run(struct err *e)
{
	pid_t pid = fork();

	if (pid < 0)
		return err_sys(e, errno, "cannot start a process");
	if (pid == 0) {
		init_skip();
		return 0;
	}
	/* The program alone holds the report pipe, until its exec. */
	close_range(3, ~0U, 0);
	prctl(PR_SET_NAME, "sif-init");
	_exit(attend(pid, true));
}

void init_skip(void)
{
	sigprocmask(SIG_SETMASK, &caller_mask, NULL);
}
