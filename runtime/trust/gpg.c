#include "runtime/trust/gpg.h"

#include "base/fd.h"
#include "base/mem.h"
#include "base/spawn.h"
#include "image/digest/digest.h"
#include "image/sign/clear.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#define OUTPUT_MAX (16u << 20)
#define RING_MAX (256u << 20)
#define STATUS_FD 3

void gpg_rings_free(struct gpg_rings *r)
{
	for (size_t i = 0; i < r->n; i++)
		close(r->fds[i]);
	free(r->fds);
	*r = (struct gpg_rings){};
}

static int memory_of(const char *data, size_t len, struct err *e)
{
	OWN_FD int fd = memfd_create("gpg", MFD_CLOEXEC);

	if (fd < 0)
		return err_sys(e, errno, "cannot prepare GnuPG's input");
	if (fd_write_full(fd, data, len, "GnuPG's input", e))
		return -1;
	if (lseek(fd, 0, SEEK_SET) < 0)
		return err_sys(e, errno, "cannot prepare GnuPG's input");
	return TAKE_FD(fd);
}

/* gpgv reads binary rings only: an armored one is unwrapped into memory. */
static int open_ring(const char *path, struct err *e)
{
	OWN_FD int fd = fd_open(path, O_RDONLY | O_NONBLOCK, e);
	OWN_STR struct str binary = {};
	OWN_FREE char *text = NULL;
	char head[5] = "";
	size_t len;

	if (fd < 0)
		return -1;
	if (pread(fd, head, sizeof(head), 0) != sizeof(head) || memcmp(head, "-----", 5) != 0)
		return TAKE_FD(fd);
	if (fd_read_all(fd, RING_MAX, path, &text, &len, e))
		return -1;
	if (clear_dearmor(text, len, "PGP PUBLIC KEY BLOCK", &binary, e))
		return err_ctx(e, "'%s'", path);
	return memory_of(binary.s, binary.len, e);
}

int gpg_rings_add(struct gpg_rings *r, const char *path, bool needed, struct err *e)
{
	int fd = open_ring(path, e);

	if (fd < 0 && !needed && e->sys == ENOENT) {
		err_clear(e);
		return 0;
	}
	if (fd < 0)
		return -1;
	/* Low numbers become the child's standard streams. */
	fd = fd_move_above(fd, 10, e);
	if (fd < 0)
		return -1;
	r->fds = xreallocarray(r->fds, r->n + 1, sizeof(*r->fds));
	r->fds[r->n++] = fd;
	return 0;
}

/* In the child: input, output, status and errors become 0, 1, 3, 2. */
static void become(char *const argv[], const int fds[4], const struct gpg_rings *rings, const char *home)
{
	for (size_t i = 0; rings && i < rings->n; i++)
		fcntl(rings->fds[i], F_SETFD, 0);
	if (dup2(fds[0], 0) < 0 || dup2(fds[1], 1) < 0 || dup2(fds[2], 2) < 0 || dup2(fds[3], STATUS_FD) < 0)
		_exit(126);
	setenv("LC_ALL", "C", 1);
	if (home)
		setenv("GNUPGHOME", home, 1);
	execvp(argv[0], argv);
	_exit(errno == ENOENT ? 127 : 126);
}

struct output {
	struct str out, status, errors;
};

static void output_free(struct output *o)
{
	str_free(&o->out);
	str_free(&o->status);
	str_free(&o->errors);
}
#define OWN_OUTPUT OWN(output_free)

static int take(int fd, struct str *ret, struct err *e)
{
	OWN_FREE char *data = NULL;
	size_t len;

	if (lseek(fd, 0, SEEK_SET) < 0)
		return err_sys(e, errno, "cannot read GnuPG's answer");
	if (fd_read_all(fd, OUTPUT_MAX, "GnuPG's answer", &data, &len, e))
		return -1;
	str_addn(ret, data, len);
	return 0;
}

/* Run a program on an input; all its output is in memory, so nothing can stall. */
static int run(char *const argv[], const char *input, size_t len, const struct gpg_rings *rings, const char *home,
	       struct output *ret, struct err *e)
{
	OWN_FD int in = memory_of(input, len, e);
	OWN_FD int out = memfd_create("out", MFD_CLOEXEC);
	OWN_FD int errors = memfd_create("errors", MFD_CLOEXEC);
	OWN_FD int status = memfd_create("status", MFD_CLOEXEC);
	int fds[4], code;
	pid_t pid;

	if (in < 0)
		return -1;
	in = fd_move_above(in, 10, e);
	out = fd_move_above(out, 10, e);
	errors = fd_move_above(errors, 10, e);
	status = fd_move_above(status, 10, e);
	if (in < 0 || out < 0 || errors < 0 || status < 0)
		return -1;
	memcpy(fds, (int[]){ in, out, errors, status }, sizeof(fds));
	pid = fork();
	if (pid < 0)
		return err_sys(e, errno, "cannot run '%s'", argv[0]);
	if (!pid)
		become(argv, fds, rings, home);
	code = child_wait(pid, e);
	if (code < 0)
		return -1;
	if (code == 127) {
		err_set(e, ERR_ENVIRONMENT, "'%s' is not installed, and OpenPGP signatures need it", argv[0]);
		return err_hint(e, "install GnuPG (Debian: gpgv and gpg), or use native keys: sif key new");
	}
	if (take(out, &ret->out, e) || take(errors, &ret->errors, e))
		return -1;
	return take(status, &ret->status, e);
}

int gpg_verify(const struct gpg_rings *rings, const char *message, size_t len, struct pgp_result *ret,
	       struct str *plain, struct err *e)
{
	OWN_OUTPUT struct output o = {};
	OWN_STRV struct strv argv = {};

	strv_add(&argv, "gpgv");
	strv_add(&argv, "--homedir");
	strv_add(&argv, "/nonexistent");
	strv_add(&argv, "--status-fd");
	strv_addf(&argv, "%d", STATUS_FD);
	/* Without a ring it would take the caller's own. */
	if (!rings->n) {
		strv_add(&argv, "--keyring");
		strv_add(&argv, "/dev/null");
	}
	for (size_t i = 0; i < rings->n; i++) {
		strv_add(&argv, "--keyring");
		strv_addf(&argv, "/proc/self/fd/%d", rings->fds[i]);
	}
	strv_add(&argv, "--output");
	strv_add(&argv, "-");
	strv_add(&argv, "-");
	if (run(argv.v, message, len, rings, NULL, &o, e))
		return -1;
	pgp_parse_status(str_text(&o.status), o.status.len, ret);
	if (ret->verdict != VERDICT_INVALID && ret->verdict != VERDICT_UNKNOWN)
		str_addn(plain, str_text(&o.out), o.out.len);
	return 0;
}

/* --- signing --- */

/* Is an agent answering for this home? */
static bool agent_runs(const char *home)
{
	char *const argv[] = { (char[]){ "gpgconf" }, (char[]){ "--list-dirs" }, (char[]){ "agent-socket" }, NULL };
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	OWN_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	OWN_OUTPUT struct output o = {};
	struct err ignored = {};
	size_t n;

	if (fd < 0 || run(argv, "", 0, NULL, home, &o, &ignored))
		return false;
	n = strcspn(str_text(&o.out), "\n");
	if (!n || n >= sizeof(a.sun_path))
		return false;
	memcpy(a.sun_path, o.out.s, n);
	return connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0;
}

static void end_agent(const char *home)
{
	char *const argv[] = { (char[]){ "gpgconf" }, (char[]){ "--kill" }, (char[]){ "gpg-agent" }, NULL };
	OWN_OUTPUT struct output o = {};
	struct err ignored = {};

	if (run(argv, "", 0, NULL, home, &o, &ignored))
		return;
}

/* The first line "[GNUPG:] WORD ..." of a status; what is behind the word. */
static const char *status_line(const struct str *status, const char *word)
{
	OWN_FREE char *want = xasprintf("[GNUPG:] %s ", word);
	const char *at = strstr(str_text(status), want);

	return at ? at + strlen(want) : NULL;
}

static int sign_failed(const struct output *o, struct err *e)
{
	const char *text = str_text(&o->errors), *colon = strstr(text, "gpg: ");
	const char *why = colon ? colon + 5 : text;

	err_set(e, ERR_SYSTEM, "GnuPG did not sign: %.*s", (int)strcspn(why, "\n"), why);
	return err_hint(e, "gpg --list-secret-keys shows the keys it has");
}

int gpg_sign(const char *home, const char *key, const char *text, size_t len, struct str *ret,
	     uint8_t fingerprint[PGP_FINGERPRINT], struct err *e)
{
	bool had_agent = agent_runs(home);
	OWN_OUTPUT struct output o = {};
	OWN_STRV struct strv argv = {};
	const char *primary;
	int rc;

	strv_split(&argv, "gpg --no-tty --status-fd 3 --digest-algo SHA256 --no-emit-version", " ");
	if (key) {
		strv_add(&argv, "--local-user");
		strv_add(&argv, key);
	}
	strv_split(&argv, "--clearsign --output - -", " ");
	rc = run(argv.v, text, len, NULL, home, &o, e);
	if (!had_agent)
		end_agent(home);
	if (rc)
		return -1;
	primary = status_line(&o.status, "KEY_CONSIDERED");
	if (!status_line(&o.status, "SIG_CREATED") || !primary)
		return sign_failed(&o, e);
	if (digest_unhex(primary, strcspn(primary, " \n"), fingerprint, PGP_FINGERPRINT))
		return err_set(e, ERR_USAGE, "the OpenPGP key %.*s is of a version whose fingerprint a SIF cannot hold",
			       (int)strcspn(primary, " \n"), primary);
	str_addn(ret, o.out.s, o.out.len);
	return 0;
}
