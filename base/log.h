/* Log lines of libraries. A library never prints: it hands a line to the sink
 * that the program installed (cmd/out.c; the server's log file; none in tests).
 * image/ logs at debug only; runtime/ also warns where the launch goes on. */
#ifndef SIF_BASE_LOG_H
#define SIF_BASE_LOG_H

enum log_level {
	LOG_WARN_LEVEL,	 /* always, unless --quiet */
	LOG_INFO_LEVEL,	 /* -v */
	LOG_DEBUG_LEVEL, /* -d */
};

typedef void (*log_sink_fn)(enum log_level level, const char *text);

/* sink NULL = drop everything (the default). max: the most talkative level. */
void log_set_sink(log_sink_fn sink, enum log_level max);
int log_wants(enum log_level level);

void log_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
