/* sif-fuse: the program around the image server (runtime/serve). It is started
 * by runtime/server/start.c with descriptors and words in fixed places
 * (runtime/serve/handover.h), not by people. */
#include "base/fd.h"
#include "base/log.h"
#include "base/num.h"
#include "base/pass.h"
#include "image/squash/squash.h"
#include "runtime/serve/ahead.h"
#include "runtime/serve/handover.h"
#include "runtime/serve/life.h"
#include "runtime/serve/serve.h"
#include "runtime/serve/squashfuse.h"
#include "runtime/serve/storage.h"

#include <fcntl.h>
#include <malloc.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

/* A log that something fills must not fill a home directory. */
#define LOG_MAX (64 * 1024)

static void log_line(enum log_level level, const char *text)
{
	static _Atomic size_t written; /* by any thread */
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
	const char *key, *socket; /* empty = not shared */
	const char *squashfuse; /* path of the program that reads the image; empty = this one */
	pid_t reader;		/* squashfuse's process */
	int linger;
	struct server *server; /* set before anybody can ask for its figures */
};

static bool is_shared(const struct words *w)
{
	return w->key[0] != '\0';
}

static int parse(int argc, char **argv, struct words *ret, struct err *e)
{
	uint32_t linger;

	if (argc != HANDOVER_ARGC || fcntl(HANDOVER_CONTROL, F_GETFD) < 0)
		return err_set(e, ERR_USAGE, "sif-fuse is started by sif, not by hand");
	if (num_u64(argv[HANDOVER_OFFSET], &ret->offset, e) || num_u64(argv[HANDOVER_SIZE], &ret->size, e) ||
	    num_u64(argv[HANDOVER_HOT_OFFSET], &ret->hot.offset, e) ||
	    num_u64(argv[HANDOVER_HOT_SIZE], &ret->hot.size, e) ||
	    num_u32(argv[HANDOVER_UID], &ret->serve.uid, e) || num_u32(argv[HANDOVER_GID], &ret->serve.gid, e))
		return -1;
	ret->serve.image_fd = HANDOVER_IMAGE;
	ret->serve.name = argv[HANDOVER_NAME];
	ret->serve.cpus = argv[HANDOVER_CPUS];
	ret->serve.comer = argv[HANDOVER_COMER];
	ret->serve.record_fd = fcntl(HANDOVER_RECORD, F_GETFD) < 0 ? -1 : HANDOVER_RECORD;
	ret->hot.fd = HANDOVER_IMAGE;
	ret->hot.base = ret->offset;
	ret->key = argv[HANDOVER_KEY];
	ret->socket = argv[HANDOVER_SOCKET];
	ret->squashfuse = argv[HANDOVER_SQUASHFUSE];
	if (num_u32(argv[HANDOVER_LINGER], &linger, e))
		return -1;
	ret->linger = (int)linger;
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

/* What comes through the control socket: enum wire_hand_over; owned. */
struct parcel {
	int fds[WIRE_HANDED];
	size_t n;
};

/* 0; 1 = the launch gave up or died; -1. */
static int receive_device(const struct words *w, struct parcel *ret, struct err *e)
{
	char byte;
	ssize_t got = pass_recv(HANDOVER_CONTROL, &byte, sizeof(byte), ret->fds, WIRE_HANDED, &ret->n);

	if (got < 0)
		return err_sys(e, errno, "cannot take over the image's mount");
	if (got == 0)
		return 1;
	if (ret->n != (is_shared(w) ? WIRE_HANDED : WIRE_DEVICE + 1))
		return err_set(e, ERR_BUG, "the image server was handed %zu descriptors", ret->n);
	return 0;
}

static void describe(void *ctx, struct wire_status *st)
{
	const struct words *w = ctx;
	struct serve_stats s;

	snprintf(st->image, sizeof(st->image), "%s", w->serve.name);
	if (w->reader) {
		snprintf(st->engine, sizeof(st->engine), "squashfuse");
		st->memory += squashfuse_memory(w->reader);
		return;
	}
	serve_stats(w->server, &s);
	st->metadata = s.metadata_bytes;
	st->blocks = s.block_bytes;
	st->memory_max = s.metadata_limit + s.block_limit;
	st->reads = s.reads;
	st->hits = s.hits;
	st->misses = s.misses;
	snprintf(st->engine, sizeof(st->engine), "sif");
}

static int share(struct words *w, const struct parcel *p, struct err *e)
{
	struct ucred starter = { 0 };
	socklen_t len = sizeof(starter);

	getsockopt(HANDOVER_CONTROL, SOL_SOCKET, SO_PEERCRED, &starter, &len);
	return life_begin(&(struct life_config){ .listen_fd = HANDOVER_LISTEN, .place_fd = HANDOVER_PLACE,
						 .socket = w->socket, .key = w->key, .linger = w->linger,
						 .namespaces = { p->fds[WIRE_HOLDER_USER], p->fds[WIRE_HOLDER_MOUNT] },
						 .starter = p->fds[WIRE_STARTER],
						 .starter_pid = starter.pid > 0 ? (uint32_t)starter.pid : 0,
						 .cpus = w->serve.cpus, .comer = w->serve.comer, .describe = describe,
						 .ctx = w },
			  e);
}

static int open_image(const struct words *w, struct squash **ret, struct err *e)
{
	const struct squash_options options = { .slow = serve_slow, .block_cache_bytes = SERVE_START_BLOCKS,
						.metadata_bytes = SERVE_START_METADATA };
	struct source *source = NULL;

	if (storage_open(HANDOVER_IMAGE, w->offset, w->size, w->serve.name, 0, &source, e))
		return -1;
	return squash_open(source, &options, ret, e);
}

/* The image is opened while the launch makes its namespaces. When that fails,
 * what the launch sends is taken all the same: a socket that is closed with a
 * message unread drops the report that was sent into it. */
static int serve(struct words *w, bool *serving, struct err *e)
{
	struct server *server = NULL;
	struct squash *fs = NULL;
	struct parcel parcel = { 0 };
	int rc;

	if (serve_confine(e))
		return -1;
	if (open_image(w, &fs, e)) {
		struct err ignored;

		(void)!receive_device(w, &parcel, &ignored);
		return -1;
	}
	rc = receive_device(w, &parcel, e);
	if (rc == 0) {
		w->serve.device_fd = parcel.fds[WIRE_DEVICE];
		rc = serve_open(&w->serve, fs, &server, e);
		w->server = server;
	}
	if (rc == 0 && is_shared(w))
		rc = share(w, &parcel, e);
	if (rc == 0) {
		*serving = true;
		close(HANDOVER_CONTROL);
		if (w->hot.size)
			ahead_start(fs, &w->hot, &w->serve);
		rc = serve_run(server, e);
		/* Threads may still be inside after an error; the end frees all. */
	}
	return rc < 0 ? -1 : 0;
}

/* The control socket stays open: a failure is still told to a launch that is
 * there to hear it. */
static int serve_by_squashfuse(struct words *w, struct err *e)
{
	struct squashfuse reader = { .path = w->squashfuse, .image_fd = HANDOVER_IMAGE, .log_fd = HANDOVER_LOG,
				     .offset = w->offset };
	struct parcel parcel = { 0 };
	int rc;

	if (serve_confine(e))
		return -1;
	rc = receive_device(w, &parcel, e);
	if (rc)
		return rc < 0 ? -1 : 0;
	serve_cpus(w->serve.cpus, w->serve.comer);
	reader.device_fd = parcel.fds[WIRE_DEVICE];
	w->reader = squashfuse_start(&reader, e);
	close(parcel.fds[WIRE_DEVICE]); /* or the mount would outlive its reader */
	if (w->reader < 0 || (is_shared(w) && share(w, &parcel, e)))
		return -1;
	rc = squashfuse_wait(w->reader, e);
	if (rc < 0)
		log_warn("the server of '%s' ends: %s", w->serve.name, e->msg);
	return rc;
}

int main(int argc, char **argv)
{
	struct words words = {};
	bool serving = false;
	struct err e = {};
	int rc;

	if (parse(argc, argv, &words, &e)) {
		dprintf(STDERR_FILENO, "sif-fuse: error[%s]: %s\n", err_kind_name(e.kind), e.msg);
		return 2;
	}
	log_set_sink(log_line, LOG_INFO_LEVEL);
	tune_malloc();
	rc = words.squashfuse[0] ? serve_by_squashfuse(&words, &e) : serve(&words, &serving, &e);
	if (is_shared(&words))
		life_end(HANDOVER_PLACE, words.socket);
	if (rc == 0)
		return 0;
	if (serving)
		log_warn("the server of '%s' ends: %s", words.serve.name, e.msg);
	else
		err_send(HANDOVER_CONTROL, &e);
	return 1;
}
