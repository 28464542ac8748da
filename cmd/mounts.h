#ifndef SIF_CMD_MOUNTS_H
#define SIF_CMD_MOUNTS_H

#include "base/opt.h"

#include <stdbool.h>

struct mounts_options {
	bool json, stop, log;
};

extern const struct opt mounts_options[];

#endif
