/* sif-fuse: the program around the image server (runtime/serve). It is started
 * by runtime/server/start.c with descriptors and words in fixed places
 * (runtime/serve/handover.h), not by people. */
#include "base/fd.h"
#include "base/log.h"
#include "base/num.h"
#include "image/source/source.h"
#include "image/squash/squash.h"
#include "runtime/serve/ahead.h"
#include "runtime/serve/handover.h"
#include "runtime/serve/serve.h"

#include <fcntl.h>
#include <malloc.h>
#include <string.h>
#include <sys/stat.h>

/* A log that something fills must not fill a home directory. */
#define LOG_MAX (64 * 1024)

static void log_line(enum log_level level, const char *text)
{
	static size_t written;
	char line[1024];
	struct tm tm;
	time_t now = time(NULL);
	int n;

	(void)level;
	if (written >= LOG_MAX)
		return;
	gmtime_r(&now, &tm);
	n = (int)strftime(line, sizeof(line), "%Y-%m-%dT%H:%M:%SZ", &tm);
	n += snprintf(line + n, sizeof(line) - (size_t)n - 1, " sif-fuse[%d]: %s", (int)getpid(), text);
	if (n > (int)sizeof(line) - 2)
		n = (int)sizeof(line) - 2;
	line[n++] = '\n';
	if (write(HANDOVER_LOG, line, (size_t)n) == n)
		written += (size_t)n;
}

struct words {
	uint64_t offset, size;
	struct ahead_list hot;
	struct serve_config serve;
};

static int parse(int argc, char **argv, struct words *ret, struct err *e)
{
	if (argc != HANDOVER_ARGC || fcntl(HANDOVER_REPORT, F_GETFD) < 0)
		return err_set(e, ERR_USAGE, "sif-fuse is started by sif, not by hand");
	if (num_u64(argv[HANDOVER_OFFSET], &ret->offset, e) || num_u64(argv[HANDOVER_SIZE], &ret->size, e) ||
	    num_u64(argv[HANDOVER_HOT_OFFSET], &ret->hot.offset, e) ||
	    num_u64(argv[HANDOVER_HOT_SIZE], &ret->hot.size, e) ||
	    num_u32(argv[HANDOVER_UID], &ret->serve.uid, e) || num_u32(argv[HANDOVER_GID], &ret->serve.gid, e))
		return -1;
	ret->serve.name = argv[HANDOVER_NAME];
	ret->serve.cpus = argv[HANDOVER_CPUS];
	ret->serve.comer = argv[HANDOVER_COMER];
	ret->hot.fd = HANDOVER_IMAGE;
	ret->serve.device_fd = HANDOVER_DEVICE;
	ret->serve.record_fd = fcntl(HANDOVER_RECORD, F_GETFD) < 0 ? -1 : HANDOVER_RECORD;
	return 0;
}

/* Unpacked blocks and metadata stay: one heap that grows in large steps. */
static void tune_malloc(void)
{
	mallopt(M_ARENA_MAX, 1);
	mallopt(M_MMAP_THRESHOLD, 4 * 1024 * 1024);
	mallopt(M_TRIM_THRESHOLD, 64 * 1024 * 1024);
	mallopt(M_TOP_PAD, 1024 * 1024);
}

static int serve(const struct words *w, bool *serving, struct err *e)
{
	const struct squash_options options = { .slow = serve_slow };
	struct source *source = NULL;
	struct server *server = NULL;
	struct squash *fs = NULL;
	int rc;

	if (serve_confine(e) ||
	    source_range_new(HANDOVER_IMAGE, w->offset, w->size, w->serve.name, &source, e))
		return -1;
	rc = squash_open(source, &options, &fs, e);
	if (rc == 0)
		rc = serve_open(&w->serve, fs, &server, e);
	if (rc == 0) {
		*serving = true;
		close(HANDOVER_REPORT);
		if (w->hot.size)
			ahead_start(fs, &w->hot, &w->serve);
		rc = serve_run(server, e);
		/* Threads may still be inside after an error; the end frees all. */
	}
	return rc < 0 ? -1 : 0;
}

int main(int argc, char **argv)
{
	struct words words = {};
	bool serving = false;
	struct err e = {};

	if (parse(argc, argv, &words, &e)) {
		dprintf(STDERR_FILENO, "sif-fuse: error[%s]: %s\n", err_kind_name(e.kind), e.msg);
		return 2;
	}
	log_set_sink(log_line, LOG_INFO_LEVEL);
	tune_malloc();
	if (serve(&words, &serving, &e) == 0)
		return 0;
	if (serving)
		log_warn("the server of '%s' ends: %s", words.serve.name, e.msg);
	else
		err_send(HANDOVER_REPORT, &e);
	return 1;
}
