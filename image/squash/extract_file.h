/* The crew that fills files, and attributes of what was made (extract.c). */
#ifndef SIF_IMAGE_SQUASH_EXTRACT_FILE_H
#define SIF_IMAGE_SQUASH_EXTRACT_FILE_H

#include "image/squash/extract.h"

#include <pthread.h>
#include <stdatomic.h>

#define EXTRACT_BUF (1u << 20)
#define CREW_MAX 16
#define CREW_QUEUE 64

struct extract_job {
	struct squash_inode inode;
	int fd;	    /* owned */
	char *path; /* for messages; owned */
};

struct extract_crew {
	struct squash *fs;
	bool owners;
	_Atomic uint64_t xattrs_left;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct extract_job queue[CREW_QUEUE];
	size_t head, n; /* oldest job, jobs */
	bool done; /* nothing more will come */
	bool stop; /* what is queued is not wanted any more */
	bool failed;
	struct err err; /* of the first that failed */
	pthread_t thread[CREW_MAX];
	unsigned threads;
};

int extract_crew_start(struct extract_crew *c, unsigned threads, struct err *e) MUST_CHECK;
/* Takes fd in any case. Waits while the queue is full; fails when one of the
 * crew failed. */
int extract_crew_give(struct extract_crew *c, const struct squash_inode *file, int fd, const char *path,
		      struct err *e) MUST_CHECK;
/* Waits until the last file is written. e NULL: drop what is queued. */
int extract_crew_end(struct extract_crew *c, struct err *e) MUST_CHECK;

/* The bytes of a file; buf: EXTRACT_BUF bytes. */
int extract_bytes(struct squash *fs, const struct squash_inode *file, int fd, void *buf, struct err *e) MUST_CHECK;
/* Owner, extended attributes, mode, times: of an open file, or of a name that
 * cannot be opened (a link, a FIFO). */
int extract_attributes(struct extract_crew *c, const struct squash_inode *i, int fd, const char *path,
		       struct err *e) MUST_CHECK;
int extract_attributes_at(struct extract_crew *c, const struct squash_inode *i, int parent, const char *name,
			  const char *path, struct err *e) MUST_CHECK;

#endif
