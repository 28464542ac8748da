/* sif object list, info, header, dump. */
#include "base/fd.h"
#include "cmd/command.h"
#include "cmd/object.h"
#include "cmd/words.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/sendfile.h>

COMMAND_RUN(object_list_main);
COMMAND_RUN(object_info_main);
COMMAND_RUN(object_header_main);
COMMAND_RUN(object_dump_main);

/* Returns an owned descriptor. O_NONBLOCK: a FIFO in place of an image must
 * not hold us up. */
static int open_image(const char *path, struct sif_image *img, struct err *e)
{
	OWN_FD int fd = fd_open(path, O_RDONLY | O_NONBLOCK, e);

	if (fd < 0 || sif_read(fd, path, img, e))
		return -1;
	return TAKE_FD(fd);
}

/* The words ID IMAGE: reads the image and finds the object. */
static int open_object(const char *const words[], struct sif_image *img, const struct sif_object **ret, struct err *e)
{
	OWN_FD int fd = -1;
	uint32_t id;

	if (object_id(words[0], &id, e))
		return -1;
	fd = open_image(words[1], img, e);
	if (fd < 0)
		return -1;
	*ret = sif_by_id(img, id);
	if (!*ret) {
		err_set(e, ERR_USAGE, "object %" PRIu32 " not found in '%s'", id, words[1]);
		e->status = 1;
		return err_hint(e, "'sif object list' shows the objects");
	}
	return TAKE_FD(fd);
}

int object_list_main(const struct invocation *inv, int argc, char *const argv[], struct err *e)
{
	OWN_OBJECT_OPTIONS struct object_options opt = {};
	OWN_SIF_IMAGE struct sif_image img = {};
	OWN_STR struct str out = {};
	OWN_FD int fd = -1;
	const char *words[1];
	unsigned n;

	if (words_parse(object_list_options, argc, argv, &opt, words, 1, 1, &n, "IMAGE", e))
		return -1;
	fd = open_image(words[0], &img, e);
	if (fd < 0)
		return -1;
	if (opt.json)
		object_json_image(&img, &out);
	else if (inv->dialect == DIALECT_SIF)
		object_text_list(&img, &out);
	else
		object_text_list_peers(&img, &out);
	fputs(str_text(&out), stdout);
	return 0;
}

int object_info_main(const struct invocation *inv, int argc, char *const argv[], struct err *e)
{
	OWN_OBJECT_OPTIONS struct object_options opt = {};
	OWN_SIF_IMAGE struct sif_image img = {};
	OWN_STR struct str out = {};
	const struct sif_object *o;
	OWN_FD int fd = -1;
	const char *words[2];
	unsigned n;

	(void)inv;
	if (words_parse(object_info_options, argc, argv, &opt, words, 2, 2, &n, "ID IMAGE", e))
		return -1;
	fd = open_object(words, &img, &o, e);
	if (fd < 0)
		return -1;
	if (opt.json) {
		object_json_object(&img, o, "", &out);
		str_add(&out, "\n");
	} else {
		object_text_info(&img, o, &out);
	}
	fputs(str_text(&out), stdout);
	return 0;
}

int object_header_main(const struct invocation *inv, int argc, char *const argv[], struct err *e)
{
	OWN_OBJECT_OPTIONS struct object_options opt = {};
	OWN_SIF_IMAGE struct sif_image img = {};
	OWN_STR struct str out = {};
	OWN_FD int fd = -1;
	const char *words[1];
	unsigned n;

	(void)inv;
	if (words_parse(object_header_options, argc, argv, &opt, words, 1, 1, &n, "IMAGE", e))
		return -1;
	fd = open_image(words[0], &img, e);
	if (fd < 0)
		return -1;
	if (opt.json)
		object_json_header(&img, &out);
	else
		object_text_header(&img, &out);
	fputs(str_text(&out), stdout);
	return 0;
}

/* size bytes at offset of fd to standard output, through the kernel where it
 * can, else through memory (a pipe whose other end is a terminal, say). */
static int copy_out(int fd, const struct sif_object *o, const char *name, struct err *e)
{
	off_t at = (off_t)o->offset, end = at + (off_t)o->size;
	char buf[64 * 1024];

	while (at < end) {
		size_t left = (size_t)(end - at);
		ssize_t n = sendfile(STDOUT_FILENO, fd, &at, left);

		if (n > 0 || (n < 0 && errno == EINTR))
			continue;
		if (n == 0)
			return err_set(e, ERR_FORMAT, "'%s' became shorter while it was read", name);
		if (errno != EINVAL && errno != ENOSYS)
			return err_sys(e, errno, "cannot write to standard output");
		if (left > sizeof(buf))
			left = sizeof(buf);
		if (fd_pread_full(fd, buf, left, (uint64_t)at, name, e) ||
		    fd_write_full(STDOUT_FILENO, buf, left, "standard output", e))
			return -1;
		at += (off_t)left;
	}
	return 0;
}

int object_dump_main(const struct invocation *inv, int argc, char *const argv[], struct err *e)
{
	OWN_OBJECT_OPTIONS struct object_options opt = {};
	OWN_SIF_IMAGE struct sif_image img = {};
	const struct sif_object *o;
	OWN_FD int fd = -1;
	const char *words[2];
	unsigned n;

	(void)inv;
	if (words_parse(object_dump_options, argc, argv, &opt, words, 2, 2, &n, "ID IMAGE", e))
		return -1;
	fd = open_object(words, &img, &o, e);
	return fd < 0 ? -1 : copy_out(fd, o, words[1], e);
}
