#include "base/err.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

_Static_assert(sizeof(struct err) <= PIPE_BUF, "err_send must be one atomic write");

static const char *const kind_names[ERR_KIND_MAX] = {
	[ERR_NONE] = "none",
	[ERR_USAGE] = "usage",
	[ERR_SYSTEM] = "system",
	[ERR_FORMAT] = "format",
	[ERR_VERIFY] = "verify",
	[ERR_POLICY] = "policy",
	[ERR_ENVIRONMENT] = "environment",
	[ERR_NETWORK] = "network",
	[ERR_BUG] = "bug",
};

const char *err_kind_name(int kind)
{
	return kind >= 0 && kind < ERR_KIND_MAX ? kind_names[kind] : "bug";
}

const char *err_text(int sys)
{
#ifdef __GLIBC__
	const char *text = strerrordesc_np(sys);

	return text ? text : "unknown error";
#else
	return strerror(sys); /* musl: a constant text, untranslated, never NULL */
#endif
}

void err_clear(struct err *e)
{
	e->kind = ERR_NONE;
	e->sys = 0;
	e->status = 0;
	e->msg[0] = '\0';
	e->hint[0] = '\0';
}

int err_set(struct err *e, enum err_kind kind, const char *fmt, ...)
{
	va_list ap;

	err_clear(e);
	e->kind = (int)kind;
	va_start(ap, fmt);
	vsnprintf(e->msg, sizeof(e->msg), fmt, ap);
	va_end(ap);
	return -1;
}

int err_sys(struct err *e, int sys, const char *fmt, ...)
{
	const char *why = err_text(sys);
	size_t tail = strlen(why) + 2, n;
	va_list ap;

	err_clear(e);
	e->kind = ERR_SYSTEM;
	e->sys = sys;
	va_start(ap, fmt);
	/* The cause stands last: keep room for it whatever the subject is. */
	vsnprintf(e->msg, sizeof(e->msg) - tail, fmt, ap);
	va_end(ap);
	n = strlen(e->msg);
	snprintf(e->msg + n, sizeof(e->msg) - n, ": %s", why);
	return -1;
}

int err_ctx(struct err *e, const char *fmt, ...)
{
	char ctx[sizeof(e->msg)];
	size_t cause = strlen(e->msg), room = sizeof(e->msg) - 1 - cause, n;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(ctx, sizeof(ctx), fmt, ap);
	va_end(ap);
	n = strlen(ctx);
	if (room < 3)
		return -1;
	if (n > room - 2)
		n = room - 2;
	memmove(e->msg + n + 2, e->msg, cause + 1);
	memcpy(e->msg, ctx, n);
	memcpy(e->msg + n, ": ", 2);
	return -1;
}

int err_hint(struct err *e, const char *fmt, ...)
{
	va_list ap;

	if (e->hint[0])
		return -1;
	va_start(ap, fmt);
	vsnprintf(e->hint, sizeof(e->hint), fmt, ap);
	va_end(ap);
	return -1;
}

void err_send(int fd, const struct err *e)
{
	ssize_t n;

	do
		n = write(fd, e, sizeof(*e));
	while (n < 0 && errno == EINTR);
}

int err_recv(int fd, struct err *e)
{
	ssize_t n;

	do
		n = read(fd, e, sizeof(*e));
	while (n < 0 && errno == EINTR);
	if (n == 0)
		return 1;
	if (n < 0)
		return err_sys(e, errno, "cannot read a child's report");
	if (n != (ssize_t)sizeof(*e))
		return err_set(e, ERR_BUG, "a child's report has %zd bytes", n);
	e->msg[sizeof(e->msg) - 1] = '\0';
	e->hint[sizeof(e->hint) - 1] = '\0';
	return 0;
}
