/* The image server: answers the kernel's questions about one image until the
 * last mount of it is gone. */
#ifndef SIF_RUNTIME_SERVE_SERVE_H
#define SIF_RUNTIME_SERVE_SERVE_H

#include "base/cpus.h"
#include "base/err.h"
#include "base/own.h"
#include "image/squash/squash.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct serve_config {
	int device_fd;	   /* /dev/fuse of the mount, borrowed */
	int image_fd;	   /* the image's file, borrowed: was it changed since? */
	const char *name;  /* of the image, for messages */
	uid_t uid;	   /* owner shown for every file: a user namespace with a */
	gid_t gid;	   /* single id can show no other */
	int record_fd;	   /* gets what is read first (record.h), borrowed; -1 = none */
	unsigned workers;  /* threads at most; 0 = by the CPUs it may use */
	const char *cpus;  /* for serve_cpus */
	const char *comer;
};

/* Cut this process off from its past: no capability, no new privileges, not
 * dumpable, deaf to signals, limits of its own.
 * What cannot be had is left as it is, but for the privileges (an error). */
int serve_confine(struct err *e) MUST_CHECK;

/* Leave the launch's CPU (runtime/placement.h): all threads of this process, and
 * those to come. wanted: a list of CPUs (sif.conf's "mount cpus"), of which those
 * of the cpuset are taken; "auto" or NULL = all of the cpuset but those in comer,
 * the list that the first comer is bound to (NULL or empty = not known). Where
 * that leaves none: the whole cpuset. */
void serve_cpus(const char *wanted, const char *comer);
/* The same for the calling thread alone. *ret: its CPUs. 0 or -1. */
int serve_cpus_thread(const char *wanted, const char *comer, struct cpus *ret) MUST_CHECK;

/* Set the limits of fs: unpacked blocks 2 % of the tightest memory limit of the
 * cgroups above us, 2 to 64 MiB; metadata 4 %, 4 to 64 MiB. */
void serve_limit_memory(struct squash *fs);
/* The limits until then, which is after a start's few requests. */
#define SERVE_START_BLOCKS ((size_t)4 << 20)
#define SERVE_START_METADATA ((size_t)4 << 20)

struct server;

/* For squash_options.slow: the calling worker is about to be busy, somebody else
 * shall take the next request. ctx is not used. */
void serve_slow(void *ctx);

/* Before a pause in which the storage may come back (storage.c): let somebody
 * else answer. false = the mount is gone. *ret_requester: the thread that asked
 * for what this worker answers, 0 = not known. */
bool serve_patient(uint32_t *ret_requester);

/* Answer the kernel's first question (INIT), for which every access waits, with
 * the terms of the conversation. fs and cfg are borrowed and must outlive the
 * server. 0; 1 = the mount is gone already; -1. */
int serve_open(const struct serve_config *cfg, struct squash *fs, struct server **ret, struct err *e) MUST_CHECK;
/* Answer requests until the mount is gone. sv is in use by other threads until the
 * process ends, which is to come next. */
int serve_run(struct server *sv, struct err *e) MUST_CHECK;

/* Figures for `sif mounts`; any thread may ask. */
struct serve_stats {
	uint64_t metadata_bytes, metadata_limit; /* kept */
	uint64_t block_bytes, block_limit;	 /* unpacked data blocks kept, and in use */
	uint64_t requests, reads;		 /* READ requests among all requests */
	uint64_t blocks_unpacked;		 /* of data and metadata */
	uint64_t hits, misses;			 /* of the block cache; a block wanted whole is neither */
};
void serve_stats(struct server *sv, struct serve_stats *ret);
void serve_free(struct server *sv); /* NULL is fine */

#endif
