/* Messages with descriptors between two processes of this node. */
#ifndef SIF_BASE_PASS_H
#define SIF_BASE_PASS_H

#include "base/own.h"

#include <stddef.h>
#include <sys/types.h>

#define PASS_MAX 8 /* descriptors in one message */

/* Send one message on a SOCK_SEQPACKET socket, with n descriptors (borrowed).
 * 0, or -1 with errno; a peer that is gone is EPIPE, not a signal. */
int pass_send(int sock, const void *data, size_t len, const int fds[], size_t n) MUST_CHECK;

/* Receive one message of at most len bytes and max descriptors, which are owned
 * by the caller and CLOEXEC; *ret_n tells how many came. Too many, or a message
 * that is too long, is EMSGSIZE and leaves nothing open. Returns its length, 0 =
 * the peer is gone, -1 with errno. Source: unix(7), cmsg(3). */
ssize_t pass_recv(int sock, void *data, size_t len, int fds[], size_t max, size_t *ret_n) MUST_CHECK;

#endif
