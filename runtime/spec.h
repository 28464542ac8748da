/* Every wish of a run, as plain data: filled from configuration, environment
 * and command line (runtime/options.c), tightened by policy, turned into a
 * plan (runtime/plan.c). Nothing has been opened while it is filled.
 * The structure owns its strings. */
#ifndef SIF_RUNTIME_SPEC_H
#define SIF_RUNTIME_SPEC_H

#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum run_action { ACTION_RUN, ACTION_EXEC, ACTION_SHELL, ACTION_TEST };

/* Whose rules count: the name the program was called by. */
enum run_dialect { DIALECT_SIF, DIALECT_APPTAINER, DIALECT_SINGULARITY };

struct bind_spec {
	char *source, *dest; /* dest: absolute path inside */
	bool readonly;
	bool optional;	 /* a missing source is passed over (configuration) */
	bool nonested;	 /* without the mounts below the source */
	char *image_src; /* directory inside an image named by source, or NULL */
	uint32_t image_id; /* object id inside an image, 0 = none */
	const char *origin; /* "--bind", "sif.conf", ... for messages; static */
};

struct run_spec {
	enum run_action action;
	enum run_dialect dialect;
	char *image;	  /* as typed */
	struct strv args; /* words behind the image */

	struct strv bind_words;	 /* -B values, unparsed, in order */
	struct strv mount_words; /* --mount values, unparsed */
	struct strv bind_paths;	 /* "bind path" of the configuration; a leading '-' = optional */
	struct strv scratch;	 /* --scratch */
	char *workdir;

	struct strv env;	   /* --env words, K=V[,K=V] */
	struct strv env_files;
	struct strv env_from_host; /* names (globs) let through */
	struct strv no_env;
	bool cleanenv;
	bool no_eval;

	char *cwd;	/* --pwd/--cwd */
	char *home;	/* --home SRC[:DEST] */
	char *shell;	/* --shell */
	char *app;	/* --app */
	char *hostname; /* --hostname */
	char *dns;

	bool no_home;
	bool contain, containall, compat;
	bool writable, writable_tmpfs;
	uint64_t session_size; /* bytes of the session tmpfs; 0 = default 64 MiB */
	struct strv overlay;
	struct strv no_mount; /* --no-mount words */
	bool mount_home, mount_tmp, mount_cwd, mount_proc, mount_sys, mount_dev; /* configuration */
	uint64_t unpack_limit; /* bytes of all unpacked images; 0 = default (configuration) */
	bool bind_control;    /* may the user bind? (configuration) */
	bool pid, ipc, net, uts, userns;
	bool no_init; /* with pid: the program itself is process 1 */
	bool no_umask;
	bool nv, rocm; /* GPU wanted; nothing to do where there is none */
	bool no_share; /* an image server of its own */
	int linger;    /* seconds that a shared one stays after its last launch; -1 = the usual */
	bool unpack;   /* --unsquash: do not mount the image, unpack it */
	char *engine;  /* reads the image: runtime/engine.h; NULL = sif */
	char *mount_cpus; /* where image servers run, "auto" or a list; NULL = auto (configuration) */
	bool host_rc; /* shell: read start-up files of the host's home */

	pid_t join;    /* enter the container of this process, 0 = start one; image is NULL then */
	int record_fd; /* gets what is read of the image first, borrowed; -1 = none */
	bool dry_run;
	bool quiet, verbose, debug;
};

void run_spec_init(struct run_spec *s); /* the built-in defaults */
void run_spec_free(struct run_spec *s);
#define OWN_RUN_SPEC OWN(run_spec_free)

#endif
