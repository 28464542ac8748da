/* sif build: from the words to pack_image, and what the user sees of it. */
#include "cmd/build.h"

#include "base/cpus.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/replace.h"
#include "base/near.h"
#include "cmd/command.h"
#include "cmd/unfinished.h"
#include "image/pack/pack.h"
#include "image/sif/names.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

COMMAND_RUN(build_main);

#define JOBS_MAX 256
#define SCRIPT_MAX (1u << 20)

extern const struct opt *const build_option_table;

struct build {
	struct build_options o;
	struct pack_options pack;
	const char *out;
	char *script; /* text of --runscript */
	bool quiet, shown;
	struct timespec start;
};

static double seconds_since(const struct timespec *start)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - start->tv_sec) + (double)(now.tv_nsec - start->tv_nsec) / 1e9;
}

static double mib(uint64_t bytes)
{
	return (double)bytes / (1 << 20);
}

static void show_progress(void *ctx, const struct pack_stats *s)
{
	struct build *b = ctx;

	fprintf(stderr, "\r%llu files, %.1f MiB in, %.1f MiB out", (unsigned long long)s->entries, mib(s->bytes_in),
		mib(s->bytes_out));
	if (s->total)
		fprintf(stderr, ", %u %%", (unsigned)(s->read >= s->total ? 100 : s->read * 100 / s->total));
	fprintf(stderr, ", %.1f s\033[K", seconds_since(&b->start));
	fflush(stderr);
	b->shown = true;
}

static void clear_progress(struct build *b)
{
	if (b->shown)
		fputs("\r\033[K", stderr);
	b->shown = false;
}

static void show_result(struct build *b, const struct pack_stats *s)
{
	if (b->quiet)
		return;
	if (s->dropped_attrs)
		log_warn("%llu extended attributes were left out: an image carries user.* and security.capability",
			 (unsigned long long)s->dropped_attrs);
	if (s->ignored)
		log_warn("'%s': bytes behind the end of the archive were ignored", b->pack.source);
	fprintf(stderr, "%s: %llu files, %.1f MiB in, %.1f MiB out, %.1f s\n", b->out,
		(unsigned long long)s->entries, mib(s->bytes_in), mib(s->bytes_out), seconds_since(&b->start));
}

static int take_words(struct build *b, int argc, char *const argv[], struct err *e)
{
	int index = 1;

	if (opt_parse(build_option_table, argc, argv, &index, &b->o, e))
		return -1;
	if (argc - index != 2) {
		err_set(e, ERR_USAGE, "build takes two words, the image and its source, not %d", argc - index);
		return err_hint(e, "sif build OUT.sif SOURCE");
	}
	b->quiet |= b->o.quiet;
	b->out = argv[index];
	b->pack.source = argv[index + 1];
	if (b->o.sandbox) {
		err_set(e, ERR_USAGE, "an image is built as one file, not as a directory (--sandbox)");
		return err_hint(e, "a directory can be run as it is: sif run DIRECTORY");
	}
	return 0;
}

static void clear_words(struct build *b)
{
	char **const words[] = { &b->o.compress, &b->o.block_size, &b->o.jobs,	  &b->o.arch,
				 &b->o.deterministic, &b->o.runscript, &b->o.runscript_text, &b->script };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		own_free_(words[i]);
	strv_free(&b->o.environment);
	strv_free(&b->o.labels);
	strv_free(&b->o.exclude);
}

static int take_jobs(struct build *b, struct err *e)
{
	uint32_t n = 0;

	if (!b->o.jobs) {
		b->pack.jobs = cpus_available();
		if (b->pack.jobs > JOBS_MAX)
			b->pack.jobs = JOBS_MAX;
		return 0;
	}
	if (num_u32(b->o.jobs, &n, e))
		return err_ctx(e, "--jobs");
	if (n < 1 || n > JOBS_MAX)
		return err_set(e, ERR_USAGE, "--jobs '%s' is not between 1 and %d", b->o.jobs, JOBS_MAX);
	b->pack.jobs = n;
	return 0;
}

static int take_epoch(struct build *b, struct err *e)
{
	const char *text = getenv("SOURCE_DATE_EPOCH");
	uint64_t t;

	if (str_empty(text))
		return 0;
	if (num_u64(text, &t, e))
		return err_ctx(e, "SOURCE_DATE_EPOCH");
	if (t > UINT32_MAX)
		return err_set(e, ERR_USAGE, "SOURCE_DATE_EPOCH '%s' is later than an image can say (2106)", text);
	b->pack.has_epoch = true;
	b->pack.epoch = (int64_t)t;
	return 0;
}

static int take_script(struct build *b, struct err *e)
{
	size_t len;

	b->pack.runscript = b->o.runscript_text;
	if (!b->o.runscript)
		return 0;
	if (b->o.runscript_text) {
		err_set(e, ERR_USAGE, "--runscript and -c are two runscripts");
		return err_hint(e, "an image has one: give one of the two options");
	}
	if (fd_read_file(b->o.runscript, SCRIPT_MAX, &b->script, &len, e)) {
		err_ctx(e, "--runscript");
		return e->sys == ENOENT ? near_hint(b->o.runscript, e) :
					  err_hint(e, "FILE is a text file; -c gives the text itself");
	}
	if (strlen(b->script) != len)
		return err_set(e, ERR_USAGE, "--runscript '%s' is not a text", b->o.runscript);
	b->pack.runscript = b->script;
	return 0;
}

static int take_options(struct build *b, struct err *e)
{
	if (b->o.deterministic && strcmp(b->o.deterministic, "reference") != 0)
		return err_set(e, ERR_USAGE, "--deterministic '%s': the only word is 'reference'", b->o.deterministic);
	if (b->o.arch && strcmp(sif_arch_code(b->o.arch), "00") == 0) {
		err_set(e, ERR_USAGE, "there is no architecture '%s'", b->o.arch);
		return err_hint(e, ARCH_HINT);
	}
	b->pack.no_verity = b->o.no_verity;
	b->pack.reference = b->o.deterministic != NULL;
	b->pack.compress = b->o.compress;
	b->pack.block_size = b->o.block_size;
	b->pack.arch = b->o.arch;
	b->pack.environment = &b->o.environment;
	b->pack.labels = &b->o.labels;
	b->pack.exclude = &b->o.exclude;
	b->pack.version = PACKAGE_VERSION;
	if (take_jobs(b, e) || take_epoch(b, e))
		return -1;
	return take_script(b, e);
}

/* A stream that cannot be one. */
static int check_input(struct err *e)
{
	struct stat st;
	int flags = fcntl(STDIN_FILENO, F_GETFL);
	const char *what = NULL;

	if (flags < 0 || (flags & O_ACCMODE) == O_WRONLY)
		what = "is closed";
	else if (isatty(STDIN_FILENO))
		what = "is a terminal, not a tar stream";
	else if (fstat(STDIN_FILENO, &st) == 0 && S_ISDIR(st.st_mode))
		what = "is a directory, not a tar stream";
	if (!what)
		return 0;
	err_set(e, ERR_USAGE, "standard input %s", what);
	return err_hint(e, "tar -c -C DIRECTORY . | sif build OUT.sif -");
}

/* Sources of the peers that come later, said before "no such file" is. */
static int check_source(const struct build *b, struct err *e)
{
	const char *source = b->pack.source;
	size_t n = strspn(source, "abcdefghijklmnopqrstuvwxyz0123456789-");
	char head[4096] = "";
	struct stat st;

	if (strcmp(source, "-") == 0)
		return check_input(e);
	if (n && (strncmp(source + n, "://", 3) == 0 || (source[n] == ':' && stat(source, &st)))) {
		err_set(e, ERR_USAGE, "'%s': '%.*s' is not a source of images in this version", source, (int)n, source);
		return err_hint(e, "a source is a directory, a tar, - or a SquashFS file");
	}
	if (stat(source, &st)) {
		err_sys(e, errno, "cannot find the source '%s'", source);
		return e->sys == ENOENT ? near_hint(source, e) : -1;
	}
	if (S_ISREG(st.st_mode)) {
		OWN_FD int fd = open(source, O_RDONLY | O_CLOEXEC);
		ssize_t got = fd < 0 ? 0 : pread(fd, head, sizeof(head) - 1, 0);
		const char *p = head;

		if (got <= 0)
			return 0;
		while (*p == '#' || *p == '\n' || *p == ' ') /* comments and empty lines */
			p += *p == '#' ? strcspn(p, "\n") : 1;
		if (strncasecmp(p, "bootstrap:", 10) == 0) {
			err_set(e, ERR_USAGE, "'%s' is a definition file, which this version cannot build", source);
			return err_hint(e, "a source is a directory, a tar, - or a SquashFS file");
		}
	}
	return 0;
}

/* Say what is wrong with the destination before an hour was spent on it. */
static int check_destination(struct build *b, struct err *e)
{
	struct stat st;

	if (stat(b->out, &st) || S_ISDIR(st.st_mode)) /* replace_begin says what is wrong with it */
		return 0;
	if (!b->o.force) {
		err_set(e, ERR_USAGE, "'%s' exists already", b->out);
		return err_hint(e, "use --force to replace it");
	}
	b->pack.skip_out = S_ISREG(st.st_mode);
	b->pack.out_dev = st.st_dev;
	b->pack.out_ino = st.st_ino;
	return 0;
}

static int build(struct build *b, struct err *e)
{
	OWN_REPLACE struct replace r = REPLACE_INIT;
	struct pack_stats stats;
	int rc;

	if (replace_begin(&r, b->out, 0755, e))
		return -1;
	unfinished_watch(&r);
	b->pack.out_fd = r.fd;
	b->pack.out_name = b->out;
	if (!b->quiet && isatty(STDERR_FILENO)) {
		b->pack.progress = show_progress;
		b->pack.progress_ctx = b;
	}
	rc = pack_image(&b->pack, &stats, e);
	if (!rc)
		rc = replace_commit(&r, b->o.force, e);
	clear_progress(b);
	unfinished_done();
	if (!rc)
		show_result(b, &stats);
	return rc;
}

int build_main(const struct invocation *inv, int argc, char *const argv[], struct err *e)
{
	struct build b = { .quiet = inv->quiet };
	int rc;

	clock_gettime(CLOCK_MONOTONIC, &b.start);
	rc = take_words(&b, argc, argv, e);
	if (!rc)
		rc = take_options(&b, e);
	if (!rc)
		rc = check_source(&b, e);
	if (!rc)
		rc = check_destination(&b, e);
	if (!rc)
		rc = build(&b, e);
	clear_words(&b);
	return rc;
}
