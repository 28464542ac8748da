#ifndef SIF_CMD_UNPACK_H
#define SIF_CMD_UNPACK_H

struct unpack_options {
	char *image_fd, *offset, *size, *into_fd;
};

#endif
