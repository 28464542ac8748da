/* The conversation: terms (INIT), then workers that answer.
 *
 * Each worker reads its own clone of the device, decompresses into its own reply
 * buffer, and sleeps in the kernel when there is nothing to do. The first one is
 * the main thread, which answers from the first request on; the others join it
 * when it has more to do than a short program asks for, so that starting them is
 * not paid before anything could run. */
#include "runtime/serve/server.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#define WORKERS_MAX 4
#define WORKER_STACK (256 * 1024)
/* Requests after which the other workers are started. */
#define ALONE 32

struct worker {
	struct server *sv;
	struct channel channel;
	pthread_t thread;
};

/* Which of the kernel's offers are taken, and why:
 * READDIRPLUS: attributes come with the names, a walk asks once per directory;
 * NO_OPEN, NO_OPENDIR: see ops.c; CACHE_SYMLINKS: a link's target is asked once;
 * PARALLEL_DIROPS, ASYNC_READ: several workers may serve one directory or file;
 * MAX_PAGES: replies up to the mount's max_read. */
#define WANTED_FLAGS                                                                              \
	(FUSE_DO_READDIRPLUS | FUSE_READDIRPLUS_AUTO | FUSE_NO_OPEN_SUPPORT |                     \
	 FUSE_NO_OPENDIR_SUPPORT | FUSE_CACHE_SYMLINKS | FUSE_PARALLEL_DIROPS | FUSE_ASYNC_READ | \
	 FUSE_MAX_PAGES | FUSE_BIG_WRITES)

static ssize_t agree(struct channel *c, const struct fuse_init_in *in)
{
	struct fuse_init_out *out = (struct fuse_init_out *)(void *)c->data;

	*out = (struct fuse_init_out){
		.major = FUSE_KERNEL_VERSION,
		.minor = in->minor < FUSE_KERNEL_MINOR_VERSION ? in->minor : FUSE_KERNEL_MINOR_VERSION,
		.max_readahead = in->max_readahead,
		.flags = in->flags & WANTED_FLAGS,
		.max_background = 64,
		.congestion_threshold = 48,
		.max_write = 4096,
		.time_gran = 1000000000,
		.max_pages = (uint16_t)(CHANNEL_DATA / (size_t)sysconf(_SC_PAGESIZE)),
	};
	return sizeof(*out);
}

/* 0; 1 = the mount is gone; -1. A kernel with a newer major number asks again
 * after it was told ours. */
static int greet(struct channel *c, struct err *e)
{
	for (;;) {
		const struct fuse_init_in *in;
		struct request rq;
		int rc = channel_receive(c, &rq, e);

		if (rc <= 0)
			return rc < 0 ? -1 : 1;
		in = rq.arg;
		if (rq.head->opcode != FUSE_INIT || rq.arg_len < 2 * sizeof(uint32_t))
			return err_set(e, ERR_BUG, "the kernel's first request is %u", rq.head->opcode);
		if (in->major < FUSE_KERNEL_VERSION || (in->major == FUSE_KERNEL_VERSION && in->minor < 28)) {
			channel_reply(c, &rq, -EPROTO);
			return err_set(e, ERR_ENVIRONMENT, "the kernel's FUSE is too old (%u.%u)", in->major,
				       in->minor);
		}
		channel_reply(c, &rq, agree(c, in));
		if (in->major == FUSE_KERNEL_VERSION)
			return 0;
	}
}

int serve_open(const struct serve_config *cfg, struct squash *fs, struct server **ret, struct err *e)
{
	struct server *sv = calloc(1, sizeof(*sv));
	int rc;

	if (!sv)
		return err_sys(e, ENOMEM, "cannot serve '%s'", cfg->name);
	sv->cfg = cfg;
	sv->fs = fs;
	sv->super = squash_super(fs);
	sv->has_xattrs = squash_has_xattrs(fs);
	pthread_mutex_init(&sv->complaints.lock, NULL);
	if (channel_open(&sv->first, cfg->device_fd, false, e)) {
		free(sv);
		return -1;
	}
	rc = greet(&sv->first, e);
	if (rc) {
		serve_free(sv);
		return rc;
	}
	*ret = sv;
	return 0;
}

void serve_free(struct server *sv)
{
	if (!sv)
		return;
	channel_close(&sv->first);
	pthread_mutex_destroy(&sv->complaints.lock);
	free(sv);
}

/* Answer requests: at most max, 0 = without end. 1 = max reached, 0 = the mount
 * is gone, -1. */
static int answer(struct server *sv, struct channel *c, unsigned max, struct err *e)
{
	for (unsigned n = 0; max == 0 || n < max; n++) {
		struct request rq;
		ssize_t result;
		int rc = channel_receive(c, &rq, e);

		if (rc <= 0)
			return rc;
		result = op_dispatch(sv, c, &rq);
		if (result != OP_SILENT)
			channel_reply(c, &rq, result);
	}
	return 1;
}

static void *work(void *arg)
{
	struct worker *w = arg;
	struct err e = {};

	/* Any error here is met by the first worker, too, which reports it. */
	if (channel_open(&w->channel, w->sv->cfg->device_fd, true, &e))
		return NULL;
	if (answer(w->sv, &w->channel, 0, &e))
		abort();
	channel_close(&w->channel);
	return NULL;
}

/* One CPU still gets two: one may wait for the disk while the other answers. */
static unsigned worker_count(const struct serve_config *cfg)
{
	cpu_set_t set;
	int cpus = WORKERS_MAX;

	if (cfg->workers)
		return cfg->workers < WORKERS_MAX ? cfg->workers : WORKERS_MAX;
	/* EINVAL: more CPUs than a cpu_set_t has room for. */
	if (sched_getaffinity(0, sizeof(set), &set) == 0)
		cpus = CPU_COUNT(&set);
	if (cpus < 2)
		return 2;
	return cpus < WORKERS_MAX ? (unsigned)cpus : WORKERS_MAX;
}

/* Returns how many run; with fewer than wanted the server is slower, not worse. */
static unsigned start_workers(struct server *sv, struct worker *workers, unsigned n)
{
	pthread_attr_t attr;
	unsigned i;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, WORKER_STACK);
	for (i = 0; i < n; i++) {
		workers[i].sv = sv;
		if (pthread_create(&workers[i].thread, &attr, work, &workers[i]))
			break;
	}
	pthread_attr_destroy(&attr);
	return i;
}

int serve_run(struct server *sv, struct err *e)
{
	struct worker workers[WORKERS_MAX - 1] = {};
	unsigned n;
	int rc = answer(sv, &sv->first, ALONE, e);

	if (rc <= 0)
		return rc;
	n = start_workers(sv, workers, worker_count(sv->cfg) - 1);
	rc = answer(sv, &sv->first, 0, e);
	/* On an error the process ends, and the kernel fails what is still asked;
	 * otherwise ENODEV reaches every worker. */
	if (rc == 0)
		for (unsigned i = 0; i < n; i++)
			pthread_join(workers[i].thread, NULL);
	return rc;
}
