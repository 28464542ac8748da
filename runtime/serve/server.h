/* Inside of the image server: what its files share. */
#ifndef SIF_RUNTIME_SERVE_SERVER_H
#define SIF_RUNTIME_SERVE_SERVER_H

#include "runtime/serve/protocol.h"
#include "runtime/serve/record.h"
#include "runtime/serve/serve.h"

#include <pthread.h>
#include <stdatomic.h>

/* Answers never change while the mount lives: the kernel may keep them. (136
 * years; larger values overflow in some kernels' arithmetic.) */
#define FOREVER UINT32_MAX

#define CREW_MAX 4	/* workers that are meant to be at work at once */
#define CREW_STALLED 60 /* and those who stand in for them on storage that stalls */
struct crew {
	pthread_mutex_t lock;
	pthread_cond_t vacant;	/* nobody leads */
	pthread_cond_t stalled; /* nobody leads, and nobody is there to follow */
	bool led;
	_Atomic bool ended;
	unsigned parked; /* waiting for the lead */
	unsigned n, max; /* threads beside the main one */
	unsigned stand_ins;
	bool watched;	   /* a stand-in looks whether the lead stays vacant, */
	bool asleep;	   /* and sleeps until somebody steps down */
	uint64_t vacated;  /* when, ms */
};

struct server {
	const struct serve_config *cfg;
	struct squash *fs;
	const struct squash_super *super;
	bool has_xattrs;
	struct channel first; /* the main thread's */
	struct crew crew;
	struct record *record; /* NULL = nobody asked for one */
	struct complaints {
		pthread_mutex_t lock;
		unsigned n;
		uint64_t refs[16]; /* inodes complained about */
	} complaints;
};

/* Node ids are inode references, so that there is no table of open inodes and
 * FORGET costs nothing. 1 is the root by FUSE's rule, 0 is no node, and a
 * reference may be 0 or 1. */
static inline uint64_t node_of(const struct server *sv, uint64_t ref)
{
	return ref == squash_root_ref(sv->fs) ? FUSE_ROOT_ID : ref + 2;
}

static inline uint64_t ref_of(const struct server *sv, uint64_t node)
{
	return node == FUSE_ROOT_ID ? squash_root_ref(sv->fs) : node - 2;
}

/* crew.c: the threads. */
void crew_init(struct crew *c, const struct serve_config *cfg);
void crew_destroy(struct crew *c);

/* ops.c: answer rq into c->data; bytes of the reply or -errno, OP_SILENT = the
 * kernel expects no reply. */
#define OP_SILENT (-4096)
ssize_t op_dispatch(struct server *sv, struct channel *c, const struct request *rq);
/* The inode of a request, complaints included: 0 or -errno. */
int op_inode(struct server *sv, uint64_t node, struct squash_inode *ret);
void op_fill_entry(const struct server *sv, const struct squash_inode *i, struct fuse_entry_out *ret);

/* dir.c, xattr.c: the same shape as op_dispatch. */
ssize_t op_readdir(struct server *sv, struct channel *c, const struct request *rq);
ssize_t op_getxattr(struct server *sv, struct channel *c, const struct request *rq);
ssize_t op_listxattr(struct server *sv, struct channel *c, const struct request *rq);

/* complain.c: a damaged inode or block, once per inode and a limited number of
 * times, with the file's path. Returns -EIO. */
int complain(struct server *sv, uint64_t ref, const struct err *cause);

#endif
