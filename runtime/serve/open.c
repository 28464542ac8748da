/* The beginning: the terms of the conversation (INIT). */
#include "runtime/serve/server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Which of the kernel's offers are taken, and why:
 * READDIRPLUS: attributes come with the names, and not only (READDIRPLUS_AUTO)
 *   with the first part of a directory: what reads names looks at the files next;
 * NO_OPEN, NO_OPENDIR: see ops.c; CACHE_SYMLINKS: a link's target is asked once;
 * PARALLEL_DIROPS, ASYNC_READ: several workers may serve one directory or file;
 * MAX_PAGES: replies up to the mount's max_read. */
#define WANTED_FLAGS                                                                              \
	(FUSE_DO_READDIRPLUS | FUSE_NO_OPEN_SUPPORT | FUSE_NO_OPENDIR_SUPPORT |                   \
	 FUSE_CACHE_SYMLINKS | FUSE_PARALLEL_DIROPS | FUSE_ASYNC_READ | \
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
	if (fstat(cfg->image_fd, &sv->complaints.image))
		sv->complaints.image.st_ino = 0; /* not known */
	crew_init(&sv->crew, cfg);
	if (cfg->record_fd >= 0)
		sv->record = record_new(cfg->record_fd, sv->super->block_size);
	rc = channel_open(&sv->first, cfg->device_fd, e);
	if (rc == 0)
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
	crew_destroy(&sv->crew);
	record_free(sv->record);
	pthread_mutex_destroy(&sv->complaints.lock);
	free(sv);
}
