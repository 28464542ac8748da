/* sif object new, add, delete, set-primary. */
#include "base/fd.h"
#include "base/le.h"
#include "base/replace.h"
#include "cmd/command.h"
#include "cmd/object.h"
#include "cmd/words.h"
#include "image/sif/write.h"

#include <fcntl.h>
#include <string.h>

COMMAND_RUN(object_new_main);
COMMAND_RUN(object_add_main);
COMMAND_RUN(object_delete_main);
COMMAND_RUN(object_set_primary_main);

static struct sif_change change_of(const struct object_options *opt)
{
	return (struct sif_change){ .has_time = opt->reference, .time = SIF_TIME_ZERO };
}

static int write_empty(int fd, const char *name, const struct object_options *opt, struct err *e)
{
	const struct sif_options so = { .launch = opt->launch ? opt->launch : "", .capacity = opt->capacity,
					.deterministic = opt->reference };
	struct sif_writer *w;
	int rc;

	if (sif_writer_new(fd, name, &so, &w, e))
		return -1;
	rc = sif_writer_finish(w, e);
	sif_writer_free(w);
	return rc;
}

int object_new_main(const struct invocation *inv, int argc, char *const argv[], struct err *e)
{
	OWN_OBJECT_OPTIONS struct object_options opt = {};
	OWN_REPLACE struct replace r = REPLACE_INIT;
	const char *words[1];
	unsigned n;

	(void)inv;
	if (words_parse(object_new_options, argc, argv, &opt, words, 1, 1, &n, "IMAGE", e))
		return -1;
	if (replace_begin(&r, words[0], 0755, e) || write_empty(r.fd, words[0], &opt, e))
		return -1;
	return replace_commit(&r, opt.force, e);
}

static int fill_partition(const struct object_options *opt, struct sif_input *in, struct err *e)
{
	if (!opt->fs || !opt->part || !opt->arch)
		return err_set(e, ERR_USAGE, "a partition needs --partfs, --parttype and --partarch");
	return sif_input_partition(in, opt->fs, opt->part, opt->arch, e);
}

static uint8_t nibble(char c)
{
	return (uint8_t)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
}

static int fill_signature(const struct object_options *opt, struct sif_input *in, struct err *e)
{
	if (!opt->hash || !opt->entity)
		return err_set(e, ERR_USAGE, "a signature needs --signhash and --signentity");
	put_le32(in->extra + SIF_X_SIGN_HASH, (uint32_t)opt->hash);
	for (size_t i = 0; i < SIF_ENTITY_LEN; i++)
		in->extra[SIF_X_SIGN_ENTITY + i] =
			(uint8_t)(nibble(opt->entity[2 * i]) << 4 | nibble(opt->entity[2 * i + 1]));
	return 0;
}

static int fill_input(const struct object_options *opt, struct sif_input *in, struct err *e)
{
	*in = (struct sif_input){ .type = opt->type, .group = opt->group, .link = opt->link,
				  .link_is_group = opt->link_is_group, .alignment = opt->alignment,
				  .name = opt->name };
	switch (opt->type) {
	case 0:
		err_set(e, ERR_USAGE, "--datatype is needed");
		return err_hint(e, "'sif object add --help' lists the types");
	case SIF_DATA_PARTITION:
		return fill_partition(opt, in, e);
	case SIF_DATA_SIGNATURE:
		return fill_signature(opt, in, e);
	case SIF_DATA_SBOM:
		if (!opt->sbom)
			return err_set(e, ERR_USAGE, "an SBOM needs --sbomformat");
		put_le32(in->extra + SIF_X_SBOM_FORMAT, (uint32_t)opt->sbom);
		return 0;
	case SIF_DATA_OCI_ROOT_INDEX:
	case SIF_DATA_OCI_BLOB:
		return err_set(e, ERR_USAGE, "an object of type '%s' carries its digest and cannot be added by hand",
			       sif_code_word(sif_types, opt->type));
	default:
		return 0;
	}
}

int object_add_main(const struct invocation *inv, int argc, char *const argv[], struct err *e)
{
	OWN_OBJECT_OPTIONS struct object_options opt = {};
	OWN_FD int fd = -1, file = -1;
	struct sif_change c;
	struct sif_input in;
	const char *words[2];
	unsigned n;
	bool is_stdin;

	(void)inv;
	if (words_parse(object_add_options, argc, argv, &opt, words, 2, 2, &n, "IMAGE FILE", e) ||
	    fill_input(&opt, &in, e))
		return -1;
	is_stdin = strcmp(words[1], "-") == 0;
	fd = fd_open(words[0], O_RDWR | O_NONBLOCK, e);
	if (fd < 0)
		return -1;
	if (!is_stdin)
		file = fd_open(words[1], O_RDONLY, e);
	if (!is_stdin && file < 0)
		return -1;
	c = change_of(&opt);
	return sif_add(fd, words[0], &in, is_stdin ? STDIN_FILENO : file, &c, e);
}

/* The words ID IMAGE; returns an owned descriptor for a change. */
static int open_for_change(const char *const words[], uint32_t *id, struct err *e)
{
	if (object_id(words[0], id, e))
		return -1;
	return fd_open(words[1], O_RDWR | O_NONBLOCK, e);
}

int object_delete_main(const struct invocation *inv, int argc, char *const argv[], struct err *e)
{
	OWN_OBJECT_OPTIONS struct object_options opt = {};
	OWN_FD int fd = -1;
	struct sif_change c;
	const char *words[2];
	uint32_t id = 0;
	unsigned n;

	(void)inv;
	if (words_parse(object_delete_options, argc, argv, &opt, words, 2, 2, &n, "ID IMAGE", e))
		return -1;
	fd = open_for_change(words, &id, e);
	if (fd < 0)
		return -1;
	c = change_of(&opt);
	return sif_delete(fd, words[1], id, opt.zero, opt.compact, &c, e);
}

int object_set_primary_main(const struct invocation *inv, int argc, char *const argv[], struct err *e)
{
	OWN_OBJECT_OPTIONS struct object_options opt = {};
	OWN_FD int fd = -1;
	struct sif_change c;
	const char *words[2];
	uint32_t id = 0;
	unsigned n;

	(void)inv;
	if (words_parse(object_set_primary_options, argc, argv, &opt, words, 2, 2, &n, "ID IMAGE", e))
		return -1;
	fd = open_for_change(words, &id, e);
	if (fd < 0)
		return -1;
	c = change_of(&opt);
	return sif_set_primary(fd, words[1], id, &c, e);
}
