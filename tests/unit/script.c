/* Unit test of runtime/script.h: tables, and the differential test: whatever
 * the evaluator does not decline must come out as in real shells. Scripts are
 * generated within and just outside of the closed forms; SIF_SCRIPT_ROUNDS
 * says how many (default 1200), SIF_SCRIPT_SEED which. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/spawn.h"
#include "runtime/script.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define PROBE "SIF_TEST_PROBE"

extern char **environ;

/* The environment that both sides start with. */
static char *const start_env[] = { "PATH=/usr/bin:/bin", "HOME=/home/u", "PWD=/", "TERM=dumb", "SHELL=/bin/sh",
				   "HOSTED=from host",	 "EMPTY=",	 "STAR=*",   NULL };
static char *const start_args[] = { "one", "two words", "", "$HOME", NULL };

static const struct {
	const char *name;
	char *const argv[4];
} shells[] = {
	{ "/bin/dash", { "/bin/dash", "-c", NULL } },
	{ "/bin/bash", { "/bin/bash", "--norc", "-c", NULL } },
	{ "/bin/busybox", { "/bin/busybox", "sh", "-c", NULL } },
};

/* --- what a real shell computes */

struct answer {
	int status;
	char *out; /* up to a NUL: what was printed; then environment or argv */
	size_t len;
};

static int run_shell(size_t shell, const char *file, struct answer *ret)
{
	OWN_FREE char *self = realpath("/proc/self/exe", NULL);
	OWN_STRV struct strv argv = {};
	OWN_STR struct str text = {};
	struct err e;
	int fd[2];
	pid_t pid;

	assert_non_null(self);
	for (size_t i = 0; shells[shell].argv[i]; i++)
		strv_add(&argv, shells[shell].argv[i]);
	str_addf(&text, "unset PS1; unset OLDPWD SHLVL; . \"$0\"; exec '%s' " PROBE " done", self);
	strv_add(&argv, str_text(&text));
	strv_add(&argv, file);
	for (size_t i = 0; start_args[i]; i++)
		strv_add(&argv, start_args[i]);
	assert_int_equal(pipe2(fd, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		int null = open("/dev/null", O_RDWR);

		if (dup2(fd[1], 1) < 0 || dup2(null, 2) < 0 || dup2(null, 0) < 0 || chdir("/") < 0)
			_exit(99);
		execve(argv.v[0], argv.v, start_env);
		_exit(98);
	}
	close(fd[1]);
	assert_int_equal(fd_read_all(fd[0], 64 << 20, "shell", &ret->out, &ret->len, &e), 0);
	close(fd[0]);
	ret->status = child_wait(pid, &e);
	return 0;
}

/* --- what we compute, in the same form */

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void add_environment(struct str *out, const struct strv *envp)
{
	for (size_t i = 0; i < envp->n; i++)
		if (!str_starts(envp->v[i], "_=") && !str_starts(envp->v[i], "SHLVL=") &&
		    !str_starts(envp->v[i], "OLDPWD=") && !str_starts(envp->v[i], "PWD=")) {
			str_add(out, envp->v[i]);
			str_addc(out, '\1');
		}
}

static void add_argv(struct str *out, char *const *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		str_add(out, v[i]);
		str_addc(out, '\2');
	}
}

/* Called as the probe by a shell: say what arrived. */
static int probe(int argc, char **argv)
{
	OWN_STR struct str out = {};
	OWN_STRV struct strv envp = {};

	for (char **p = environ; *p; p++)
		strv_add(&envp, *p);
	if (envp.n)
		qsort(envp.v, envp.n, sizeof(*envp.v), by_text);
	add_argv(&out, argv + 2, (size_t)argc - 2);
	add_environment(&out, &envp);
	return fwrite(str_text(&out), 1, out.len, stdout) == out.len ? 0 : 1;
}

static enum script_end run_ours(const char *text, size_t len, int root_fd, struct answer *ret, const char **why)
{
	OWN_SCRIPT struct script s = SCRIPT_INIT;
	OWN_STRV struct strv envp = {};
	OWN_STR struct str out = {};
	enum script_end end;

	s.root_fd = root_fd;
	script_vars_import(&s.vars, start_env);
	for (size_t i = 0; start_args[i]; i++)
		strv_add(&s.args, start_args[i]);
	end = script_eval(&s, text, len);
	*why = s.why;
	script_vars_environ(&s.vars, &envp);
	if (envp.n)
		qsort(envp.v, envp.n, sizeof(*envp.v), by_text);
	str_addn(&out, str_text(&s.out), s.out.len);
	ret->status = 0;
	if (end == SCRIPT_EXIT) {
		ret->status = s.status;
	} else if (end == SCRIPT_EXEC) {
		add_argv(&out, s.exec.v + 2, s.exec.n - 2);
		add_environment(&out, &envp);
	} else {
		static char *const done[] = { "done" };

		add_argv(&out, done, 1);
		add_environment(&out, &envp);
	}
	ret->len = out.len;
	ret->out = str_take(&out);
	return end;
}

static void write_file(const char *path, const char *text, size_t len)
{
	struct err e;
	OWN_FD int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(fd_write_full(fd, text, len, path, &e), 0);
}

static char script_path[64];

/* false: declined. Fails the test when a shell says something else. */
static bool agrees(const char *text, size_t len)
{
	struct answer ours = {}, theirs = {};
	OWN_FD int root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	const char *why;
	enum script_end end = run_ours(text, len, root_fd, &ours, &why);

	if (end == SCRIPT_DECLINED) {
		free(ours.out);
		return false;
	}
	write_file(script_path, text, len);
	for (size_t i = 0; i < ARRAY_SIZE(shells); i++) {
		if (access(shells[i].name, X_OK) < 0)
			continue;
		run_shell(i, script_path, &theirs);
		if (theirs.status != ours.status || theirs.len != ours.len ||
		    memcmp(theirs.out, ours.out, ours.len) != 0)
			fail_msg("%s differs on:\n%.*s\nours (%d): %s\ntheirs (%d): %s", shells[i].name, (int)len,
				 text, ours.status, ours.out, theirs.status, theirs.out);
		free(theirs.out);
	}
	free(ours.out);
	return true;
}

/* --- tables */

/* Forms that builders write: must not be declined. */
static const char *const accepted[] = {
	"",
	"#!/bin/sh\n# comment\n\n",
	"export A=1\n",
	"A=1; export A",
	"export A=\"${A:-\"plain\"}\"\nexport B=\"${HOSTED:-\"x\"}\"\nexport C=\"${EMPTY:-\"two words\"}\"\n",
	"export SQ=\"${SQ:-\"it's\"}\"\n",
	"export DQ=\"${DQ:-\"say \\\"hi\\\"\"}\"\nexport D=\"${D:-\"\\$HOME \\`x\\` \\\\\"}\"\n",
	"export E=\"${E:-}\"\nexport F=\"${F:-\"\"}\"\n",
	"export NL=\"${NL:-\"l1\nl2\"}\"\n",
	"export PATH=/opt/tool/bin:$PATH\n",
	"export A='single $HOME \"q\"' B=x\\ y C=a\"b c\"'d'\n",
	"A=$HOSTED\nexport A",
	("if [ -z \"${LD_LIBRARY_PATH:-}\" ]; then\n    LD_LIBRARY_PATH=\"/x\"\nelse\n"
	 "    LD_LIBRARY_PATH=\"$LD_LIBRARY_PATH:/x\"\nfi\nexport LD_LIBRARY_PATH\n"),
	"if [ -z \"${PS1:-}\" ]; then\n    PS1=\"Apptainer> \"\nfi\nexport PS1\n",
	"unset HOSTED \\\n\t EMPTY \\\n\t NOSUCH\n\nexport PATH\n",
	"if test -d \"/etc/\"; then A=1; elif test -d /nope; then A=2; else A=3; fi; export A",
	"if [ -f /etc/passwd ] && [ ! -d /etc/passwd ]; then export Y=file; fi",
	"[ -d /nope ] || export Z=no\n[ -d /etc ] && export Z2=yes",
	"for a in x \"y z\" \"$@\"; do L=\"${L} \\\"$a\\\"\"; done; export L",
	"set -- a \"b c\" \"$@\"; export N=$# F=\"$1\" S=\"$*\"",
	"eval \"set \\\"a b\\\" \\\"\\$HOME\\\"\"; export F=\"$1\" G=\"$2\"",
	"echo \"Could not locate: ${HOSTED}\"\nexit 1\n",
	"false || exit 3",
	"! [ a = b ] && export NOT=1",
	": \"${HOSTED:-x}\"; true; export A=${HOSTED+set} B=${NOSUCH+set} C=${EMPTY:+x} D=${EMPTY-y}",
	"export A=${NOSUCH:-dflt} B=${HOME:+/x}${NOSUCH-}",
	"export UTF=\"\303\244\303\266\303\274 \342\202\254\" HI=\"\303\201\"\n",
	"A=\"x\\\ny\"; export A",
	"export A=\"a\\b\\c\" B='a\\b'",
	"export X; X=later",
	"unset HOSTED; HOSTED=again",
	"export A=\"cost 5$\" B=\"$ \" C=5$/x",
	"[ 3 -gt 2 ] && export GT=1; [ $# -eq 4 ] && export FOUR=1",
	"export A=\"${HOSTED}${HOME}\"'x'$HOME\"\"",
};

static void accepts_what_builders_write(void **state)
{
	(void)state;
	if (getenv("SIF_EMULATED"))
		skip(); /* the shells below run this program again */
	for (size_t i = 0; i < ARRAY_SIZE(accepted); i++) {
		struct answer a = {};
		const char *why = NULL;
		OWN_FD int root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

		if (run_ours(accepted[i], strlen(accepted[i]), root_fd, &a, &why) == SCRIPT_DECLINED)
			fail_msg("declined (%s):\n%s", why, accepted[i]);
		free(a.out);
		assert_true(agrees(accepted[i], strlen(accepted[i])));
	}
}

/* Outside of the closed forms: must be declined, whatever a shell says. */
static const char *const refused[] = {
	"A=`id`", "A=$(id)", "A=$((1+1))", "A=~", "export A=~/x", "ls", "ls | cat", "A=1 ls", "echo x >f",
	"f() { A=1; }", "case x in x) A=1;; esac", "while true; do A=1; done", "until false; do A=1; done",
	"{ A=1; }", "( A=1 )", "A=${HOME%/*}", "A=${#HOME}", "A=${X:=1}", "A=${X?}", "A=$?", "A=$$", "A=$!", "A=$0",
	"A=$-", "export A=$HOSTED", "export A=$STAR", "set -- $HOSTED", "set -e", "set -u; A=$X", "set", "export",
	"export -p", "unset -v A", "unset PATH", "export 1A=2", "export \"A=1\"", "source /etc/x", ". ./x",
	". /nope", "cd /", "umask 0", "ulimit -n", "alias a=b", "readonly A=1", "local A=1", "trap x 0", "IFS=:",
	"A=$IFS", "A=$PPID", "A=$RANDOM", "A=$LINENO", "A=$OPTIND", "echo 'a\\nb'", "echo -n x", "test a -a b",
	"[ a == b ]", "[ a -nt b ]", "[ x", "test x -eq 1", "if true; then fi", "if true; then A=1", "A=1 && ",
	"&& A=1", "A=1;; B=2", "A='x", "A=\"x", "A=\"${HOME\"", "A=x\\", "A\\\n=1", "ex\\\nport A=1", "A=$'x'",
	"A=$\"x\"", "exec -a x y", "exit x", "exit 1 2", "eval 'A=$(id)'", "A=1 & B=2", "A=1 | B=2", "A[1]=2",
	"A+=1", "export A={a,b}", "set -- {a,b}", "set -- *", "set -- [a]", "for x; do A=1; done",
	"for 1 in a; do A=1; done", "for x in a; do done", "fi", "then", "done", "export A=\"$@\"", "A=$@", "A=$*",
	"set -- $@", "A=\"${@:-x}\"", "A=\"${X:-'v'}\"", "A=\"${X:-a{b}}\"", "A=${X:-~}", "\"export\" A=1",
	"ex'port' A=1", "$HOSTED", "[[ a = b ]]", "function f { A=1; }", "time true", "A=\"$(x)\"",
	"export A=$'\\n'", "export OLDPWD", "A=$OLDPWD", "A=$HOSTNAME", "A=\"${X:-\"a}b\"}\"", "A=1\ncat <<E\nx\nE\n",
	"A=${11x}", "A=${01}", "A=${X:}", "A=${}", "A=$[1+1]", "!", "! ! true",
};

static void declines_everything_else(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		struct answer a = {};
		const char *why = NULL;
		OWN_FD int root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
		enum script_end end = run_ours(refused[i], strlen(refused[i]), root_fd, &a, &why);

		free(a.out);
		if (end != SCRIPT_DECLINED || !why)
			fail_msg("not declined: %s", refused[i]);
	}
}

/* --- generated scripts */

static uint64_t seed;

static unsigned below(unsigned n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (unsigned)(seed >> 11) % n;
}

#define PICK(a) ((a)[below(ARRAY_SIZE(a))])

static const char *const names[] = { "A", "B", "C", "D", "HOSTED", "EMPTY", "NOSUCH", "STAR", "HOME", "PATH",
				     "LD_LIBRARY_PATH", "_x9" };

static void gen_expansion(struct str *b, unsigned depth);

static void gen_text(struct str *b)
{
	static const char *const texts[] = { "a",  "x/y", ":",	"-n",	"=",  "1",    "/opt/bin", "#",	",", "%",
					     "+",  "!",	  "]",	"\303\244", "@",  "^",    ".",	      "_",	"-", "\303\251\201" };

	str_add(b, PICK(texts));
}

static void gen_double(struct str *b, unsigned depth, bool nested)
{
	static const char *const pieces[] = { " ",	"\\\"", "\\$", "\\\\", "\\`", "'", ";", "&|", "<>", "(x)", "*",
					      "?[a]", "\\n",  "\\a", "~",    "#x", "\n", "\t", "!",  "$ ",  "\\\n" };

	str_addc(b, '"');
	for (unsigned n = below(4); n; n--) {
		unsigned k = below(6);

		if (k < 2)
			gen_text(b);
		else if (k < 4 && depth && !nested)
			gen_expansion(b, depth - 1);
		else if (k == 4 && nested)
			str_addf(b, "$%s", PICK(names));
		else
			str_add(b, PICK(pieces));
	}
	str_addc(b, '"');
}

/* At the place where quoting is unknown: the texts suit both. */
static void gen_expansion(struct str *b, unsigned depth)
{
	static const char *const plain[] = { "$1", "$2", "${3}", "$#", "${#}", "${4}", "$9", "${10}" };
	static const char *const ops[] = { ":-", "-", ":+", "+" };
	unsigned k = below(8);

	if (k < 3) {
		str_addf(b, "${%s}", PICK(names));
	} else if (k == 3) {
		str_add(b, PICK(plain));
	} else {
		str_addf(b, "${%s%s", PICK(names), PICK(ops));
		for (unsigned n = below(3); n; n--) {
			unsigned w = below(5);

			if (w == 0 && depth)
				gen_expansion(b, depth - 1);
			else if (w == 1)
				gen_double(b, depth, true);
			else if (w == 2)
				str_add(b, below(2) ? "\\}" : "\\\\");
			else if (w == 3)
				str_add(b, " ");
			else
				gen_text(b);
		}
		str_addc(b, '}');
	}
}

static void gen_word(struct str *b, unsigned depth)
{
	for (unsigned n = 1 + below(3); n; n--) {
		switch (below(8)) {
		case 0:
			str_addf(b, "'%s'", below(3) ? "x \"$HOME\" \\ `y`" : "");
			break;
		case 1:
		case 2:
			gen_double(b, depth, false);
			break;
		case 3:
		case 4:
			gen_expansion(b, depth);
			break;
		case 5:
			str_add(b, below(2) ? "\\ " : below(2) ? "\\$" : "\\\"");
			break;
		default:
			gen_text(b);
		}
	}
}

/* Now and then something that is not ours. */
static void gen_foreign(struct str *b)
{
	static const char *const foreign[] = { "A=`echo x`",	"A=$(echo y)",	  "A=$((1+2))",	 "A=~",
					       "export A=~/x",	"A={a,b}",	  "set -- {a,b}", "set -- /et*",
					       "A=${HOME%u}",	"A=${HOME#/}",	  "A=${#HOME}",	 "A=$?",
					       "export A=$HOSTED", "set -- $HOSTED", "A=$*",	 "A=1 B=2 :",
					       "f() { A=2; }; f", "{ A=3; }",	  "( A=4 )",	 "case a in a) A=5;; esac",
					       "true | false",	"A='",		  "A=\"",	 "A=${HOME",
					       "set -f",	"shift",	  "return 3",	 "unset A B; A=$B",
					       "export A; A=6", "A=\\\n7",	  "A=x#y #z",	 "readonly Z=1",
					       "A=$'\\t'",	"A=$\"x\"",	  "echo 'x\\ty'", "echo -n x; exit 2" };

	str_add(b, PICK(foreign));
}

static void gen_list(struct str *b, unsigned depth);

static void gen_test(struct str *b)
{
	static const char *const unary[] = { "-n", "-z", "-f", "-d", "-e", "-x", "-r", "-s" };
	static const char *const binary[] = { "=", "!=", "-eq", "-ne", "-gt", "-lt", "-ge", "-le" };
	static const char *const files[] = { "/etc/passwd", "/etc", "/bin/sh", "/nope", "/dev/null", "\"\"" };
	static const char *const odd[] = { "!", "-n", "=", "-f", "]", "(", "-a", "x", "\"\"", "3", "-3" };
	bool bracket = below(3);

	str_add(b, below(6) ? "" : "! ");
	str_add(b, bracket ? "[ " : "test ");
	str_add(b, below(5) ? "" : "! ");
	switch (below(5)) {
	case 0:
		str_addf(b, "%s ", PICK(unary));
		str_add(b, PICK(files));
		break;
	case 1:
		str_addf(b, "%s ", below(2) ? "-n" : "-z");
		gen_double(b, 2, false);
		break;
	case 2:
		gen_double(b, 1, false);
		str_addf(b, " %s ", PICK(binary));
		gen_double(b, 1, false);
		break;
	case 3:
		str_addf(b, "$# %s %u", PICK(binary), below(6));
		break;
	default:
		for (unsigned n = below(5); n; n--)
			str_addf(b, "%s ", PICK(odd));
	}
	str_add(b, bracket ? " ]" : "");
}

static void gen_simple(struct str *b)
{
	unsigned k = below(20);

	if (k < 5) {
		str_addf(b, "%s=", PICK(names));
		gen_word(b, 3);
	} else if (k < 11) {
		str_addf(b, "export %s=", PICK(names));
		gen_word(b, 3);
	} else if (k == 11) {
		str_addf(b, "export %s %s", PICK(names), PICK(names));
	} else if (k == 12) {
		str_addf(b, "unset %s \\\n\t%s", PICK(names), PICK(names));
	} else if (k == 13) {
		str_add(b, below(2) ? "set -- " : "set x ");
		gen_word(b, 2);
		str_add(b, below(2) ? " \"$@\"" : "");
	} else if (k == 14) {
		str_add(b, "eval \"A=\\\"");
		gen_text(b);
		str_add(b, below(2) ? "\\$HOME\\\"\"" : " ${HOSTED}\\\"\"");
	} else if (k == 15) {
		str_add(b, "echo ");
		gen_word(b, 2);
		str_addf(b, "; exit %u", below(5));
	} else if (k == 16) {
		gen_foreign(b);
	} else if (k == 17) {
		str_add(b, below(2) ? ":" : below(2) ? "true" : "false");
	} else {
		gen_test(b);
	}
}

static void gen_command(struct str *b, unsigned depth)
{
	unsigned k = depth ? below(8) : 7;

	if (k == 0) {
		str_add(b, "if ");
		gen_test(b);
		str_add(b, below(2) ? "; then\n" : "\nthen ");
		gen_list(b, depth - 1);
		if (below(3) == 0) {
			str_add(b, "elif ");
			gen_test(b);
			str_add(b, "; then ");
			gen_list(b, depth - 1);
		}
		if (below(2)) {
			str_add(b, "else\n");
			gen_list(b, depth - 1);
		}
		str_add(b, "fi");
	} else if (k == 1) {
		str_add(b, "for C in ");
		gen_word(b, 1);
		str_add(b, " x \"$@\"; do ");
		gen_list(b, depth - 1);
		str_add(b, "D=\"$D,$C\"; done");
	} else if (k == 2) {
		gen_test(b);
		str_add(b, below(2) ? " && " : " || ");
		gen_simple(b);
	} else {
		gen_simple(b);
	}
}

static void gen_list(struct str *b, unsigned depth)
{
	static const char *const ends[] = { "\n", "; ", " # note\n", "\n\n", ";\n  " };

	for (unsigned n = 1 + below(4); n; n--) {
		gen_command(b, depth);
		str_add(b, PICK(ends));
	}
}

/* Break the text in one place. */
static void mutate(struct str *b)
{
	static const char bytes[] = "\"'\\$`{}()|&;<>#~*?[] \n\t=!-:x0@";
	unsigned at = b->len ? below((unsigned)b->len) : 0;

	if (b->len == 0)
		return;
	if (below(2))
		b->s[at] = bytes[below(sizeof(bytes) - 1)];
	else
		memmove(b->s + at, b->s + at + 1, b->len-- - at);
}

static void generated_scripts(void **state)
{
	const char *rounds = getenv("SIF_SCRIPT_ROUNDS"), *start = getenv("SIF_SCRIPT_SEED");
	unsigned long n = rounds ? strtoul(rounds, NULL, 10) : 1200, evaluated = 0;

	(void)state;
	if (getenv("SIF_EMULATED"))
		skip(); /* as above */
	seed = start ? strtoul(start, NULL, 10) : 20240229;
	for (unsigned long i = 0; i < n; i++) {
		OWN_STR struct str b = {};

		gen_list(&b, 3);
		if (below(4) == 0)
			mutate(&b);
		if (b.len < 4096 && !memchr(b.s, '\0', b.len))
			evaluated += agrees(b.s, b.len);
	}
	print_message("%lu scripts, %lu evaluated, the others declined\n", n, evaluated);
	assert_true(evaluated > n / 10);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accepts_what_builders_write),
		cmocka_unit_test(declines_everything_else),
		cmocka_unit_test(generated_scripts),
	};
	int fd, r;

	if (argc > 2 && strcmp(argv[1], PROBE) == 0)
		return probe(argc, argv);
	snprintf(script_path, sizeof(script_path), "/tmp/sif-script-test.XXXXXX");
	fd = mkstemp(script_path);
	if (fd < 0)
		return 99;
	close(fd);
	r = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(script_path);
	return r;
}
