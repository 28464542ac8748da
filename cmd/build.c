/* sif build: its words. What it does is in build_run.c, in sif-pack. */
#include "cmd/build.h"

#include "cmd/command.h"

COMMAND_RUN(build_main);

#define FIELD(f) .offset = offsetof(struct build_options, f)

static const struct opt build_options[] = {
	{ .name = "force", .letter = 'F', .kind = OPT_TRUE, FIELD(force), .help = "replace OUT.sif when it exists",
	  .flags = OPT_NO_ENV },
	{ .name = "quiet", .letter = 'q', .kind = OPT_TRUE, FIELD(quiet), .help = "print errors only", .flags = OPT_NO_ENV },
	{ .name = "compress", .kind = OPT_STR, FIELD(compress), .arg = "TYPE[:LEVEL]",
	  .help = "zstd, gzip, xz, lz4 or none (default zstd:3)" },
	{ .name = "block-size", .kind = OPT_STR, FIELD(block_size), .arg = "SIZE",
	  .help = "4K to 1M, a power of two (default 128K)" },
	{ .name = "jobs", .letter = 'j', .kind = OPT_STR, FIELD(jobs), .arg = "N",
	  .help = "threads that compress (default: the CPUs this process may use)" },
	{ .name = "arch", .kind = OPT_STR, FIELD(arch), .arg = "NAME",
	  .help = "amd64, arm64, ... (default: what the programs in SOURCE are for)" },
	{ .name = "runscript", .kind = OPT_STR, FIELD(runscript), .arg = "FILE",
	  .help = "what `sif run` starts: a script, taken from FILE", .flags = OPT_NO_ENV },
	{ .name = "runscript-text", .letter = 'c', .kind = OPT_STR, FIELD(runscript_text), .arg = "TEXT",
	  .help = "the same, TEXT being the script", .flags = OPT_NO_ENV },
	{ .name = "environment", .kind = OPT_LIST, FIELD(environment), .arg = "NAME=VALUE",
	  .help = "set a variable for the image's programs", .alias = "env",
	  .flags = OPT_NO_ENV },
	{ .name = "label", .kind = OPT_LIST, FIELD(labels), .arg = "KEY=VALUE", .help = "add a label",
	  .flags = OPT_NO_ENV },
	{ .name = "exclude", .kind = OPT_LIST, FIELD(exclude), .arg = "PATTERN",
	  .help = "leave out what matches: a name, or a path when it has a '/'", .flags = OPT_NO_ENV },
	{ .name = "no-verity", .kind = OPT_TRUE, FIELD(no_verity), .help = "leave out the hash tree that lets every read be checked" },
	{ .name = "deterministic", .kind = OPT_STR, FIELD(deterministic), .arg = "reference",
	  .help = "identity and times of the reference writer's deterministic mode", .flags = OPT_NO_ENV },
	{ .name = "fakeroot", .letter = 'f', .kind = OPT_TRUE, FIELD(fakeroot), .help = "", .flags = OPT_HIDDEN | OPT_NO_ENV },
	{ .name = "notest", .letter = 'T', .kind = OPT_TRUE, FIELD(notest), .help = "", .flags = OPT_HIDDEN | OPT_NO_ENV },
	{ .name = "no-cleanup", .kind = OPT_TRUE, FIELD(no_cleanup), .help = "", .flags = OPT_HIDDEN | OPT_NO_ENV },
	{ .name = "disable-cache", .kind = OPT_TRUE, FIELD(disable_cache), .help = "", .flags = OPT_HIDDEN | OPT_NO_ENV },
	{ .name = "fix-perms", .kind = OPT_TRUE, FIELD(fix_perms), .help = "", .flags = OPT_HIDDEN | OPT_NO_ENV },
	{ .name = "sandbox", .letter = 's', .kind = OPT_TRUE, FIELD(sandbox), .help = "", .flags = OPT_HIDDEN | OPT_NO_ENV },
	{ .name = NULL },
};

const struct opt *const build_option_table = build_options;

const struct command command_build = {
	.name = "build",
	.args = "OUT.sif SOURCE",
	.summary = "pack a directory, a tar or a SquashFS file into an image",
	.options = build_options,
	.helper = "sif-pack",
	.run = build_main,
	.details = "SOURCE is a directory, a tar file in any compression, - for a tar stream on\n"
		   "standard input, or a SquashFS file, which is wrapped as it is. Owners, modes,\n"
		   "times, device nodes, hard links and capabilities are recorded as they are in\n"
		   "SOURCE; no privilege is needed, and nothing is unpacked on the way. The same\n"
		   "SOURCE gives the same bytes; SOURCE_DATE_EPOCH sets the image's time.\n"
		   "OUT.sif is the old file or the whole new one, whatever happens.\n",
};
