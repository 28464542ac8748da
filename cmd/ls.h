#ifndef SIF_CMD_LS_H
#define SIF_CMD_LS_H

#include <stdbool.h>

struct ls_options {
	bool details, all, recursive, json;
};

#endif
