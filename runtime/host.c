#include "runtime/host.h"

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "runtime/account.h"
#include "runtime/path.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

void path_fact_free(struct path_fact *f)
{
	free(f->real);
	*f = (struct path_fact){ 0 };
}

/* O_DIRECTORY first: only a walk that wants a directory makes the kernel mount
 * what is to be automounted there. */
static void look(const struct host_facts *h, const char *path, struct path_fact *ret)
{
	OWN_FD int fd = openat(AT_FDCWD, path, O_PATH | O_DIRECTORY | O_CLOEXEC); /* see fd_open */
	char link[32], real[PATH_MAX];
	struct stat st;
	ssize_t n;

	(void)h;
	*ret = (struct path_fact){ 0 };
	if (fd < 0 && errno == ENOTDIR)
		fd = openat(AT_FDCWD, path, O_PATH | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st)) {
		ret->error = errno;
		return;
	}
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, real, sizeof(real) - 1);
	if (n < 0) {
		ret->error = errno;
		return;
	}
	real[n] = '\0';
	ret->type = st.st_mode & S_IFMT;
	ret->real = xstrdup(real);
}

/* The environment is asked only about a user whom nobody knows, or of whom
 * nobody answers: the passwd entry is the one truth, as with the peers. */
static void gather_user(struct host_facts *h, struct account *a)
{
	const char *home = getenv("HOME"), *user = getenv("USER"), *shell = getenv("SHELL");

	if (a->late)
		log_warn("the name service of this node did not answer within %d s", ACCOUNT_DEADLINE_MS / 1000);
	if (!a->user) {
		log_info("user %u is not known here: HOME, USER and SHELL are taken from the environment",
			 (unsigned)h->uid);
		a->home = xstrdup_or_null(home);
		a->shell = xstrdup_or_null(shell);
	}
	h->user = a->user ? TAKE_PTR(a->user) : !str_empty(user) ? xstrdup(user) : xasprintf("%u", (unsigned)h->uid);
	h->gecos = a->gecos ? TAKE_PTR(a->gecos) : xstrdup("");
	h->home = a->home && a->home[0] == '/' ? path_clean(a->home) : xstrdup("/");
	h->shell = a->shell && a->shell[0] == '/' ? TAKE_PTR(a->shell) : xstrdup("/bin/sh");
}

/* The caller's groups, the effective one first; *ret owned. */
static int list_groups(gid_t effective, gid_t **ret, size_t *ret_n, struct err *e)
{
	OWN_FREE gid_t *gids = NULL;
	int n = getgroups(0, NULL);
	size_t kept = 1;

	if (n < 0)
		return err_sys(e, errno, "cannot read this process's groups");
	gids = xcalloc((size_t)n + 1, sizeof(*gids));
	gids[0] = effective;
	n = getgroups(n, gids + 1);
	if (n < 0)
		return err_sys(e, errno, "cannot read this process's groups");
	for (size_t i = 1; i <= (size_t)n; i++)
		if (gids[i] != effective)
			gids[kept++] = gids[i];
	*ret = TAKE_PTR(gids);
	*ret_n = kept;
	return 0;
}

/* Said beforehand: when a chgrp fails, the program runs and nobody of ours. */
static void say_groups(const struct host_facts *h)
{
	OWN_FREE char *names = log_wants(LOG_INFO_LEVEL) ? identity_unmapped(h->groups, h->n_groups) : NULL;

	if (names)
		log_info("secondary groups keep their rights inside, but a chgrp to them fails with EINVAL, "
			 "'Invalid argument', since only one group can be mapped: %s", names);
}

static int gather_account(struct host_facts *h, struct err *e)
{
	OWN_ACCOUNT struct account a = {};
	OWN_FREE gid_t *gids = NULL;
	size_t n = 0;

	if (list_groups(h->gid, &gids, &n, e))
		return -1;
	account_find(&account_host, h->uid, gids, n, &a);
	gather_user(h, &a);
	h->groups = xcalloc(n, sizeof(*h->groups));
	h->n_groups = n;
	for (size_t i = 0; i < n; i++)
		h->groups[i] = (struct identity_group){ .gid = gids[i], .name = TAKE_PTR(a.group_names[i]) };
	say_groups(h);
	return 0;
}

/* $PWD keeps the name by which the user came here, when it still is true. */
static void gather_cwd(struct host_facts *h)
{
	const char *pwd = getenv("PWD");
	struct stat here, there;

	h->cwd = getcwd(NULL, 0);
	if (h->cwd && h->cwd[0] != '/') /* "(unreachable)/..." */
		own_free_(&h->cwd);
	if (!h->cwd || !pwd || pwd[0] != '/' || !strcmp(pwd, h->cwd))
		return;
	if (stat(".", &here) || stat(pwd, &there))
		return;
	if (here.st_dev == there.st_dev && here.st_ino == there.st_ino)
		h->cwd_logical = path_clean(pwd);
}

static char *place(const char *name)
{
	const char *value = getenv(name);

	return value && value[0] == '/' ? path_clean(value) : NULL;
}

int host_gather(struct host_facts *ret, struct err *e)
{
	*ret = (struct host_facts){ .uid = geteuid(), .gid = getegid(), .look = look };
	if (gather_account(ret, e))
		return -1;
	gather_cwd(ret);
	ret->tty = isatty(0) ? xstrdup_or_null(ttyname(0)) : NULL;
	ret->tmpdir = place("TMPDIR");
	ret->xdg_runtime_dir = place("XDG_RUNTIME_DIR");
	if (getenv("DISPLAY"))
		ret->xauthority = place("XAUTHORITY");
	return 0;
}

void host_facts_free(struct host_facts *h)
{
	char **const strings[] = { &h->user, &h->gecos,	 &h->home,	      &h->shell,     &h->cwd,
				   &h->cwd_logical, &h->tty, &h->tmpdir, &h->xdg_runtime_dir, &h->xauthority };

	for (size_t i = 0; i < h->n_groups; i++)
		free((char *)(uintptr_t)h->groups[i].name);
	free(h->groups);
	for (size_t i = 0; i < ARRAY_SIZE(strings); i++)
		own_free_(strings[i]);
	*h = (struct host_facts){ 0 };
}
