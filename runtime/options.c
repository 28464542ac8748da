#include "runtime/options.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/num.h"
#include "runtime/engine.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* A known option of Apptainer that this version cannot honour: an error, since
 * a run that silently lacks its overlay does damage. */
static int not_yet(void *options, const char *arg, struct err *e)
{
	(void)options;
	(void)arg;
	return err_set(e, ERR_USAGE, "not in this version of sif yet");
}

/* The same for a switch: to switch it off is fine. */
static int no_switch_yet(void *options, const char *arg, struct err *e)
{
	struct err ignored;
	int on = 1;

	if (arg && num_bool(arg, &on, &ignored) == 0 && !on)
		return 0;
	return not_yet(options, arg, e);
}

/* A known option whose wish is always granted (no capability is ever left) or
 * has no object (there is no cache to disable). */
static int granted(void *options, const char *arg, struct err *e)
{
	(void)options;
	(void)arg;
	(void)e;
	return 0;
}

static int parse_bind(void *options, const char *arg, struct err *e)
{
	struct run_spec *s = options;

	(void)e;
	if (*arg)
		strv_add(&s->bind_words, arg);
	return 0;
}

/* The environment twin may hold several, one a line. */
static int parse_mount(void *options, const char *arg, struct err *e)
{
	struct run_spec *s = options;

	(void)e;
	strv_split(&s->mount_words, arg, "\n");
	return 0;
}

#define COMMA_LIST(fn, field)                                          \
	static int fn(void *options, const char *arg, struct err *e)   \
	{                                                              \
		struct run_spec *s = options;                          \
                                                                       \
		(void)e;                                               \
		strv_split(&s->field, arg, ",");                       \
		return 0;                                              \
	}

COMMA_LIST(parse_no_mount, no_mount)
COMMA_LIST(parse_no_env, no_env)
COMMA_LIST(parse_env_from_host, env_from_host)
COMMA_LIST(parse_env_files, env_files)
COMMA_LIST(parse_scratch, scratch)

static int parse_session_size(void *options, const char *arg, struct err *e)
{
	struct run_spec *s = options;

	if (num_size(arg, &s->session_size, e))
		return -1;
	if (s->session_size == 0)
		return err_set(e, ERR_USAGE, "'%s' leaves no room", arg);
	return 0;
}

#define LINGER_MAX (24 * 60 * 60)

static int parse_linger(void *options, const char *arg, struct err *e)
{
	struct run_spec *s = options;
	uint32_t seconds;

	if (num_u32(arg, &seconds, e))
		return -1;
	if (seconds > LINGER_MAX)
		return err_set(e, ERR_USAGE, "'%s' is more than a day", arg);
	s->linger = (int)seconds;
	return 0;
}

/* A descriptor that `sif optimize` has open. */
static int parse_record(void *options, const char *arg, struct err *e)
{
	struct run_spec *s = options;
	uint32_t fd;

	if (num_u32(arg, &fd, e))
		return -1;
	if (fd > INT_MAX)
		return err_set(e, ERR_USAGE, "'%s' is not a descriptor", arg);
	s->record_fd = (int)fd;
	return 0;
}

static int parse_join(void *options, const char *arg, struct err *e)
{
	struct run_spec *s = options;
	struct err ignored;
	uint32_t pid;

	if (num_u32(arg, &pid, &ignored) || pid == 0 || pid > INT_MAX) {
		err_set(e, ERR_USAGE, "'%s' is no process id", arg);
		return err_hint(e, "--join takes the number of a process that runs in a container");
	}
	s->join = (pid_t)pid;
	return 0;
}

/* Without privilege there is one network besides the host's: none. */
static int parse_network(void *options, const char *arg, struct err *e)
{
	struct run_spec *s = options;

	if (strcmp(arg, "none") != 0) {
		err_set(e, ERR_USAGE, "network '%s' needs privileges", arg);
		return err_hint(e, "without --net the container shares the host's network");
	}
	s->net = true;
	return 0;
}

static int parse_engine(void *options, const char *arg, struct err *e)
{
	struct run_spec *s = options;
	enum engine engine;

	if (engine_parse(arg, &engine, e))
		return -1;
	free(s->engine);
	s->engine = xstrdup(arg);
	return 0;
}

#define FIELD(f) .offset = offsetof(struct run_spec, f)

const struct opt run_options[] = {
	{ .group = "files of the host", .name = "bind", .letter = 'B', .kind = OPT_CALL, .parse = parse_bind,
	  .arg = "SRC[:DEST[:OPTS]]", .help = "bind a host path; OPTS: ro, rw, image-src=DIR, id=N",
	  .env = "bind,bindpath", .flags = OPT_MANY },
	{ .name = "mount", .kind = OPT_CALL, .parse = parse_mount, .arg = "SPEC",
	  .help = "the same as type=bind,source=SRC,destination=DEST[,ro]", .flags = OPT_MANY },
	{ .name = "home", .letter = 'H', .kind = OPT_STR, FIELD(home), .arg = "SRC[:DEST]",
	  .help = "home directory: SRC of the host, seen as DEST" },
	{ .name = "no-home", .kind = OPT_TRUE, FIELD(no_home), .help = "do not bind the home directory" },
	{ .name = "cwd", .kind = OPT_STR, FIELD(cwd), .arg = "DIR", .help = "working directory inside",
	  .alias = "pwd", .env = "cwd,target-cwd,pwd,target-pwd" },
	{ .name = "no-mount", .kind = OPT_CALL, .parse = parse_no_mount, .arg = "WORDS",
	  .help = "leave out: proc, sys, dev, home, tmp, cwd, bind-paths, /DEST", .flags = OPT_MANY },
	{ .name = "scratch", .letter = 'S', .kind = OPT_CALL, .parse = parse_scratch, .arg = "DIR",
	  .help = "an empty writable directory inside", .env = "scratch,scratchdir", .flags = OPT_MANY },
	{ .name = "workdir", .letter = 'W', .kind = OPT_STR, FIELD(workdir), .arg = "DIR",
	  .help = "host directory for /tmp, /var/tmp, scratch and home of --contain" },
	{ .name = "dns", .kind = OPT_STR, FIELD(dns), .arg = "ADDR,...",
	  .help = "name servers in /etc/resolv.conf, in place of the host's" },
	{ .name = "no-share", .kind = OPT_TRUE, FIELD(no_share),
	  .help = "start an image server for this launch alone" },
	{ .name = "linger", .kind = OPT_CALL, .parse = parse_linger, .arg = "SECONDS",
	  .help = "how long an image server stays after its last launch" },
	{ .name = "engine", .kind = OPT_CALL, .parse = parse_engine, .arg = "NAME",
	  .help = "what reads the image: sif, squashfuse or, for root, kernel" },
	{ .name = "unsquash", .kind = OPT_TRUE, FIELD(unpack), .help = "unpack the image, do not mount it" },

	{ .name = "record-fd", .kind = OPT_CALL, .parse = parse_record, .arg = "FD",
	  .help = "write down which blocks of the image are read first", .flags = OPT_HIDDEN | OPT_NO_ENV },

	{ .group = "environment", .name = "env", .kind = OPT_LIST, FIELD(env), .arg = "K=V,...",
	  .help = "set variables inside", .flags = OPT_NO_ENV },
	{ .name = "env-file", .kind = OPT_CALL, .parse = parse_env_files, .arg = "FILE",
	  .help = "set the variables that a file assigns", .flags = OPT_MANY },
	{ .name = "cleanenv", .letter = 'e', .kind = OPT_TRUE, FIELD(cleanenv),
	  .help = "pass no variable of the host" },
	{ .name = "env-from-host", .kind = OPT_CALL, .parse = parse_env_from_host, .arg = "NAMES",
	  .help = "pass these, though held back by default (LD_*, PYTHON*)", .flags = OPT_MANY },
	{ .name = "no-env", .kind = OPT_CALL, .parse = parse_no_env, .arg = "NAMES",
	  .help = "do not pass these", .env = "noenv", .flags = OPT_MANY },
	{ .name = "no-eval", .kind = OPT_TRUE, FIELD(no_eval), .help = "take values and arguments as they are" },

	{ .group = "isolation", .name = "contain", .letter = 'c', .kind = OPT_TRUE, FIELD(contain),
	  .help = "minimal /dev; empty /tmp, /var/tmp and home" },
	{ .name = "containall", .letter = 'C', .kind = OPT_TRUE, FIELD(containall),
	  .help = "--contain --pid --ipc --cleanenv" },
	{ .name = "compat", .kind = OPT_TRUE, FIELD(compat),
	  .help = "--containall --no-init --no-umask --no-eval --writable-tmpfs" },
	{ .name = "writable-tmpfs", .kind = OPT_TRUE, FIELD(writable_tmpfs),
	  .help = "a writable root in memory, gone at the end" },
	{ .name = "session-size", .kind = OPT_CALL, .parse = parse_session_size, .arg = "SIZE",
	  .help = "limit of what --contain and --writable-tmpfs hold (64M)" },
	{ .name = "writable", .letter = 'w', .kind = OPT_TRUE, FIELD(writable),
	  .help = "write into the image (directories only)" },
	{ .name = "pid", .letter = 'p', .kind = OPT_TRUE, FIELD(pid), .help = "own process ids",
	  .env = "pid,unshare-pid" },
	{ .name = "no-init", .kind = OPT_TRUE, FIELD(no_init), .help = "with --pid: the program is process 1",
	  .env = "noshiminit,no-init" },
	{ .name = "ipc", .letter = 'i', .kind = OPT_TRUE, FIELD(ipc), .help = "own IPC objects",
	  .env = "ipc,unshare-ipc" },
	{ .name = "uts", .kind = OPT_TRUE, FIELD(uts), .help = "own host name", .env = "uts,unshare-uts" },
	{ .name = "hostname", .kind = OPT_STR, FIELD(hostname), .arg = "NAME", .help = "host name inside" },
	{ .name = "net", .letter = 'n', .kind = OPT_TRUE, FIELD(net), .help = "own, empty network",
	  .env = "net,unshare-net" },
	{ .name = "network", .kind = OPT_CALL, .parse = parse_network, .arg = "none",
	  .help = "the same as --net" },
	{ .name = "userns", .letter = 'u', .kind = OPT_TRUE, FIELD(userns),
	  .help = "own user namespace (always so)", .env = "userns,unshare-userns" },

	{ .group = "program", .name = "app", .kind = OPT_STR, FIELD(app), .arg = "NAME",
	  .help = "the application NAME of the image" },
	{ .name = "shell", .letter = 's', .kind = OPT_STR, FIELD(shell), .arg = "PATH",
	  .help = "the shell that 'sif shell' starts" },
	{ .name = "host-rc", .kind = OPT_TRUE, FIELD(host_rc),
	  .help = "let 'sif shell' read the start-up files of the home" },
	{ .name = "no-umask", .kind = OPT_TRUE, FIELD(no_umask), .help = "umask 0022, not the caller's" },
	{ .name = "nv", .kind = OPT_TRUE, FIELD(nv), .help = "NVIDIA GPU, where there is one" },
	{ .name = "rocm", .kind = OPT_TRUE, FIELD(rocm), .help = "AMD GPU, where there is one" },

	{ .group = "this command", .name = "join", .kind = OPT_CALL, .parse = parse_join, .arg = "PID",
	  .help = "enter the container of this process; no IMAGE is given", .flags = OPT_NO_ENV },
	{ .name = "dry-run", .kind = OPT_TRUE, FIELD(dry_run),
	  .help = "print what would be done, and stop", .flags = OPT_NO_ENV },
	{ .name = "verbose", .letter = 'v', .kind = OPT_TRUE, FIELD(verbose), .help = "say what is done and why",
	  .flags = OPT_NO_ENV },
	{ .name = "debug", .letter = 'd', .kind = OPT_TRUE, FIELD(debug), .help = "say everything",
	  .flags = OPT_NO_ENV },
	{ .name = "quiet", .letter = 'q', .kind = OPT_TRUE, FIELD(quiet), .help = "print errors only",
	  .flags = OPT_NO_ENV },

#define GRANTED(n, a) { .name = n, .arg = a, .kind = OPT_CALL, .parse = granted, .help = "always so", .flags = OPT_HIDDEN }
	GRANTED("no-privs", NULL),
	GRANTED("drop-caps", "LIST"),
	GRANTED("disable-cache", NULL),
	GRANTED("no-https", NULL),
	GRANTED("no-tmp-sandbox", NULL),
	GRANTED("underlay", NULL),

#define LATER(n, l, a, fn, more) \
	{ .name = n, .letter = l, .arg = a, .kind = OPT_CALL, .parse = fn, .help = "not yet", .flags = OPT_HIDDEN | (more) }
#define NOT_YET(n, l, a) LATER(n, l, a, not_yet, 0)
#define NOT_YET_NO_ENV(n, a) LATER(n, 0, a, not_yet, OPT_NO_ENV)
#define NO_SWITCH_YET(n, l, more) LATER(n, l, NULL, no_switch_yet, more)
	NOT_YET("overlay", 'o', "PATH[:ro]"),
	NO_SWITCH_YET("fakeroot", 'f', 0),
	NOT_YET("fusemount", 0, "SPEC"),
	NO_SWITCH_YET("nvccli", 0, 0),
	NO_SWITCH_YET("intel-hpu", 0, 0),
	NOT_YET_NO_ENV("device", "NAME"),
	NOT_YET_NO_ENV("cdi-dirs", "DIR"),
	NOT_YET("network-args", 0, "ARGS"),
	NOT_YET("security", 0, "SPEC"),
	NOT_YET("add-caps", 0, "LIST"),
	NO_SWITCH_YET("keep-privs", 0, 0),
	NO_SWITCH_YET("allow-setuid", 0, 0),
	NO_SWITCH_YET("sharens", 0, 0),
	NO_SWITCH_YET("passphrase", 0, OPT_NO_ENV),
	NOT_YET_NO_ENV("pem-path", "FILE"),
	NOT_YET("authfile", 0, "FILE"),
	NO_SWITCH_YET("docker-login", 0, 0),
	NOT_YET("docker-host", 0, "URL"),
	NOT_YET("apply-cgroups", 0, "FILE"),
	NOT_YET("blkio-weight", 0, "N"),
	NOT_YET("blkio-weight-device", 0, "SPEC"),
	NOT_YET("cpu-shares", 0, "N"),
	NOT_YET("cpus", 0, "N"),
	NOT_YET("cpuset-cpus", 0, "LIST"),
	NOT_YET("cpuset-mems", 0, "LIST"),
	NOT_YET("memory", 0, "SIZE"),
	NOT_YET("memory-reservation", 0, "SIZE"),
	NOT_YET("memory-swap", 0, "SIZE"),
	NO_SWITCH_YET("oom-kill-disable", 0, 0),
	NOT_YET("pids-limit", 0, "N"),
	{ .name = NULL },
};

_Static_assert(ARRAY_SIZE(run_options) <= RUN_OPTIONS_MAX, "struct option_sources is too small");

const char *const *options_prefixes(enum run_dialect dialect)
{
	static const char *const usual[] = { "SIF", "APPTAINER", "SINGULARITY", NULL };
	static const char *const singularity[] = { "SIF", "SINGULARITY", "APPTAINER", NULL };

	return dialect == DIALECT_SINGULARITY ? singularity : usual;
}

int options_from_words(struct run_spec *s, int argc, char *const argv[], int *index, struct option_sources *src,
		       struct err *e)
{
	return opt_parse_from(run_options, argc, argv, index, s, src->from, SOURCE_COMMAND_LINE, e);
}

int options_from_env(struct run_spec *s, char *const environ_[], struct option_sources *src, struct err *e)
{
	return opt_env(run_options, options_prefixes(s->dialect), environ_, s, src->from, SOURCE_ENVIRONMENT, e);
}

enum option_source options_source(const struct option_sources *src, const char *name)
{
	const struct opt *o = opt_find(run_options, name);

	return o ? (enum option_source)src->from[o - run_options] : SOURCE_NONE;
}

/* --no-mount's words are the fields of the configuration, switched off; what
 * remains in the list is for the plan. */
static int settle_no_mount(struct run_spec *s, struct err *e)
{
	const struct {
		const char *word;
		bool *field;
	} words[] = {
		{ "home", &s->mount_home }, { "tmp", &s->mount_tmp }, { "cwd", &s->mount_cwd },
		{ "proc", &s->mount_proc }, { "sys", &s->mount_sys }, { "dev", &s->mount_dev },
	};
	static const char *const others[] = { "bind-paths", "devpts", "hostfs" };

	for (size_t i = 0; i < s->no_mount.n; i++) {
		const char *w = s->no_mount.v[i];
		bool known = w[0] == '/';

		for (size_t k = 0; k < ARRAY_SIZE(words); k++) {
			if (strcmp(w, words[k].word) == 0) {
				*words[k].field = false;
				known = true;
			}
		}
		for (size_t k = 0; k < ARRAY_SIZE(others); k++)
			known = known || strcmp(w, others[k]) == 0;
		if (known)
			continue;
		if (s->dialect == DIALECT_SIF) {
			err_set(e, ERR_USAGE, "--no-mount: '%s' is no mount", w);
			return err_hint(e, "use proc, sys, dev, home, tmp, cwd, bind-paths or an absolute destination");
		}
		log_warn("--no-mount: '%s' is no mount", w);
	}
	return 0;
}

int options_settle(struct run_spec *s, struct err *e)
{
	if (s->compat)
		s->containall = s->no_init = s->no_umask = s->no_eval = s->writable_tmpfs = true;
	if (s->containall)
		s->contain = s->pid = s->ipc = s->cleanenv = true;
	if (s->hostname)
		s->uts = true;
	return settle_no_mount(s, e);
}
