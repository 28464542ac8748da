#ifndef SIF_CMD_UNPACK_H
#define SIF_CMD_UNPACK_H

#include <stdbool.h>

struct unpack_options {
	char *image_fd, *offset, *size, *into_fd;
	bool measure;
};

#endif
