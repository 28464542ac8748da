/* Inside of the image server: what its files share. */
#ifndef SIF_RUNTIME_SERVE_SERVER_H
#define SIF_RUNTIME_SERVE_SERVER_H

#include "runtime/serve/protocol.h"
#include "runtime/serve/record.h"
#include "runtime/serve/serve.h"

#include <pthread.h>
#include <sys/stat.h>
#include <stdatomic.h>

/* Answers never change while the mount lives: the kernel may keep them. (136
 * years; larger values overflow in some kernels' arithmetic.) */
#define FOREVER UINT32_MAX

/* Threads, the main one among them, that are of use; and that may be waiting for
 * an image whose storage stalls. */
#define CREW_MAX 4
#define CREW_STALLED 60
struct worker;
struct crew {
	_Atomic(struct worker *) leader; /* NULL = nobody leads */
	_Atomic(struct worker *) busy;	 /* the leader, between a request and its reply */
	_Atomic unsigned crowd;		 /* how many slow answers shall still be given while another leads */
	_Atomic uint64_t requests, reads;
	_Atomic bool awake; /* the keeper ticks */
	pthread_mutex_t lock;
	pthread_cond_t vacant; /* nobody leads */
	pthread_cond_t wake;   /* the keeper */
	_Atomic bool ended;
	bool keeper;	    /* there is one */
	unsigned parked;    /* waiting for the lead */
	unsigned n, max;    /* workers, the main thread not counted; how many are of use */
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
		struct stat image; /* as it was when the server began */
		bool changed;	   /* and that it is another one now was said */
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

/* crew.c: the threads that answer. */
struct worker {
	struct server *sv;
	struct channel channel;
	unsigned answered; /* up to the end of the start */
	uint64_t began;	   /* when the answer at hand became slow, ns; 0 = it is not */
	uint32_t requester; /* process of the request at hand */
	bool main;
};
void crew_init(struct crew *c, const struct serve_config *cfg);
void crew_destroy(struct crew *c);
/* The leader has been busy for long: somebody else shall lead. */
void crew_replace(struct server *sv, struct worker *stuck);
/* Called with the lock: start a thread; false where that fails. */
bool crew_thread(struct server *sv, void *(*fn)(void *arg));

/* keeper.c: the thread that looks after the others. */
void keeper_start(struct server *sv);
void keeper_wake(struct server *sv);

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
