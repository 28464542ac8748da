/* test and [: the operators that builders use, by POSIX's rules for up to four
 * words. Files are looked at beneath the image's root. */
#include "runtime/script_ast.h"

#include "base/fd.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

static int decline(struct script *s, const char *why)
{
	script_decline(s, why);
	return -1;
}

static int file_test(struct script *s, char op, const char *path)
{
	struct err e;
	struct stat st;
	OWN_FD int fd = -1;

	if (s->root_fd < 0 || *path != '/')
		return decline(s, "test of a file that is not beneath the root");
	fd = fd_open_in_root(s->root_fd, path, O_PATH, 0, &e);
	if (fd < 0)
		return 1;
	if (fstat(fd, &st) < 0)
		return decline(s, "a file cannot be looked at");
	switch (op) {
	case 'e':
		return 0;
	case 'f':
		return !S_ISREG(st.st_mode);
	case 'd':
		return !S_ISDIR(st.st_mode);
	case 's':
		return st.st_size <= 0;
	case 'x':
		return faccessat(fd, "", X_OK, AT_EMPTY_PATH | AT_EACCESS) != 0;
	case 'r':
		return faccessat(fd, "", R_OK, AT_EMPTY_PATH | AT_EACCESS) != 0;
	}
	return decline(s, "operator of test");
}

static int unary(struct script *s, const char *op, const char *arg)
{
	if (strcmp(op, "-n") == 0)
		return !*arg;
	if (strcmp(op, "-z") == 0)
		return *arg != 0;
	if (*op == '-' && op[1] && strchr("efdsxr", op[1]) && !op[2])
		return file_test(s, op[1], arg);
	return decline(s, "operator of test");
}

static bool small_number(const char *text, long *ret)
{
	char *end;

	if (!*text || strlen(text) > 9 || strspn(text + (*text == '-'), "0123456789") != strlen(text + (*text == '-')))
		return false;
	*ret = strtol(text, &end, 10);
	return end != text;
}

static int binary(struct script *s, const char *a, const char *op, const char *b)
{
	static const char *const ops[] = { "-eq", "-ne", "-gt", "-lt", "-ge", "-le" };
	long x, y;

	if (strcmp(op, "=") == 0)
		return strcmp(a, b) != 0;
	if (strcmp(op, "!=") == 0)
		return strcmp(a, b) == 0;
	for (size_t i = 0; i < ARRAY_SIZE(ops); i++) {
		if (strcmp(op, ops[i]) != 0)
			continue;
		if (!small_number(a, &x) || !small_number(b, &y))
			return decline(s, "test of something that is no number");
		switch (i) {
		case 0:
			return x != y;
		case 1:
			return x == y;
		case 2:
			return x <= y;
		case 3:
			return x >= y;
		case 4:
			return x < y;
		default:
			return x > y;
		}
	}
	return decline(s, "operator of test");
}

static bool is_binary(const char *op)
{
	return strcmp(op, "=") == 0 || strcmp(op, "!=") == 0 ||
	       (*op == '-' && strlen(op) == 3 && strstr("-eq-ne-gt-lt-ge-le", op));
}

/* argv without the command's name and without the closing bracket. */
int script_test(struct script *s, char *const argv[], size_t n)
{
	int r;

	switch (n) {
	case 0:
		return 1;
	case 1:
		return !*argv[0];
	case 2:
		if (strcmp(argv[0], "!") == 0)
			return *argv[1] != 0;
		return unary(s, argv[0], argv[1]);
	case 3:
		if (is_binary(argv[1]))
			return binary(s, argv[0], argv[1], argv[2]);
		if (strcmp(argv[0], "!") == 0) {
			r = unary(s, argv[1], argv[2]);
			return r < 0 ? r : !r;
		}
		return decline(s, "test of another form");
	case 4:
		if (strcmp(argv[0], "!") == 0 && is_binary(argv[2])) {
			r = binary(s, argv[1], argv[2], argv[3]);
			return r < 0 ? r : !r;
		}
		return decline(s, "test of another form");
	}
	return decline(s, "test of another form");
}
