/* The file that a command is writing: where it can have no anonymous form it has
 * a name (base/replace.h), which must go when a signal ends us. */
#ifndef SIF_CMD_UNFINISHED_H
#define SIF_CMD_UNFINISHED_H

#include "base/replace.h"

/* r must stay until unfinished_done. One file at a time. */
void unfinished_watch(struct replace *r);
void unfinished_done(void);

#endif
