#include "cmd/passphrase.h"

#include "base/fd.h"
#include "base/mem.h"

#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <termios.h>

static int read_line(int fd, char *buf, size_t room)
{
	size_t n = 0;

	while (n < room) {
		ssize_t got = read(fd, buf + n, 1);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0 || buf[n] == '\n')
			return (int)n;
		n++;
	}
	return -1;
}

int passphrase_ask(const char *prompt, char *buf, size_t room, struct err *e)
{
	OWN_FD int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	struct termios old, silent;
	int n;

	if (tty < 0 || tcgetattr(tty, &old)) {
		err_set(e, ERR_USAGE, "a passphrase is needed, and there is no terminal to ask on");
		return err_hint(e, "--passphrase-file FILE");
	}
	silent = old;
	silent.c_lflag &= ~(tcflag_t)ECHO;
	tcsetattr(tty, TCSAFLUSH, &silent);
	dprintf(tty, "%s", prompt);
	n = read_line(tty, buf, room);
	tcsetattr(tty, TCSAFLUSH, &old);
	dprintf(tty, "\n");
	if (n > 0)
		return n;
	return err_set(e, ERR_USAGE, n ? "the passphrase is too long" : "no passphrase was typed");
}

int passphrase_new(char *buf, size_t room, struct err *e)
{
	char again[PASSPHRASE_MAX];
	int n = passphrase_ask("New passphrase: ", buf, room, e);
	int m = n < 0 ? -1 : passphrase_ask("The same again: ", again, sizeof(again), e);
	bool same = m == n && m > 0 && memcmp(buf, again, (size_t)n) == 0;

	explicit_bzero(again, sizeof(again));
	if (m < 0)
		return -1;
	return same ? n : err_set(e, ERR_USAGE, "the two passphrases differ");
}

int passphrase_read(const char *path, char *buf, size_t room, struct err *e)
{
	OWN_FD int fd = fd_open(path, O_RDONLY, e);
	int n;

	if (fd < 0)
		return -1;
	n = read_line(fd, buf, room);
	if (n > 0)
		return n;
	return err_set(e, ERR_USAGE, n ? "the passphrase in '%s' is too long" : "there is no passphrase in '%s'", path);
}

int passphrase_for_key(void *ctx, const char *name, char *buf, size_t room, struct err *e)
{
	OWN_FREE char *prompt = NULL;

	if (ctx)
		return passphrase_read(ctx, buf, room, e);
	prompt = xasprintf("Passphrase of '%s': ", name);
	return passphrase_ask(prompt, buf, room, e);
}
