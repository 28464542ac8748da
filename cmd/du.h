#ifndef SIF_CMD_DU_H
#define SIF_CMD_DU_H

#include <stdbool.h>

struct du_options {
	bool summary, human, json;
};

#endif
