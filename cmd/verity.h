/* sif verity: the options of its sub-commands. */
#ifndef SIF_CMD_VERITY_H
#define SIF_CMD_VERITY_H

#include "base/opt.h"

#include <stdint.h>

struct verity_options {
	uint32_t id; /* --sif-id; 0 = the primary partition */
};

extern const struct opt verity_add_options[], verity_check_options[];

#endif
