/* One error value: filled where the fact is known, wrapped where the purpose
 * is known, printed once, at the top (cmd/out.c).
 *
 * No heap: a struct err is usable between fork and exec, and it is smaller
 * than PIPE_BUF, so that a child sends it to its parent in one atomic write.
 * Every setter returns -1, so that a failure reads as a sentence:
 *         return err_sys(e, errno, "cannot open '%s'", path);
 * Callers add the purpose: err_ctx(e, "reading '%s'", name).
 * When the text is too long the context is cut, never the cause. */
#ifndef SIF_BASE_ERR_H
#define SIF_BASE_ERR_H

enum err_kind {
	ERR_NONE,
	ERR_USAGE,	 /* the caller's words are wrong */
	ERR_SYSTEM,	 /* the system refused: errno is in .sys */
	ERR_FORMAT,	 /* bytes are not what they claim to be */
	ERR_VERIFY,	 /* a signature or digest does not hold */
	ERR_POLICY,	 /* the administrator's file forbids it */
	ERR_ENVIRONMENT, /* this node lacks a feature; the hint names it */
	ERR_NETWORK,	 /* a remote peer failed */
	ERR_BUG,	 /* ours */
	ERR_KIND_MAX
};

struct err {
	int kind;	/* enum err_kind */
	int sys;	/* errno of the cause, 0 if none */
	int status;	/* exit status wanted by the cause (126, 127), 0 = by kind */
	char msg[472];	/* lower case, subject in quotes, no full stop */
	char hint[240]; /* the next step, or empty */
};

/* What an errno means, in the C library's words; static. */
const char *err_text(int sys);

/* The stable word printed as error[KIND]. */
const char *err_kind_name(int kind);

int err_set(struct err *e, enum err_kind kind, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* ERR_SYSTEM with ": strerror(sys)" behind the text. */
int err_sys(struct err *e, int sys, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Put "text: " before the message there is. */
int err_ctx(struct err *e, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* Set the hint unless a deeper layer gave one. */
int err_hint(struct err *e, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void err_clear(struct err *e);

/* Send over a pipe in one write / receive. err_recv: 0 = an error was
 * received into e, 1 = end of file (the peer succeeded and closed), -1 = the
 * pipe itself failed (e says so). */
void err_send(int fd, const struct err *e);
int err_recv(int fd, struct err *e);

#endif
