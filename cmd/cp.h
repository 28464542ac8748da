#ifndef SIF_CMD_CP_H
#define SIF_CMD_CP_H

#include <stdbool.h>

struct cp_options {
	bool recursive, archive;
};

#endif
