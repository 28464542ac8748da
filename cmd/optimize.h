/* sif optimize, and its second half, sif-pack repack. */
#ifndef SIF_CMD_OPTIMIZE_H
#define SIF_CMD_OPTIMIZE_H

#include "base/opt.h"

#include <stdbool.h>

struct optimize_options {
	bool force, quiet;
};
extern const struct opt optimize_options[];

struct repack_words {
	char *record_fd;
	bool force;
};
extern const struct opt repack_options[];

#endif
