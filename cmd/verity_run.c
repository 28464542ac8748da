/* sif verity add, check. */
#include "cmd/verity.h"

#include "base/cpus.h"
#include "base/fd.h"
#include "base/log.h"
#include "cmd/command.h"
#include "cmd/words.h"
#include "image/verity/add.h"
#include "image/verity/check.h"

#include <fcntl.h>
#include <inttypes.h>

COMMAND_RUN(verity_add_main);
COMMAND_RUN(verity_check_main);

static int find_partition(const struct sif_image *img, const char *name, uint32_t id, const struct sif_object **ret,
			  struct err *e)
{
	const struct sif_object *o = id ? sif_by_id(img, id) : sif_primary(img);

	if (!o && id) {
		err_set(e, ERR_USAGE, "object %" PRIu32 " not found in '%s'", id, name);
		e->status = 1;
		return err_hint(e, "'sif object list' shows the objects");
	}
	if (!o) {
		err_set(e, ERR_USAGE, "'%s' has no partition that is run", name);
		e->status = 1;
		return err_hint(e, "name another one with --sif-id");
	}
	if (o->type != SIF_DATA_PARTITION)
		return err_set(e, ERR_USAGE, "object %" PRIu32 " of '%s' is no partition", id, name);
	*ret = o;
	return 0;
}

int verity_add_main(const struct invocation *inv, int argc, char *const argv[], struct err *e)
{
	OWN_SIF_IMAGE struct sif_image img = {};
	struct verity_options opt = {};
	const struct sif_object *part;
	struct verity_added added;
	const char *words[1];
	OWN_FD int fd = -1;
	unsigned n;

	if (words_parse(verity_add_options, argc, argv, &opt, words, 1, 1, &n, "IMAGE", e))
		return -1;
	fd = fd_open(words[0], O_RDWR | O_NONBLOCK, e);
	if (fd < 0 || sif_read(fd, words[0], &img, e) || find_partition(&img, words[0], opt.id, &part, e))
		return -1;
	if (verity_next(&img, part, NULL)) {
		err_set(e, ERR_USAGE, "'%s' has a hash tree for object %" PRIu32 " already", words[0], part->id);
		e->status = 1;
		return err_hint(e, "sif verity check %s", words[0]);
	}
	if (verity_add(fd, words[0], &img, part, NULL, NULL, &added, e))
		return -1;
	if (!inv->quiet && added.own_group)
		fprintf(stderr, "%s: group %" PRIu32 " has the hash tree; sign it: sif sign --group-id %" PRIu32 " %s\n",
			words[0], added.group, added.group, words[0]);
	return 0;
}

int verity_check_main(const struct invocation *inv, int argc, char *const argv[], struct err *e)
{
	OWN_SIF_IMAGE struct sif_image img = {};
	struct verity_options opt = {};
	const struct sif_object *part, *json = NULL;
	const char *words[1];
	OWN_FD int fd = -1;
	unsigned n;

	if (words_parse(verity_check_options, argc, argv, &opt, words, 1, 1, &n, "IMAGE", e))
		return -1;
	fd = fd_open(words[0], O_RDONLY | O_NONBLOCK, e);
	if (fd < 0 || sif_read(fd, words[0], &img, e) || find_partition(&img, words[0], opt.id, &part, e))
		return -1;
	while ((json = verity_next(&img, part, json))) {
		struct verity v;

		if (verity_load(fd, &img, part, json, &v, e) ||
		    verity_check(fd, words[0], &v, cpus_available(), NULL, e))
			return -1;
		if (!inv->quiet)
			printf("%s: %" PRIu64 " blocks of object %" PRIu32 " are as the hash tree says\n", words[0],
			       v.layout.data_blocks, part->id);
		opt.id = UINT32_MAX;
	}
	if (opt.id == UINT32_MAX)
		return 0;
	err_set(e, ERR_VERIFY, "'%s' has no hash tree for object %" PRIu32, words[0], part->id);
	return err_hint(e, "sif verity add %s", words[0]);
}
