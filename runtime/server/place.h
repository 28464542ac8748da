/* The directory where this user's shared image servers listen. */
#ifndef SIF_RUNTIME_SERVER_PLACE_H
#define SIF_RUNTIME_SERVER_PLACE_H

#include "base/err.h"
#include "base/own.h"

#include <stdbool.h>
#include <sys/types.h>

struct place {
	int fd; /* owned; open for flock(2) */
	char path[256];
};
#define PLACE_INIT { .fd = -1 }

#define PLACES 4

/* The n-th candidate: $XDG_RUNTIME_DIR/sif (where the variable's directory is the user's), /run/user/UID/sif, /dev/shm/sif-UID,
 * /tmp/sif-UID. make: with the directory itself made when it is missing (its
 * parent never is). 0; 1 = there is no such place, or none to be trusted (not a
 * real directory, of another owner, open to others, on a file system that other
 * nodes see): the reason is logged; -1 = there is no n-th candidate. */
int place_open(unsigned n, bool make, struct place *ret);
void place_close(struct place *p);
#define OWN_PLACE OWN(place_close)

/* Nobody else makes or removes sockets here until place_unlock. Waits for a
 * moment; -1 when somebody holds it longer, or when the directory has gone
 * meanwhile (errno ENOENT: open it again). */
int place_lock(const struct place *p);
void place_unlock(const struct place *p);

/* Under a lock of its own: remove a socket (ino 0: whichever has this name), and
 * the directory when nothing else is in it. Without the lock nothing is removed:
 * the next launch sweeps a socket on which nobody listens. */
void place_unlink(int place_fd, const char *socket, ino_t ino);
void place_remove(int place_fd);

/* A name of place as a path that fits a socket address. */
void place_name(const struct place *p, const char *name, char *ret, size_t size);

#endif
