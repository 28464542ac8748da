/* Which launches share one image server: those with the same key. */
#ifndef SIF_RUNTIME_SERVER_KEY_H
#define SIF_RUNTIME_SERVER_KEY_H

#include "base/err.h"
#include "base/own.h"
#include "runtime/serve/wire.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

struct key_facts {
	uid_t uid;
	gid_t gid;
	const struct stat *user_ns; /* the caller's user namespace: /proc/self/ns/user */
	const struct stat *pid_ns;  /* its pid namespace, with which a server in it ends */
	const char *scope;     /* runtime/server/scope.h */
	const char *access;    /* how the image is read: engine, checks, policy; what
				  differs gets a server of its own */
	const struct stat *image;
	uint64_t offset, size; /* of the SquashFS in the image */
};

struct key {
	char text[WIRE_KEY_MAX]; /* all of it: the server compares */
	char name[40];		 /* file name of the socket: a hash of it */
};

/* -1 with ERR_SYSTEM: the key is too long. */
int key_make(const struct key_facts *f, struct key *ret, struct err *e) MUST_CHECK;

#endif
