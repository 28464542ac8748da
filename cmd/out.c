#include "cmd/out.h"

#include "base/log.h"

#include <errno.h>
#include <stdio.h>

static const char *program = "sif";

/* Names out of images and tars stand in messages: none of their bytes may be a
 * command to the terminal. */
static void harmless(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			*text = '?';
}

static void sink(enum log_level level, const char *text)
{
	static const char *const words[] = { "warning: ", "", "debug: " };
	char line[1024];

	snprintf(line, sizeof(line), "%s", text);
	harmless(line);
	fprintf(stderr, "%s: %s%s\n", program, words[level], line);
}

/* --quiet silences information, not warnings' causes: errors always print. */
static void quiet_sink(enum log_level level, const char *text)
{
	(void)level;
	(void)text;
}

void out_init(const struct invocation *inv)
{
	program = inv->dialect == DIALECT_SIF ? "sif" : inv->name;
	if (inv->quiet)
		log_set_sink(quiet_sink, LOG_WARN_LEVEL);
	else
		log_set_sink(sink, inv->debug ? LOG_DEBUG_LEVEL : inv->verbose ? LOG_INFO_LEVEL : LOG_WARN_LEVEL);
}

void out_error(const struct err *e)
{
	struct err shown = *e;

	fflush(stdout);
	harmless(shown.msg);
	harmless(shown.hint);
	/* One write per message: the ranks of a job share this stream. */
	if (e->hint[0])
		fprintf(stderr, "%s: error[%s]: %s\nhint: %s\n", program, err_kind_name(e->kind), shown.msg,
			shown.hint);
	else
		fprintf(stderr, "%s: error[%s]: %s\n", program, err_kind_name(e->kind), shown.msg);
}

int out_status(const struct invocation *inv, const struct err *e, bool is_run)
{
	if (inv->dialect != DIALECT_SIF)
		return e->status == OPT_UNKNOWN ? 1 : 255;
	if (e->status > 0)
		return e->status;
	if (is_run)
		return 125;
	return e->kind == ERR_USAGE ? 2 : e->kind == ERR_VERIFY ? 1 : 3;
}

int out_flush(struct err *e)
{
	if (fflush(stdout) || ferror(stdout))
		return err_sys(e, errno ? errno : EIO, "cannot write to standard output");
	return 0;
}
