#include "runtime/serve/storage.h"

#include "base/log.h"
#include "image/source/reopen.h"
#include "image/source/retry.h"
#include "runtime/serve/serve.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>

static void report(void *ctx, enum retry_event what, const struct err *cause)
{
	const char *name = ctx;

	switch (what) {
	case RETRY_FAILS:
		log_warn("the storage of '%s' fails, reads are tried again: %s", name, cause->msg);
		break;
	case RETRY_RESUMES:
		log_warn("the storage of '%s' works again", name);
		break;
	case RETRY_GIVES_UP:
		log_warn("the storage of '%s' has failed for too long, programs get errors: %s", name, cause->msg);
		break;
	case RETRY_FINAL:
		log_warn("programs get errors: %s", cause->msg);
	}
}

/* Has the thread a signal that ends it? The kernel gives SIGKILL to all threads
 * of a process that dies, and lets them wait for our answers all the same. */
static bool is_dying(uint32_t tid)
{
	char path[32], text[2048];
	const char *pending;
	OWN_FD int fd = -1;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%u/status", tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (n <= 0)
		return false;
	text[n] = '\0';
	pending = strstr(text, "\nSigPnd:");
	return pending && strtoull(pending + 8, NULL, 16) & 1ull << (SIGKILL - 1);
}

static bool be_patient(void *ctx, unsigned pauses)
{
	uint32_t requester;

	(void)ctx;
	(void)pauses;
	return serve_patient(&requester) && !(requester && is_dying(requester));
}

int storage_open(int fd, uint64_t offset, uint64_t size, const char *name, unsigned limit_ms,
		 struct source **ret, struct err *e)
{
	struct retry_options opt = { .limit_ms = limit_ms, .reopen = reopen_again, .report = report,
				     .wait = be_patient, .ctx = (void *)(uintptr_t)name };
	struct source *range;
	struct reopen *again;

	if (source_range_new(fd, offset, size, name, &range, e))
		return -1;
	if (reopen_new(fd, offset, name, &again, e)) {
		source_free(range);
		return -1;
	}
	opt.reopen_ctx = again;
	if (source_retry_new(range, &opt, ret, e) == 0)
		return 0;
	reopen_free(again);
	source_free(range);
	return -1;
}
