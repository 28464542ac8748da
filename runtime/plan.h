/* The plan of a launch: a list of steps, made of wishes and facts alone, so
 * that it can be tested and printed without privilege (--dry-run).
 * runtime/perform.c carries it out. */
#ifndef SIF_RUNTIME_PLAN_H
#define SIF_RUNTIME_PLAN_H

#include "base/err.h"
#include "runtime/host.h"
#include "runtime/rootfs.h"
#include "runtime/spec.h"

enum step_kind {
	STEP_BIND,    /* source of the host, with the mounts below it */
	STEP_DIR,     /* an empty directory, kept in memory for this launch */
	STEP_FILE,    /* a file with this text */
	STEP_PASSWD,  /* the image's file with the user in it (runtime/identity.h) */
	STEP_GROUP,
	STEP_PROC,    /* a new instance of the kernel's file system */
	STEP_SYSFS,
	STEP_MQUEUE,
	STEP_DEVICES, /* a /dev with the few devices that every program needs */
	STEP_IMAGE,   /* a directory of another image */
};

enum step_flag {
	STEP_READONLY = 1,
	STEP_NODEV = 2,
	STEP_NOEXEC = 4,
	STEP_NONESTED = 8,  /* without the mounts below the source */
	STEP_WISH = 16,	    /* the user asked for it: it works or the launch fails */
	STEP_ALIAS = 32,    /* left out where the target already shows an earlier step */
	STEP_IS_FILE = 64,  /* the target is a file, not a directory */
	STEP_MAKE_SOURCE = 128, /* make the source directory on the host */
};

struct step {
	enum step_kind kind;
	unsigned flags; /* enum step_flag */
	char *source;	/* absolute, of the host; the image of STEP_IMAGE */
	char *real;	/* source without symbolic links */
	char *target;	/* absolute, clean, inside */
	char *text;	/* STEP_FILE: content; STEP_IMAGE: directory inside the image */
	uint32_t object; /* STEP_IMAGE: partition, 0 = the usual one */
	mode_t mode;	/* STEP_DIR */
	const char *why; /* static, for --dry-run and messages */
};

enum plan_root { ROOT_READONLY, ROOT_OVERLAY, ROOT_WRITABLE };

struct plan {
	struct step *steps; /* in the order in which they are done */
	size_t n, cap;
	enum plan_root root;
	uint64_t session_size; /* bytes of memory for STEP_DIR, STEP_FILE and the overlay */
	uint64_t unpack_limit; /* as in struct rootfs */
	bool pid, ipc, net, uts; /* new namespaces besides user and mount */
	char *hostname;
	char *home;	      /* inside */
	struct strv cwd;      /* where to start: the first that exists */
	bool cwd_required;    /* the first or none */
	bool default_umask;   /* 0022 instead of the caller's */
	char *bind_list;      /* "dest,dest" of the user's binds, or NULL */
	bool tmpdir_bound, xdg_runtime_bound, xauthority_bound; /* the host's are visible under their names */
	char *tty;	      /* terminal for /dev/console, or NULL */
};

/* Errors: ERR_USAGE (a wish that cannot be), ERR_SYSTEM (a missing source). */
int plan_make(const struct run_spec *spec, const struct rootfs *image, const struct host_facts *host,
	      struct plan *ret, struct err *e) MUST_CHECK;
void plan_free(struct plan *p);
#define OWN_PLAN OWN(plan_free)

/* One line a step, for people. */
void plan_print(const struct plan *p, const struct rootfs *image, struct str *out);

#endif
