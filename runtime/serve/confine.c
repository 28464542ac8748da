/* What the server gives up and what it must not inherit.
 *
 * It is started by the first comer, who may be a rank bound to one core, under
 * a batch system's limits, about to be sent signals that mean the job; it serves
 * whoever uses the mount, until the last one is gone. */
#include "runtime/serve/serve.h"

#include "base/log.h"

#include <errno.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define MEBI (1024ull * 1024)

/* scancel and a terminal's hang-up reach every process of a job; one that traps
 * SIGTERM to write a checkpoint still needs its root file system. Faults stay as
 * they are: a server that is wrong must not go on. Then unblock everything: the
 * launch blocked all signals until here. */
static void ignore_signals(void)
{
	static const int faults[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGSYS };
	/* What rt_sigaction(2) takes: the handler stands first, the rest is zero. By
	 * system call, since libc keeps two signals for itself (32, 33) and refuses
	 * to ignore them, which leaves them deadly. */
	const struct { void (*handler)(int); unsigned long rest[7]; } ignore = { .handler = SIG_IGN };
	sigset_t none;

	for (int sig = 1; sig <= SIGRTMAX; sig++) {
		bool fault = false;

		for (size_t i = 0; i < ARRAY_SIZE(faults); i++)
			fault |= sig == faults[i];
		if (!fault)
			syscall(SYS_rt_sigaction, sig, &ignore, NULL, _NSIG / 8); /* not KILL, STOP */
	}
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* The caller's limits are meant for its program. A hard limit stays the bound. */
static void set_limit(int which, rlim_t soft, rlim_t hard)
{
	struct rlimit now;

	if (getrlimit(which, &now))
		return;
	if (hard > now.rlim_max)
		hard = now.rlim_max;
	if (soft > hard)
		soft = hard;
	if (setrlimit(which, &(struct rlimit){ .rlim_cur = soft, .rlim_max = hard }))
		log_debug("cannot set limit %d: %s", which, err_text(errno));
}

static void set_limits(void)
{
	set_limit(RLIMIT_CORE, 0, 0);
	set_limit(RLIMIT_NOFILE, 16384, 16384); /* one for each launch that shares */
	set_limit(RLIMIT_CPU, RLIM_INFINITY, RLIM_INFINITY);
	set_limit(RLIMIT_FSIZE, 16 * MEBI, 16 * MEBI); /* only the log is written */
#ifndef WITH_SANITIZERS
	/* Block cache, metadata and stacks are below a tenth of it; a bound for
	 * what nobody thought of. */
	set_limit(RLIMIT_AS, 4096 * MEBI, 4096 * MEBI);
#endif
}

static int drop_privileges(struct err *e)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return err_sys(e, errno, "cannot give up new privileges");
	if (syscall(SYS_capset, &head, none))
		return err_sys(e, errno, "cannot drop capabilities");
	/* Nobody of the same user may attach to the server and change what others
	 * read; and no core file of it has an image's bytes. */
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
		return err_sys(e, errno, "cannot make the server unreadable");
	return 0;
}

int serve_confine(struct err *e)
{
	ignore_signals();
	set_limits();
	syscall(SYS_set_mempolicy, 0 /* MPOL_DEFAULT */, NULL, 0);
	umask(077);
	return drop_privileges(e);
}
