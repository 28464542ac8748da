#include "runtime/host.h"

#include "base/fd.h"
#include "base/mem.h"
#include "base/str.h"
#include "runtime/path.h"

#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
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
	OWN_FD int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	char link[32], real[PATH_MAX];
	struct stat st;
	ssize_t n;

	(void)h;
	*ret = (struct path_fact){ 0 };
	if (fd < 0 && errno == ENOTDIR)
		fd = open(path, O_PATH | O_CLOEXEC);
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

/* HOME and USER of the environment are not asked: the passwd entry is the one
 * truth, as with the peers. */
static void gather_user(struct host_facts *h)
{
	const struct passwd *pw = getpwuid(h->uid);

	h->user = pw ? xstrdup(pw->pw_name) : xasprintf("%u", (unsigned)h->uid);
	h->gecos = xstrdup(pw && pw->pw_gecos ? pw->pw_gecos : "");
	h->home = pw && pw->pw_dir[0] == '/' ? path_clean(pw->pw_dir) : xstrdup("/");
	h->shell = xstrdup(pw && !str_empty(pw->pw_shell) ? pw->pw_shell : "/bin/sh");
}

static int gather_groups(struct host_facts *h, struct err *e)
{
	OWN_FREE gid_t *gids = NULL;
	int n = getgroups(0, NULL);

	if (n < 0)
		return err_sys(e, errno, "cannot read this process's groups");
	gids = xcalloc((size_t)n + 1, sizeof(*gids));
	gids[0] = h->gid;
	n = getgroups(n, gids + 1);
	if (n < 0)
		return err_sys(e, errno, "cannot read this process's groups");
	h->groups = xcalloc((size_t)n + 1, sizeof(*h->groups));
	for (size_t i = 0; i <= (size_t)n; i++) {
		const struct group *gr;

		if (i && gids[i] == h->gid)
			continue;
		gr = getgrgid(gids[i]);
		h->groups[h->n_groups++] = (struct identity_group){
			.gid = gids[i],
			.name = gr ? xstrdup(gr->gr_name) : NULL,
		};
	}
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
	gather_user(ret);
	if (gather_groups(ret, e))
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
