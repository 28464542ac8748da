/* The image servers' log file of this user. */
#ifndef SIF_RUNTIME_SERVER_LOG_H
#define SIF_RUNTIME_SERVER_LOG_H

/* Its path, malloc'ed: $XDG_STATE_HOME/sif/server.log, else
 * ~/.local/state/sif/server.log. */
char *server_log_path(const char *home);

/* Open it for appending, made when missing, emptied when it has grown past 1 MiB.
 * Returns an owned descriptor; -1 when it cannot be had, or when that
 * home is another user's: a launch goes on without a log. */
int server_log_open(const char *home);

#endif
