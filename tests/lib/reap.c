/*
 * reap [-t SECONDS] CMD...: run a command and own everything that it starts.
 *
 * As a child subreaper this process becomes the parent of each orphan among its
 * descendants, however often that one forked, so "nothing is left behind" is a
 * fact and not a guess from names in a process list. When the command has ended
 * its descendants get SECONDS (15) to end by themselves; those that do not are
 * named, killed, and make the status 99. Otherwise the status is the command's.
 *
 * SIF_REAPER in the environment tells the command the process to look under.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LEFT_BEHIND 99

static volatile sig_atomic_t interrupted;

static void on_signal(int sig)
{
	interrupted = sig;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Calls f on each direct child; descendants become children as parents end. */
static int each_child(void (*f)(pid_t))
{
	char path[64];
	FILE *in;
	int pid, n = 0;

	snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
	in = fopen(path, "re");
	if (!in)
		return 0;
	while (fscanf(in, "%d", &pid) == 1) {
		f((pid_t)pid);
		n++;
	}
	fclose(in);
	return n;
}

static void name_child(pid_t pid)
{
	char path[64], line[256] = "";
	size_t n;
	FILE *in;

	snprintf(path, sizeof path, "/proc/%d/cmdline", (int)pid);
	in = fopen(path, "re");
	if (!in)
		return;
	n = fread(line, 1, sizeof line - 1, in);
	fclose(in);
	for (size_t i = 0; i + 1 < n; i++)
		if (!line[i])
			line[i] = ' ';
	fprintf(stderr, "left behind: process %d: %s\n", (int)pid, line);
}

static void kill_child(pid_t pid)
{
	kill(pid, SIGKILL);
}

static void kill_all(void)
{
	while (each_child(kill_child))
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
}

/* Waits until no child is left; 0 when the time has passed before. */
static int all_ended(double deadline)
{
	static const struct timespec nap = { .tv_nsec = 10 * 1000 * 1000 };

	for (;;) {
		pid_t pid = waitpid(-1, NULL, WNOHANG);

		if (pid < 0 && errno == ECHILD)
			return 1;
		if (pid > 0)
			continue;
		if (now() > deadline || interrupted)
			return 0;
		nanosleep(&nap, NULL);
	}
}

static int run(char **argv)
{
	pid_t child = fork();
	int status = 0;

	if (child < 0) {
		perror("fork");
		return 1;
	}
	if (child == 0) {
		char me[16];

		snprintf(me, sizeof me, "%d", (int)getppid());
		setenv("SIF_REAPER", me, 1);
		execvp(argv[0], argv);
		perror(argv[0]);
		_exit(127);
	}
	for (;;) {
		pid_t pid = waitpid(-1, &status, 0);

		if (pid == child)
			return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
		if (interrupted)
			return 128 + interrupted;
		if (pid < 0 && errno != EINTR)
			return 1;
	}
}

int main(int argc, char **argv)
{
	struct sigaction act = { .sa_handler = on_signal };
	double grace = 15;
	int code;

	if (argc > 2 && !strcmp(argv[1], "-t")) {
		grace = atof(argv[2]);
		argv += 2;
		argc -= 2;
	}
	if (argc < 2) {
		fprintf(stderr, "usage: reap [-t SECONDS] CMD...\n");
		return 2;
	}
	sigaction(SIGTERM, &act, NULL);
	sigaction(SIGINT, &act, NULL);
	if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0) {
		perror("prctl");
		return 1;
	}
	code = run(argv + 1);
	if (all_ended(now() + (interrupted ? 0 : grace)))
		return code;
	if (!interrupted)
		each_child(name_child);
	kill_all();
	return interrupted ? code : LEFT_BEHIND;
}
