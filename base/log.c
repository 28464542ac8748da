#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

static log_sink_fn the_sink;
static enum log_level the_max;

void log_set_sink(log_sink_fn sink, enum log_level max)
{
	the_sink = sink;
	the_max = max;
}

int log_wants(enum log_level level)
{
	return the_sink && level <= the_max;
}

static void emit(enum log_level level, const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0)));

static void emit(enum log_level level, const char *fmt, va_list ap)
{
	char line[1024];
	int saved = errno;

	if (!log_wants(level))
		return;
	vsnprintf(line, sizeof(line), fmt, ap);
	the_sink(level, line);
	errno = saved;
}

void log_warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	emit(LOG_WARN_LEVEL, fmt, ap);
	va_end(ap);
}

void log_info(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	emit(LOG_INFO_LEVEL, fmt, ap);
	va_end(ap);
}

void log_debug(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	emit(LOG_DEBUG_LEVEL, fmt, ap);
	va_end(ap);
}
