/* run, exec, shell, test: from the words typed to launch(). */
#include "base/log.h"
#include "cmd/command.h"
#include "cmd/out.h"
#include "image/sif/read.h"
#include "runtime/join.h"
#include "runtime/launch.h"
#include "runtime/options.h"
#include "runtime/policy.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

COMMAND_RUN(run_main);

static enum run_action action_of(const char *word)
{
	static const char *const words[] = {
		[ACTION_RUN] = "run", [ACTION_EXEC] = "exec", [ACTION_SHELL] = "shell", [ACTION_TEST] = "test"
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strcmp(word, words[i]) == 0)
			return (enum run_action)i;
	return ACTION_RUN;
}

/* Images are files and directories; say so before a URI becomes "no such file". */
static int check_image(const char *image, struct err *e)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+.-";
	size_t n = strspn(image, letters);

	if (n == 0 || strncmp(image + n, "://", 3) != 0)
		return 0;
	err_set(e, ERR_USAGE, "image '%s': '%.*s' is not a source of images in this version", image, (int)n, image);
	return err_hint(e, "IMAGE is a SIF file, a SquashFS file or a directory");
}

static int take_image(struct run_spec *s, int argc, char *const argv[], struct err *e)
{
	if (argc < 1) {
		err_set(e, ERR_USAGE, "which image?");
		return err_hint(e, "the image stands behind the options: sif run IMAGE");
	}
	if (check_image(argv[0], e))
		return -1;
	s->image = strdup(argv[0]);
	return 0;
}

static int no_program(const struct run_spec *s, struct err *e)
{
	if (s->join) {
		err_set(e, ERR_USAGE, "which program in the container of process %d?", (int)s->join);
		return err_hint(e, "sif exec --join PID PROGRAM; sif shell --join PID starts a shell");
	}
	err_set(e, ERR_USAGE, "which program of image '%s'?", s->image);
	return err_hint(e, "sif run IMAGE starts the image's own program");
}

/* IMAGE, where no container is joined, and the words behind it. */
static int take_words(struct run_spec *s, int argc, char *const argv[], struct err *e)
{
	if (!s->join && take_image(s, argc, argv, e))
		return -1;
	for (int i = s->join ? 0 : 1; i < argc; i++)
		strv_add(&s->args, argv[i]);
	if (s->action == ACTION_EXEC && !s->args.n)
		return no_program(s, e);
	if (s->action == ACTION_SHELL && s->args.n) {
		const char *behind = s->join ? "--join" : "the image";

		if (s->dialect == DIALECT_SIF) {
			err_set(e, ERR_USAGE, "a shell takes no words behind %s: '%s'", behind, s->args.v[0]);
			return err_hint(e, s->join ? "sif exec --join PID PROGRAM runs one program" :
						     "sif exec IMAGE PROGRAM runs one program");
		}
		log_warn("words behind %s are ignored: '%s'", behind, s->args.v[0]);
		strv_free(&s->args);
	}
	return 0;
}

/* Everything that sources of options say, the strongest first. */
static int fill_spec(struct run_spec *s, int argc, char *const argv[], struct err *e)
{
	OWN_CONFIG struct config config = {};
	struct option_sources src = {};
	int index = 1;

	if (options_from_words(s, argc, argv, &index, &src, e) || take_words(s, argc - index, argv + index, e))
		return -1;
	if (s->shell && s->action != ACTION_SHELL && options_source(&src, "shell") == SOURCE_COMMAND_LINE)
		return err_set(e, ERR_USAGE, "--shell belongs to 'sif shell'");
	if (s->join && join_check(&src, e))
		return -1;
	if (options_from_env(s, environ, &src, e))
		return -1;
	if (config_load(&config, e) || policy_apply(&config, s, &src, e))
		return -1;
	if (s->join && s->image)
		return err_set(e, ERR_USAGE, "'default join' cannot be: --join names one process, on the command line");
	return options_settle(s, e);
}

static bool is_image_file(const char *name)
{
	OWN_FD int fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	uint8_t head[SIF_HEADER_LEN];
	ssize_t n = fd < 0 ? -1 : pread(fd, head, sizeof(head), 0);

	return n >= 4 && (sif_is_magic(head, (size_t)n) || memcmp(head, "hsqs", 4) == 0);
}

/* `sif exec python3 image.sif`: no image is there, but one stands behind. A
 * word with a suffix was meant as a file's name: that is mistyped. */
static int explain_order(const struct run_spec *s, struct err *e)
{
	if (!s->image || e->sys != ENOENT || strchr(s->image, '.') || access(s->image, F_OK) == 0)
		return -1;
	for (size_t i = 0; i < s->args.n; i++) {
		if (!is_image_file(s->args.v[i]))
			continue;
		e->hint[0] = '\0';
		return err_hint(e, "the image stands before the program: is it '%s'?", s->args.v[i]);
	}
	return -1;
}

/* Devices are there in any case; what is missing is the driver's libraries. */
static void warn_about_gpu(const struct run_spec *s)
{
	if (s->nv && access("/dev/nvidiactl", F_OK) == 0)
		log_warn("--nv: the driver's libraries are not brought into the container in this version");
	if (s->rocm && access("/dev/kfd", F_OK) == 0)
		log_warn("--rocm: the driver's libraries are not brought into the container in this version");
}

int run_main(const struct invocation *inv, int argc, char *const argv[], struct err *e)
{
	OWN_RUN_SPEC struct run_spec spec;
	OWN_FREE char *text = NULL;
	struct invocation merged = *inv;
	int status = 0;

	run_spec_init(&spec);
	spec.action = action_of(argv[0]);
	spec.dialect = inv->dialect;
	spec.quiet = inv->quiet;
	spec.verbose = inv->verbose;
	spec.debug = inv->debug;
	if (fill_spec(&spec, argc, argv, e))
		return -1;
	merged.quiet = spec.quiet;
	merged.verbose = spec.verbose;
	merged.debug = spec.debug;
	out_init(&merged);
	warn_about_gpu(&spec);
	if (spec.image ? launch(&spec, &text, &status, e) : join_container(&spec, &text, &status, e))
		return explain_order(&spec, e);
	if (text)
		fputs(text, stdout);
	return status;
}
