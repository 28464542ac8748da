/* Theory of operation: the asking process writes a record for each answer as it
 * comes, and the launch reads records until the end of file or the deadline, when
 * it kills that process: what was answered until then counts. A record is a
 * struct head and its texts, each with its NUL. */
#include "runtime/account.h"

#include "base/mem.h"
#include "base/num.h"
#include "base/spawn.h"
#include "base/str.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#define TEXTS_MAX 4 /* user, gecos, home, shell; of a group its name */

const struct account_source account_host = {
	.passwd = "/etc/passwd",
	.group = "/etc/group",
	.deadline_ms = ACCOUNT_DEADLINE_MS,
};

void account_free(struct account *a)
{
	char **const texts[] = { &a->user, &a->gecos, &a->home, &a->shell };

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		own_free_(texts[i]);
	for (size_t i = 0; i < a->n_groups; i++)
		free(a->group_names[i]);
	free(a->group_names);
	*a = (struct account){};
}

/* ---- the files ---- */

static void take_user(struct account *a, const char *const texts[TEXTS_MAX])
{
	if (a->user)
		return;
	a->user = xstrdup(texts[0]);
	a->gecos = xstrdup(texts[1]);
	a->home = xstrdup(texts[2]);
	a->shell = xstrdup(texts[3]);
}

static void user_texts(const struct passwd *pw, const char *ret[TEXTS_MAX])
{
	ret[0] = pw->pw_name;
	ret[1] = pw->pw_gecos ? pw->pw_gecos : "";
	ret[2] = pw->pw_dir ? pw->pw_dir : "";
	ret[3] = pw->pw_shell ? pw->pw_shell : "";
}

static void read_passwd(const struct account_source *from, uid_t uid, struct account *ret)
{
	OWN_FILE FILE *f = fopen(from->passwd, "re");
	const char *texts[TEXTS_MAX];
	const struct passwd *pw;

	while (f && !ret->user && (pw = fgetpwent(f)))
		if (pw->pw_uid == uid) {
			user_texts(pw, texts);
			take_user(ret, texts);
		}
}

static void read_group(const struct account_source *from, const gid_t *gids, struct account *ret)
{
	OWN_FILE FILE *f = fopen(from->group, "re");
	size_t missing = ret->n_groups;
	const struct group *gr;

	while (f && missing && (gr = fgetgrent(f)))
		for (size_t i = 0; i < ret->n_groups; i++)
			if (gids[i] == gr->gr_gid && !ret->group_names[i]) {
				ret->group_names[i] = xstrdup(gr->gr_name);
				missing--;
			}
}

char *account_local_home(const struct account_source *from, uid_t uid)
{
	OWN_ACCOUNT struct account a = {};

	read_passwd(from, uid, &a);
	return TAKE_PTR(a.home);
}

/* ---- the name service ---- */

#define OF_USER UINT_MAX

struct head {
	unsigned about; /* OF_USER or a group's place in the list */
	unsigned n;	/* texts */
};

/* In the asking process. A reader that is gone ends it by SIGPIPE. */
static void send_record(int fd, unsigned about, const char *const *texts, unsigned n)
{
	const struct head head = { .about = about, .n = n };
	OWN_STR struct str out = {};
	ssize_t done;

	str_addn(&out, &head, sizeof(head));
	for (unsigned i = 0; i < n; i++)
		str_addn(&out, texts[i], strlen(texts[i]) + 1);
	for (size_t at = 0; at < out.len; at += (size_t)done) {
		done = write(fd, out.s + at, out.len - at);
		if (done < 0)
			_exit(1);
	}
}

/* argv of the helper: "-" where nothing is asked. */
enum { ASK_PROGRAM, ASK_USER, ASK_GROUPS };

_Noreturn static void ask_helper(uid_t uid, const gid_t *gids, const struct account *known, int fd)
{
	OWN_STRV struct strv words = {};
	struct err e;

	strv_add(&words, "sif-account");
	if (known->user)
		strv_add(&words, "-");
	else
		strv_addf(&words, "%u", uid);
	for (size_t i = 0; i < known->n_groups; i++) {
		if (known->group_names[i])
			strv_add(&words, "-");
		else
			strv_addf(&words, "%u", gids[i]);
	}
	strv_take(&words, NULL);
	if (dup2(fd, STDOUT_FILENO) >= 0)
		helper_exec("sif-account", words.v, &e);
	_exit(1);
}

static void answer_user(int fd, const struct passwd *pw)
{
	const char *texts[TEXTS_MAX];

	if (pw) {
		user_texts(pw, texts);
		send_record(fd, OF_USER, texts, TEXTS_MAX);
	}
}

static void answer_group(int fd, size_t place, const struct group *gr)
{
	if (gr)
		send_record(fd, (unsigned)place, (const char *const *)&gr->gr_name, 1);
}

int account_answer(int argc, char *const argv[], struct passwd *(*get_user)(uid_t uid),
		   struct group *(*get_group)(gid_t gid))
{
	struct err e;
	uint32_t id;

	for (int i = ASK_USER; i < argc; i++) {
		if (num_u32(argv[i], &id, &e))
			continue;
		if (i == ASK_USER)
			answer_user(STDOUT_FILENO, get_user(id));
		else
			answer_group(STDOUT_FILENO, (size_t)(i - ASK_GROUPS), get_group(id));
	}
	return 0;
}

_Noreturn static void ask(const struct account_source *from, uid_t uid, const gid_t *gids, const struct account *known,
			  int fd)
{
	if (!from->get_user)
		ask_helper(uid, gids, known, fd);
	if (!known->user)
		answer_user(fd, from->get_user(uid));
	for (size_t i = 0; i < known->n_groups; i++)
		if (!known->group_names[i])
			answer_group(fd, i, from->get_group(gids[i]));
	_exit(0);
}

static int left_ms(const struct timespec *start, int limit)
{
	struct timespec now;
	long gone;

	clock_gettime(CLOCK_MONOTONIC, &now);
	gone = (now.tv_sec - start->tv_sec) * 1000 + (now.tv_nsec - start->tv_nsec) / 1000000;
	return gone < limit ? limit - (int)gone : 0;
}

/* All that comes before the end or the deadline; false = the deadline. */
static bool collect(int fd, int limit, struct str *ret)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	struct timespec start;
	char buf[4096];

	clock_gettime(CLOCK_MONOTONIC, &start);
	for (;;) {
		int left = left_ms(&start, limit), ready = poll(&p, 1, left);
		ssize_t n;

		if (ready == 0 || (ready < 0 && errno != EINTR))
			return false;
		if (ready < 0)
			continue;
		n = read(fd, buf, sizeof(buf));
		if (n == 0 || (n < 0 && errno != EINTR))
			return true;
		if (n > 0)
			str_addn(ret, buf, (size_t)n);
	}
}

/* The whole records; one that was cut off by the deadline does not count. */
static void take_records(const struct str *in, struct account *ret)
{
	struct head head;

	for (size_t at = 0; in->len - at >= sizeof(head);) {
		const char *texts[TEXTS_MAX];

		memcpy(&head, in->s + at, sizeof(head));
		at += sizeof(head);
		/* A module of the name service wrote into it, too. */
		if (head.n != (head.about == OF_USER ? TEXTS_MAX : 1))
			return;
		for (unsigned i = 0; i < head.n; i++) {
			const char *end = memchr(in->s + at, '\0', in->len - at);

			if (!end)
				return;
			texts[i] = in->s + at;
			at = (size_t)(end + 1 - in->s);
		}
		if (head.about == OF_USER)
			take_user(ret, texts);
		else if (head.about < ret->n_groups && !ret->group_names[head.about])
			ret->group_names[head.about] = xstrdup(texts[0]);
	}
}

static void ask_service(const struct account_source *from, uid_t uid, const gid_t *gids, struct account *ret)
{
	OWN_STR struct str answers = {};
	OWN_FD int reads = -1, writes = -1;
	int p[2];
	pid_t pid;

	if (pipe2(p, O_CLOEXEC))
		return;
	reads = p[0];
	writes = p[1];
	pid = fork();
	if (pid == 0)
		ask(from, uid, gids, ret, writes);
	own_fd_(&writes);
	if (pid < 0)
		return;
	ret->late = !collect(reads, from->deadline_ms, &answers);
	/* The program will not know a child that it did not start. */
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	take_records(&answers, ret);
}

void account_find(const struct account_source *from, uid_t uid, const gid_t *gids, size_t n, struct account *ret)
{
	bool complete;

	*ret = (struct account){ .group_names = xcalloc(n ? n : 1, sizeof(char *)), .n_groups = n };
	read_passwd(from, uid, ret);
	read_group(from, gids, ret);
	complete = ret->user;
	for (size_t i = 0; i < n; i++)
		complete = complete && ret->group_names[i];
	if (!complete)
		ask_service(from, uid, gids, ret);
}
