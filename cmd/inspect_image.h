/* An image opened for inspection: a SIF file, a SquashFS file or a directory,
 * and the files in it, however they are stored. */
#ifndef SIF_CMD_INSPECT_IMAGE_H
#define SIF_CMD_INSPECT_IMAGE_H

#include "base/str.h"
#include "image/sif/read.h"
#include "image/squash/squash.h"

enum image_kind { IMAGE_SIF, IMAGE_SQUASH, IMAGE_DIRECTORY };

struct image {
	enum image_kind kind;
	const char *name; /* borrowed */
	int fd;		  /* the file, or the directory */
	uint64_t size;	  /* of the file */
	struct sif_image sif;
	/* Where the root file system lies in the file; has_squash: it is SquashFS
	 * and super is its superblock. */
	uint64_t offset, length;
	bool has_squash;
	struct squash_super super;
	struct source *src;
	struct squash *fs; /* opened by the first file that is read */
};

/* name is borrowed. ERR_FORMAT: neither of the three, or a damaged one. */
int image_open(const char *name, struct image *ret, struct err *e) MUST_CHECK;
void image_close(struct image *img);
#define OWN_IMAGE OWN(image_close)

/* Are there files to read (no for an encrypted or missing root partition)? */
bool image_has_files(const struct image *img);
/* A regular file, links followed beneath the image's root. 1 = read into out,
 * 0 = there is none, -1. Larger than 1 MiB is ERR_FORMAT. */
int image_read(struct image *img, const char *path, struct str *out, struct err *e) MUST_CHECK;
/* Names in a directory, in byte order, at most 1000 of them; none when there is
 * no such directory. */
int image_list(struct image *img, const char *path, struct strv *names, struct err *e) MUST_CHECK;
/* The bytes of an object of a SIF; larger than 16 MiB is ERR_FORMAT. */
int image_object(const struct image *img, const struct sif_object *o, struct str *out, struct err *e) MUST_CHECK;

#endif
