/* sif object: the words and options of its sub-commands. What they do is in
 * object_read.c and object_change.c, which only `sif` itself links. */
#include "cmd/object.h"

#include "base/num.h"
#include "cmd/command.h"

#include <ctype.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

COMMAND_RUN(object_list_main);
COMMAND_RUN(object_info_main);
COMMAND_RUN(object_header_main);
COMMAND_RUN(object_dump_main);
COMMAND_RUN(object_new_main);
COMMAND_RUN(object_add_main);
COMMAND_RUN(object_delete_main);
COMMAND_RUN(object_set_primary_main);

#define FIELD(name) offsetof(struct object_options, name)

/* One of our words, or the number that other SIF tools use (code - base). */
static int parse_code(const struct sif_code *table, int32_t base, const char *arg, int32_t *ret, struct err *e)
{
	int32_t code = sif_code_find(table, arg);
	uint32_t n;

	if (!code && num_u32(arg, &n, e) == 0 && n && n < 4096)
		code = (int32_t)n + base;
	for (const struct sif_code *c = table; c->name; c++)
		if (code && c->code == code) {
			*ret = code;
			return 0;
		}
	err_set(e, ERR_USAGE, "'%s' is not known", arg);
	return err_hint(e, "'sif object add --help' lists the words");
}

static int parse_type(void *options, const char *arg, struct err *e)
{
	struct object_options *o = options;

	return parse_code(sif_types, SIF_DATA_DEFFILE - 1, arg, &o->type, e);
}

static int parse_fs(void *options, const char *arg, struct err *e)
{
	struct object_options *o = options;

	return parse_code(sif_fs_types, 0, arg, &o->fs, e);
}

static int parse_part(void *options, const char *arg, struct err *e)
{
	struct object_options *o = options;

	return parse_code(sif_part_types, 0, arg, &o->part, e);
}

static int parse_hash(void *options, const char *arg, struct err *e)
{
	struct object_options *o = options;

	return parse_code(sif_hashes, 0, arg, &o->hash, e);
}

static int parse_sbom(void *options, const char *arg, struct err *e)
{
	struct object_options *o = options;

	return parse_code(sif_sbom_formats, 0, arg, &o->sbom, e);
}

/* A Go name, or the number of its code. */
static int parse_arch(void *options, const char *arg, struct err *e)
{
	struct object_options *o = options;
	char code[SIF_ARCH_LEN] = {};
	uint32_t n;

	if (isdigit((unsigned char)arg[0]) && strcmp(arg, "386") != 0 && num_u32(arg, &n, e) == 0 && n < 100) {
		code[0] = (char)('0' + n / 10);
		code[1] = (char)('0' + n % 10);
	} else {
		memcpy(code, sif_arch_code(arg), SIF_ARCH_LEN);
	}
	o->arch = sif_arch_name(code);
	if (strcmp(o->arch, "unknown") != 0)
		return 0;
	err_set(e, ERR_USAGE, "there is no architecture '%s'", arg);
	return err_hint(e, ARCH_HINT);
}

static int parse_entity(void *options, const char *arg, struct err *e)
{
	struct object_options *o = options;

	if (strlen(arg) != 2 * SIF_ENTITY_LEN || strspn(arg, "0123456789abcdefABCDEF") != 2 * SIF_ENTITY_LEN)
		return err_set(e, ERR_USAGE, "'%s' is not a fingerprint of %d hexadecimal digits", arg,
			       2 * SIF_ENTITY_LEN);
	free(o->entity);
	o->entity = strdup(arg);
	return 0;
}

static int parse_group(void *options, const char *arg, struct err *e)
{
	return num_u32(arg, &((struct object_options *)options)->group, e);
}

static int parse_link(void *options, const char *arg, struct err *e)
{
	struct object_options *o = options;

	o->link_is_group = false;
	return num_u32(arg, &o->link, e);
}

static int parse_link_group(void *options, const char *arg, struct err *e)
{
	struct object_options *o = options;

	o->link_is_group = true;
	return num_u32(arg, &o->link, e);
}

static int parse_alignment(void *options, const char *arg, struct err *e)
{
	return num_u32(arg, &((struct object_options *)options)->alignment, e);
}

static int parse_capacity(void *options, const char *arg, struct err *e)
{
	return num_u32(arg, &((struct object_options *)options)->capacity, e);
}

static int parse_deterministic(void *options, const char *arg, struct err *e)
{
	if (strcmp(arg, "reference") != 0)
		return err_set(e, ERR_USAGE, "'%s' is not a way to be deterministic, only 'reference' is", arg);
	((struct object_options *)options)->reference = true;
	return 0;
}

void object_options_free(struct object_options *o)
{
	free(o->launch);
	free(o->entity);
	free(o->name);
}

int object_id(const char *word, uint32_t *ret, struct err *e)
{
	if (num_u32(word, ret, e))
		return err_ctx(e, "object id");
	return 0;
}

#define JSON_OPTION { .name = "json", .letter = 'j', .kind = OPT_TRUE, .offset = FIELD(json), .help = "print JSON", \
		      .flags = OPT_NO_ENV }
#define DETERMINISTIC_OPTION { .name = "deterministic", .kind = OPT_CALL, .arg = "reference", \
			       .parse = parse_deterministic, .flags = OPT_NO_ENV, \
			       .help = "UUID zero, times as the reference writes them" }
#define CALL(name_, parse_, arg_, help_) \
	{ .name = name_, .kind = OPT_CALL, .arg = arg_, .parse = parse_, .help = help_, .flags = OPT_NO_ENV }

const struct opt object_list_options[] = { JSON_OPTION, { .name = NULL } };
const struct opt object_info_options[] = { JSON_OPTION, { .name = NULL } };
const struct opt object_header_options[] = { JSON_OPTION, { .name = NULL } };
const struct opt object_dump_options[] = { { .name = NULL } };
const struct opt object_set_primary_options[] = { DETERMINISTIC_OPTION, { .name = NULL } };

const struct opt object_new_options[] = {
	{ .name = "force", .letter = 'F', .kind = OPT_TRUE, .offset = FIELD(force), .flags = OPT_NO_ENV,
	  .help = "replace an existing file" },
	{ .name = "launch", .kind = OPT_STR, .offset = FIELD(launch), .arg = "TEXT", .flags = OPT_NO_ENV,
	  .help = "launch script, at most 31 bytes (none by default)" },
	CALL("capacity", parse_capacity, "N", "room for N objects (48 by default)"),
	DETERMINISTIC_OPTION,
	{ .name = NULL },
};

const struct opt object_add_options[] = {
	CALL("datatype", parse_type, "TYPE", "what the object is (needed)"),
	CALL("partfs", parse_fs, "FS", "file system of a partition"),
	CALL("parttype", parse_part, "PART", "use of a partition"),
	CALL("partarch", parse_arch, "ARCH", "architecture of a partition"),
	CALL("signhash", parse_hash, "HASH", "hash of a signature"),
	CALL("signentity", parse_entity, "HEX", "fingerprint of the signing key"),
	CALL("sbomformat", parse_sbom, "FORMAT", "format of an SBOM"),
	CALL("groupid", parse_group, "N", "group of the object (none by default)"),
	CALL("link", parse_link, "ID", "object that it belongs to"),
	CALL("link-group", parse_link_group, "N", "group that it belongs to"),
	CALL("alignment", parse_alignment, "N", "start at a multiple of N (4096 for partitions)"),
	{ .name = "filename", .kind = OPT_STR, .offset = FIELD(name), .arg = "NAME", .flags = OPT_NO_ENV,
	  .help = "name of the object (none by default)" },
	DETERMINISTIC_OPTION,
	{ .name = NULL },
};

const struct opt object_delete_options[] = {
	{ .name = "zero", .kind = OPT_TRUE, .offset = FIELD(zero), .flags = OPT_NO_ENV,
	  .help = "overwrite the object's bytes with zeros" },
	{ .name = "compact", .kind = OPT_TRUE, .offset = FIELD(compact), .flags = OPT_NO_ENV,
	  .help = "cut the file off behind the last object" },
	DETERMINISTIC_OPTION,
	{ .name = NULL },
};

const struct command command_object_list = {
	.name = "object list",
	.args = "IMAGE",
	.summary = "list the objects in a SIF file",
	.options = object_list_options,
	.run = object_list_main,
};

const struct command command_object_info = {
	.name = "object info",
	.args = "ID IMAGE",
	.summary = "describe one object of a SIF file",
	.options = object_info_options,
	.run = object_info_main,
};

const struct command command_object_header = {
	.name = "object header",
	.args = "IMAGE",
	.summary = "show the global header of a SIF file",
	.options = object_header_options,
	.run = object_header_main,
};

const struct command command_object_dump = {
	.name = "object dump",
	.args = "ID IMAGE",
	.summary = "write an object's bytes to standard output",
	.options = object_dump_options,
	.run = object_dump_main,
};

const struct command command_object_new = {
	.name = "object new",
	.args = "IMAGE",
	.summary = "make a SIF file without objects",
	.options = object_new_options,
	.run = object_new_main,
};

const struct command command_object_add = {
	.name = "object add",
	.args = "IMAGE FILE",
	.summary = "add a file (- for standard input) to a SIF file as an object",
	.options = object_add_options,
	.run = object_add_main,
	.details = "Words or the numbers of other SIF tools:\n"
		   "  TYPE    definition, environment, labels, partition, signature, json, generic,\n"
		   "          crypto-message, sbom (1 to 9)\n"
		   "  FS      squashfs, ext3, archive, raw, encrypted-squashfs, gocryptfs-squashfs (1 to 6)\n"
		   "  PART    system, primary, data, overlay (1 to 4)\n"
		   "  ARCH    386, amd64, arm, arm64, ... (1 to 13)\n"
		   "  HASH    sha256, sha384, sha512, blake2s-256, blake2b-256 (1 to 5)\n"
		   "  FORMAT  cyclonedx-json, cyclonedx-xml, github-json, spdx-json, spdx-rdf,\n"
		   "          spdx-tag-value, spdx-yaml, syft-json (1 to 8)\n",
};

const struct command command_object_delete = {
	.name = "object delete",
	.args = "ID IMAGE",
	.summary = "delete an object of a SIF file",
	.options = object_delete_options,
	.run = object_delete_main,
	.details = "The bytes stay in the file unless --zero or --compact is given.\n",
};

const struct command command_object_set_primary = {
	.name = "object set-primary",
	.args = "ID IMAGE",
	.summary = "choose the system partition that is run",
	.options = object_set_primary_options,
	.run = object_set_primary_main,
};
