/* Unit test of runtime/action.h and runtime/env.h together: a root file
 * system made here, and every image at hand. Where an image has a shell, its
 * environment is computed twice, in this process and (forced by one script
 * outside of the closed forms) by that shell in a chroot: both must agree. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/spawn.h"
#include "runtime/action.h"

#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

static char root[64];

/* --- a small image */

static void put(const char *path, mode_t mode, const char *text)
{
	OWN_FREE char *whole = xasprintf("%s%s", root, path);
	struct err e;
	OWN_FD int fd = -1;

	for (char *p = whole + strlen(root) + 1; (p = strchr(p, '/')); p++) {
		*p = '\0';
		mkdir(whole, 0755);
		*p = '/';
	}
	unlink(whole);
	fd = open(whole, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
	assert_true(fd >= 0);
	assert_int_equal(fd_write_full(fd, text, strlen(text), path, &e), 0);
	assert_int_equal(fchmod(fd, mode), 0);
}

static void drop(const char *path)
{
	OWN_FREE char *whole = xasprintf("%s%s", root, path);

	unlink(whole);
}

__attribute__((format(printf, 1, 2)))
static int sh(const char *fmt, ...)
{
	OWN_FREE char *line = NULL;
	va_list ap;
	int r;

	va_start(ap, fmt);
	assert_true(vasprintf(&line, fmt, ap) >= 0);
	va_end(ap);
	r = system(line);
	return WIFEXITED(r) ? WEXITSTATUS(r) : 128;
}

/* A static busybox of the machine gives the image a shell. */
static bool has_shell;

static int make_root(void **state)
{
	(void)state;
	snprintf(root, sizeof(root), "/tmp/sif-action-test.XXXXXX");
	if (!mkdtemp(root))
		return -1;
	has_shell = sh("mkdir -p %s/bin && cp /bin/busybox %s/bin/ 2>/dev/null && ln -s busybox %s/bin/sh && "
		       "ln -s busybox %s/bin/env && %s/bin/busybox true",
		       root, root, root, root, root) == 0;
	if (!has_shell)
		print_message("no /bin/busybox: the comparison with a shell is not made\n");
	return 0;
}

static int remove_root(void **state)
{
	(void)state;
	sh("rm -rf %s", root);
	return 0;
}

static int base_image(void **state)
{
	(void)state;
	sh("rm -rf %s/.singularity.d %s/scif", root, root);
	put("/.singularity.d/env/01-base.sh", 0755, "#!/bin/sh\n# nothing\n");
	put("/.singularity.d/env/90-environment.sh", 0755,
	    "#!/bin/sh\nexport IMGVAR=from-image\nexport DEFAULTED=\"${DEFAULTED:-image-default}\"\n"
	    "export EMPTYSET=\nexport PATH=/opt/tool/bin:$PATH\n");
	put("/.singularity.d/env/99-base.sh", 0755,
	    "if [ -z \"${LD_LIBRARY_PATH:-}\" ]; then\n    LD_LIBRARY_PATH=\"/.singularity.d/libs\"\nelse\n"
	    "    LD_LIBRARY_PATH=\"$LD_LIBRARY_PATH:/.singularity.d/libs\"\nfi\n"
	    "if [ -z \"${PS1:-}\" ]; then PS1=\"Apptainer> \"; fi\nexport LD_LIBRARY_PATH PS1\n");
	put("/.singularity.d/runscript", 0755, "#!/bin/sh\necho run \"$@\"\n");
	put("/opt/tool/bin/mytool", 0755, "#!/bin/sh\necho tool\n");
	put("/opt/tool/notexec", 0644, "plain\n");
	return 0;
}

/* --- one launch */

struct launched {
	struct action action;
	struct err err;
	int rc;
};

static struct run_spec spec;
static const char *host[32];

static int begin(void **state)
{
	run_spec_free(&spec);
	run_spec_init(&spec);
	spec.action = ACTION_EXEC;
	spec.dialect = DIALECT_APPTAINER;
	memset(host, 0, sizeof(host));
	return base_image(state);
}

static int end(void **state)
{
	(void)state;
	run_spec_free(&spec);
	return 0;
}

static void launch_in(const char *dir, struct launched *l)
{
	const struct env_facts facts = { .image_path = "/images/base.sif", .home = "/home/u", .user = "u",
					 .bind_list = "/mnt/x", .cwd = "/" };
	OWN_ENV_PLAN struct env_plan plan = {};
	OWN_FD int fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	OWN_STRV struct strv environ_ = {};

	assert_true(fd >= 0);
	for (size_t i = 0; host[i]; i++)
		strv_add(&environ_, host[i]);
	strv_add(&environ_, "HOSTV=from host");
	memset(l, 0, sizeof(*l));
	l->rc = env_plan_make(&spec, &facts, environ_.v, &plan, &l->err);
	if (l->rc == 0)
		l->rc = action_make(&spec, &facts, &plan, fd, &l->action, &l->err);
}

static const char *get(const struct launched *l, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < l->action.envp.n; i++)
		if (strncmp(l->action.envp.v[i], name, n) == 0 && l->action.envp.v[i][n] == '=')
			return l->action.envp.v[i] + n + 1;
	return NULL;
}

static void expect(const struct launched *l, const char *name, const char *want)
{
	const char *is = get(l, name);

	if ((is == NULL) != (want == NULL) || (is && strcmp(is, want) != 0))
		fail_msg("%s is '%s', not '%s' (%s)", name, is ? is : "(unset)", want ? want : "(unset)",
			 l->rc ? l->err.msg : "");
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Lines of what env prints, without what shells set for themselves. */
static char *sorted_lines(const char *text)
{
	struct str out = {};
	OWN_STRV struct strv lines = {}, all = {};

	strv_split(&lines, text, "\n");
	for (size_t i = 0; i < lines.n; i++)
		if (!str_starts(lines.v[i], "_=") && !str_starts(lines.v[i], "SHLVL=") &&
		    !str_starts(lines.v[i], "OLDPWD="))
			strv_add(&all, lines.v[i]);
	if (all.n)
		qsort(all.v, all.n, sizeof(*all.v), by_text);
	for (size_t i = 0; i < all.n; i++)
		str_addf(&out, "%s\n", all.v[i]);
	return str_take(&out);
}

static char *sorted_environment(const struct strv *envp)
{
	OWN_STR struct str text = {};

	for (size_t i = 0; i < envp->n; i++)
		str_addf(&text, "%s\n", envp->v[i]);
	return sorted_lines(str_text(&text));
}

/* Run what action_make answered inside of dir; the sorted lines it prints. */
static char *run_inside(const char *dir, const struct launched *l)
{
	OWN_FREE char *text = NULL;
	struct err e;
	int fd[2];
	pid_t pid;

	assert_int_equal(pipe2(fd, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		int null = open("/dev/null", O_RDWR);

		if (dup2(fd[1], 1) < 0 || dup2(null, 0) < 0 || (geteuid() && unshare(CLONE_NEWUSER)) || chroot(dir) ||
		    chdir("/"))
			_exit(99);
		action_exec(&l->action, spec.dialect, &e);
		_exit(98);
	}
	close(fd[1]);
	assert_int_equal(fd_read_all(fd[0], 16 << 20, "child", &text, NULL, &e), 0);
	close(fd[0]);
	assert_int_equal(child_wait(pid, &e), 0);
	return sorted_lines(text);
}

/* The environment of `env` in dir, computed here and by the image's shell. */
static void compare_ways(const char *dir)
{
	struct launched here, there;
	OWN_FREE char *force = xasprintf("%s/.singularity.d/env/00-force.sh", dir);
	OWN_FREE char *ours = NULL, *theirs = NULL;
	struct err e;
	int fd;

	strv_free(&spec.args);
	strv_add(&spec.args, "/bin/env");
	launch_in(dir, &here);
	assert_int_equal(here.rc, 0);
	if (here.action.argv.n != 1)
		fail_msg("%s was handed to its sh", dir);
	fd = open(force, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	assert_true(fd >= 0);
	assert_int_equal(fd_write_full(fd, ": $(:)\n", 7, force, &e), 0);
	close(fd);
	launch_in(dir, &there);
	assert_int_equal(there.rc, 0);
	assert_true(there.action.argv.n > 3);
	ours = sorted_environment(&here.action.envp);
	theirs = run_inside(dir, &there);
	unlink(force);
	if (strcmp(ours, theirs) != 0)
		fail_msg("%s:\n--- in process\n%s--- by sh\n%s", dir, ours, theirs);
	action_free(&here.action);
	action_free(&there.action);
}

/* --- tests */

static void image_wins_over_host(void **state)
{
	struct launched l;

	(void)state;
	host[0] = "DEFAULTED=host";
	host[1] = "EMPTYSET=host";
	host[2] = "BAD-NAME=1";
	host[3] = "PATH=/host/bin";
	host[4] = "LD_LIBRARY_PATH=/host/lib";
	host[5] = "APPTAINER_CONTAINER=/outer";
	strv_add(&spec.args, "mytool");
	launch_in(root, &l);
	assert_int_equal(l.rc, 0);
	assert_string_equal(l.action.path, "/opt/tool/bin/mytool");
	expect(&l, "HOSTV", "from host");
	expect(&l, "IMGVAR", "from-image");
	expect(&l, "DEFAULTED", "image-default");
	expect(&l, "EMPTYSET", NULL); /* empty in the image, set on the host: Apptainer's rule */
	expect(&l, "BAD-NAME", "1");
	expect(&l, "PATH", "/opt/tool/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
	expect(&l, "LD_LIBRARY_PATH", "/.singularity.d/libs");
	expect(&l, "HOME", "/home/u");
	expect(&l, "PWD", "/");
	expect(&l, "APPTAINER_CONTAINER", "/images/base.sif");
	expect(&l, "SINGULARITY_NAME", "base.sif");
	expect(&l, "APPTAINER_BIND", "/mnt/x");
	expect(&l, "APPTAINER_COMMAND", "exec");
	expect(&l, "SINGULARITY_COMMAND", NULL);
	expect(&l, "APPTAINER_APPNAME", "");
	expect(&l, "PS1", "Apptainer> ");
	expect(&l, "PROMPT_COMMAND", "PS1=\"Apptainer> \"; unset PROMPT_COMMAND");
	expect(&l, "USER_PATH", "/host/bin:/bin:/usr/bin:/sbin:/usr/sbin:/usr/local/bin:/usr/local/sbin");
	action_free(&l.action);
}

static void sif_keeps_what_the_image_empties(void **state)
{
	struct launched l;

	(void)state;
	spec.dialect = DIALECT_SIF;
	host[0] = "EMPTYSET=host";
	host[1] = "SHELL=/usr/bin/nosuchsh";
	strv_add(&spec.args, "mytool");
	launch_in(root, &l);
	expect(&l, "EMPTYSET", "");
	expect(&l, "SIF_NAME", "base.sif");
	expect(&l, "APPTAINER_NAME", "base.sif");
	expect(&l, "USER_PATH", NULL);
	expect(&l, "PROMPT_COMMAND", NULL);
	expect(&l, "SHELL", has_shell ? "/bin/sh" : NULL);
	expect(&l, "PYTHONNOUSERSITE", "1");
	action_free(&l.action);
}

static void injection(void **state)
{
	struct launched l;

	(void)state;
	host[0] = "APPTAINERENV_X=$IMGVAR \"q\" a\\b";
	host[1] = "APPTAINERENV_LD_LIBRARY_PATH=/inj";
	host[2] = "APPTAINERENV_PREPEND_PATH=/pre";
	host[3] = "APPTAINERENV_APPEND_PATH=/app";
	host[4] = "APPTAINERENV_UID=7";
	host[5] = "X=host";
	host[6] = "E=host";
	host[7] = "SINGULARITYENV_PREPEND_LD_LIBRARY_PATH=/ldp";
	host[8] = "APPTAINERENV_APPEND_LD_LIBRARY_PATH=/lda";
	strv_add(&spec.env, "E=");
	strv_add(&spec.args, "mytool");
	launch_in(root, &l);
	expect(&l, "X", "from-image \"q\" a\\b");
	expect(&l, "E", "");
	expect(&l, "UID", NULL);
	expect(&l, "LD_LIBRARY_PATH", "/ldp:/inj:/.singularity.d/libs:/lda");
	expect(&l, "PATH", "/pre:/opt/tool/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/app");
	expect(&l, "SING_USER_DEFINED_PREPEND_PATH", NULL);
	action_free(&l.action);

	spec.no_eval = true;
	launch_in(root, &l);
	expect(&l, "X", "$IMGVAR \"q\" a\\b");
	action_free(&l.action);

	host[9] = "APPTAINERENV_PATH=/only";
	strv_free(&spec.args);
	strv_add(&spec.args, "/opt/tool/bin/mytool");
	launch_in(root, &l);
	expect(&l, "PATH", "/only");
	action_free(&l.action);
}

/* Where something lies in /.singularity.d/libs, the image's own libraries win. */
static void libraries_of_the_image_come_first(void **state)
{
	struct launched l;

	(void)state;
	put("/.singularity.d/libs/libhost.so", 0644, "");
	strv_add(&spec.args, "mytool");
	launch_in(root, &l);
	expect(&l, "LD_LIBRARY_PATH", "/.singularity.d/libs"); /* no ld.so.conf */
	action_free(&l.action);

	sh("mkdir -p %s/usr/lib/x86 %s/opt/a/lib %s/opt/b/lib; ln -sfn usr/lib %s/lib; ln -sfn / %s/usr/up", root, root,
	   root, root, root);
	put("/etc/ld.so.conf", 0644, "# libraries\ninclude ld.so.conf.d/*.conf\n/opt/gone/lib\nhwcap 1 nosegneg\n");
	put("/etc/ld.so.conf.d/20-b.conf", 0644, "/opt/b/lib=libc6 relative/lib # why\n/usr/up/opt/a/lib\n");
	put("/etc/ld.so.conf.d/10-a.conf", 0644, "/opt/a/lib,/usr/lib/x86\ninclude /etc/ld.so.conf\n");
	put("/etc/ld.so.conf.d/30.off", 0644, "/opt\n");
	launch_in(root, &l);
	expect(&l, "LD_LIBRARY_PATH", "/opt/a/lib:/usr/lib/x86:/opt/b/lib:/lib:/.singularity.d/libs");
	action_free(&l.action);
	if (has_shell)
		compare_ways(root);

	/* a path that somebody chose stays as it is */
	host[0] = "APPTAINERENV_LD_LIBRARY_PATH=/inj";
	strv_free(&spec.args);
	strv_add(&spec.args, "mytool");
	launch_in(root, &l);
	expect(&l, "LD_LIBRARY_PATH", "/inj:/.singularity.d/libs");
	action_free(&l.action);
	sh("rm -rf %s/etc %s/lib %s/usr %s/opt/a %s/opt/b", root, root, root, root, root);
}

static void programs_that_cannot_run(void **state)
{
	static const struct {
		const char *name;
		int ours;
	} cases[] = { { "nosuch", 127 },	    { "/no/such", 127 }, { "/opt/tool/notexec", 126 },
		      { "/opt/tool", 126 },	    { "", 127 },	 { "notexec", 126 },
		      { "opt/tool/notexec", 126 }, { "../nosuch", 127 } };
	struct launched l;

	(void)state;
	spec.env = (struct strv){};
	strv_add(&spec.env, "PATH=/opt/tool");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		strv_free(&spec.args);
		strv_add(&spec.args, cases[i].name);
		spec.dialect = DIALECT_SIF;
		launch_in(root, &l);
		assert_int_equal(l.rc, -1);
		assert_int_equal(l.err.status, cases[i].ours);
		spec.dialect = DIALECT_APPTAINER;
		launch_in(root, &l);
		assert_int_equal(l.rc, -1);
		assert_int_equal(l.err.status, 255);
	}
	strv_free(&spec.args);
	strv_add(&spec.args, "nosuch");
	launch_in(root, &l);
	assert_string_equal(l.err.msg, "\"nosuch\": executable file not found in $PATH");
}

static void what_run_and_test_execute(void **state)
{
	struct launched l;

	(void)state;
	spec.action = ACTION_RUN;
	strv_add(&spec.args, "a b");
	launch_in(root, &l);
	assert_int_equal(l.rc, 0);
	assert_string_equal(l.action.path, "/.singularity.d/runscript");
	assert_string_equal(l.action.argv.v[1], "a b");
	action_free(&l.action);

	put("/.singularity.d/runscript", 0755, "#!/bin/sh\nexec mytool -x \"$@\"\n");
	launch_in(root, &l);
	assert_int_equal(l.rc, 0);
	assert_string_equal(l.action.path, "/opt/tool/bin/mytool");
	assert_string_equal(l.action.argv.v[0], "mytool");
	assert_string_equal(l.action.argv.v[2], "a b");
	action_free(&l.action);

	put("/.singularity.d/runscript", 0755, "#!/bin/sh\nexec nosuch \"$@\"\n");
	launch_in(root, &l);
	assert_int_equal(l.rc, -1);
	assert_int_equal(l.err.status, 127); /* as a shell inside would say, in every dialect */

	spec.action = ACTION_TEST;
	launch_in(root, &l);
	assert_int_equal(l.rc, 0);
	assert_non_null(l.action.message);
	assert_int_equal(l.action.status, 0);
	action_free(&l.action);
	put("/.singularity.d/test", 0755, "#!/bin/sh\nexit 0\n");
	launch_in(root, &l);
	assert_string_equal(l.action.path, "/.singularity.d/test");
	action_free(&l.action);
}

/* The tail of the runscripts that builders wrote before --no-eval. */
static const char oci_tail[] = "CMDLINE_ARGS=\"\"\n"
			       "for arg in \"$@\"; do\n    CMDLINE_ARGS=\"${CMDLINE_ARGS} \\\"$arg\\\"\"\ndone\n"
			       "if [ $# -gt 0 ]; then\n"
			       "    SINGULARITY_OCI_RUN=\"${OCI_ENTRYPOINT} ${CMDLINE_ARGS}\"\n"
			       "else\n    SINGULARITY_OCI_RUN=\"${OCI_ENTRYPOINT} ${OCI_CMD}\"\nfi\n"
			       "eval \"set ${SINGULARITY_OCI_RUN}\"\nexec \"$@\"\n";

static void oci_runscripts(void **state)
{
	OWN_FREE char *text = xasprintf("#!/bin/sh\nOCI_ENTRYPOINT='\"/opt/tool/bin/mytool\" \"it'\"'\"'s\"'\n"
					"OCI_CMD='\"c 1\" \"\\$HOME\"'\n%s",
					oci_tail);
	struct launched l;

	(void)state;
	spec.action = ACTION_RUN;
	put("/.singularity.d/runscript", 0755, text);
	launch_in(root, &l);
	assert_int_equal(l.rc, 0);
	assert_string_equal(l.action.path, "/opt/tool/bin/mytool");
	assert_int_equal(l.action.argv.n, 4);
	assert_string_equal(l.action.argv.v[1], "it's");
	assert_string_equal(l.action.argv.v[2], "c 1");
	assert_string_equal(l.action.argv.v[3], "$HOME");
	action_free(&l.action);

	strv_add(&spec.args, "$HOSTV \"q\"");
	strv_add(&spec.args, "*");
	launch_in(root, &l); /* Apptainer evaluates words a second time */
	assert_int_equal(l.rc, 0);
	action_free(&l.action);
	spec.dialect = DIALECT_SIF; /* we never do, though this script cannot be told */
	launch_in(root, &l);
	assert_int_equal(l.rc, 0);
	assert_int_equal(l.action.argv.n, 4);
	assert_string_equal(l.action.argv.v[2], "$HOSTV \"q\"");
	assert_string_equal(l.action.argv.v[3], "*");
	expect(&l, "SINGULARITY_NO_EVAL", NULL);
	action_free(&l.action);

	if (!has_shell)
		return;
	/* the same when a shell runs everything */
	put("/.singularity.d/env/90-environment.sh", 0755, "export COMPUTED=`echo x`\n");
	launch_in(root, &l);
	assert_int_equal(l.rc, 0);
	assert_string_equal(l.action.argv.v[l.action.argv.n - 2], "\\$HOSTV \\\"q\\\"");
	action_free(&l.action);
}

static void shells(void **state)
{
	struct launched l;

	(void)state;
	if (!has_shell)
		skip();
	spec.action = ACTION_SHELL;
	launch_in(root, &l);
	assert_int_equal(l.rc, 0);
	assert_string_equal(l.action.path, "/bin/sh");
	assert_int_equal(l.action.argv.n, 1);
	expect(&l, "SHELL", "/bin/sh");
	action_free(&l.action);

	put("/bin/bash", 0755, "#!/bin/sh\n");
	launch_in(root, &l);
	assert_string_equal(l.action.path, "/bin/bash");
	assert_string_equal(l.action.argv.v[1], "--norc");
	action_free(&l.action);

	spec.dialect = DIALECT_SIF;
	spec.host_rc = true;
	launch_in(root, &l);
	assert_int_equal(l.action.argv.n, 1);
	expect(&l, "PS1", "sif> ");
	action_free(&l.action);
	drop("/bin/bash");

	put("/bin/mksh", 0755, "#!/bin/sh\n");
	spec.host_rc = false;
	spec.shell = xstrdup("/bin/mksh");
	launch_in(root, &l);
	assert_string_equal(l.action.path, "/bin/mksh");
	expect(&l, "ENV", "/dev/null"); /* or it would read ~/.mkshrc */
	action_free(&l.action);
	free(spec.shell);
	spec.shell = xstrdup("/bin/nosuch");
	launch_in(root, &l);
	assert_int_equal(l.rc, -1);
	assert_int_equal(l.err.status, 127);
	spec.dialect = DIALECT_APPTAINER; /* falls back without a word */
	launch_in(root, &l);
	assert_string_equal(l.action.path, "/bin/sh");
	action_free(&l.action);

	strv_add(&spec.args, "-c");
	spec.dialect = DIALECT_SIF;
	launch_in(root, &l);
	assert_int_equal(l.rc, -1);
	assert_int_equal(l.err.kind, ERR_USAGE);
}

static void oci_variables_come_out_right(void **state)
{
	struct launched l;

	(void)state;
	put("/.singularity.d/env/10-docker2singularity.sh", 0755,
	    "#!/bin/sh\nexport PATH=\"/opt/x:/usr/bin:/bin\"\nexport DQ=\"${DQ:-\"say \\\\\\\"hi\\\\\\\"\"}\"\n"
	    "export DOLLAR=\"${DOLLAR:-\"\\\\$HOME\"}\"\nexport BT=\"${BT:-\"\\\\`id\\\\`\"}\"\n"
	    "export NL=\"${NL:-\"l1\\nl2\"}\"\nexport BS=\"${BS:-\"a\\\\\\\\b\"}\"\n"
	    "export TAB=\"${TAB:-\"\\tx\\u00ad\\x01\"}\"\n");
	strv_add(&spec.args, "mytool");
	launch_in(root, &l);
	assert_int_equal(l.rc, 0);
	expect(&l, "DQ", "say \"hi\"");
	expect(&l, "DOLLAR", "$HOME");
	expect(&l, "BT", "`id`");
	expect(&l, "NL", "l1\nl2");
	expect(&l, "BS", "a\\b");
	expect(&l, "TAB", "\tx\302\255\001");
	expect(&l, "PATH", "/opt/tool/bin:/opt/x:/usr/bin:/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/sbin");
	action_free(&l.action);

	/* one by a builder that escapes once: as sh reads it */
	put("/.singularity.d/env/10-docker2singularity.sh", 0755,
	    "#!/bin/sh\nexport DQ=\"${DQ:-\"say \\\"hi\\\"\"}\"\nexport BS=\"${BS:-\"a\\\\\\\\b\"}\"\n");
	launch_in(root, &l);
	expect(&l, "DQ", "say \"hi\"");
	expect(&l, "BS", "a\\\\b");
	action_free(&l.action);
}

static void scripts_beyond_the_closed_forms(void **state)
{
	struct launched l;
	OWN_FREE char *seen = NULL;

	(void)state;
	if (!has_shell)
		skip();
	put("/.singularity.d/env/90-environment.sh", 0755,
	    "f() { echo computed; }\nexport COMPUTED=`f`\nexport SAW=\"[$HOSTV]\"\n[ -n \"$UID\" ] && export HAVEUID=1\n"
	    "source /.singularity.d/env/91-more\n");
	put("/.singularity.d/env/91-more", 0644, "export MORE=1\n");
	host[0] = "APPTAINERENV_X=`echo cmd` \"$COMPUTED\"";
	host[1] = "MULTI=l1\nl2 'q' $x";
	strv_add(&spec.args, "/bin/env");
	launch_in(root, &l);
	assert_int_equal(l.rc, 0);
	assert_string_equal(l.action.argv.v[1], "-c");
	seen = run_inside(root, &l);
	assert_non_null(strstr(seen, "COMPUTED=computed\n"));
	assert_non_null(strstr(seen, "SAW=[]\n"));
	assert_non_null(strstr(seen, "HAVEUID=1\n"));
	assert_non_null(strstr(seen, "MORE=1\n"));
	assert_non_null(strstr(seen, "X=cmd \"computed\"\n"));
	assert_non_null(strstr(seen, "MULTI=l1\n"));
	assert_non_null(strstr(seen, "l2 'q' $x\n"));
	assert_non_null(strstr(seen, "HOSTV=from host\n"));
	assert_null(strstr(seen, "sif__"));
	action_free(&l.action);
}

static void no_shell_says_so(void **state)
{
	struct launched l;

	(void)state;
	if (has_shell)
		sh("mv %s/bin %s/bin.away", root, root);
	strv_add(&spec.args, "mytool");
	launch_in(root, &l);
	assert_int_equal(l.rc, 0); /* closed forms need none */
	action_free(&l.action);
	put("/.singularity.d/env/90-environment.sh", 0755, "export A=`id`\n");
	launch_in(root, &l);
	assert_int_equal(l.rc, -1);
	assert_non_null(strstr(l.err.msg, "need a shell"));
	if (has_shell)
		sh("rm -rf %s/bin; mv %s/bin.away %s/bin", root, root, root);
}

static void a_script_may_end_the_start(void **state)
{
	struct launched l;

	(void)state;
	put("/.singularity.d/env/95-apps.sh", 0755,
	    "if test -n \"${SINGULARITY_APPNAME:-}\"; then\n export SINGULARITY_APPNAME\n"
	    " if test -d \"/scif/apps/${SINGULARITY_APPNAME:-}/\"; then\n"
	    "  PATH=\"/scif/apps/${SINGULARITY_APPNAME:-}/bin:$PATH\"\n  export PATH\n"
	    " else\n  echo \"no app: ${SINGULARITY_APPNAME}\"\n  exit 1\n fi\nfi\n");
	spec.app = xstrdup("nope");
	strv_add(&spec.args, "mytool");
	launch_in(root, &l);
	assert_int_equal(l.rc, 0);
	assert_string_equal(l.action.message, "no app: nope\n");
	assert_int_equal(l.action.status, 1);
	action_free(&l.action);

	put("/scif/apps/nope/bin/apptool", 0755, "#!/bin/sh\n");
	strv_free(&spec.args);
	strv_add(&spec.args, "apptool");
	launch_in(root, &l);
	assert_int_equal(l.rc, 0);
	assert_string_equal(l.action.path, "/scif/apps/nope/bin/apptool");
	expect(&l, "APPTAINER_APPNAME", "nope");
	expect(&l, "SINGULARITY_APPNAME", "nope");
	action_free(&l.action);

	spec.action = ACTION_RUN;
	launch_in(root, &l);
	assert_int_equal(l.action.status, 1);
	assert_non_null(l.action.message);
	action_free(&l.action);
	put("/scif/apps/nope/scif/runscript", 0755, "#!/bin/sh\necho app\n");
	launch_in(root, &l);
	assert_string_equal(l.action.path, "/scif/apps/nope/scif/runscript");
	action_free(&l.action);
}

static void both_ways_agree(void **state)
{
	static const enum run_dialect dialects[] = { DIALECT_SIF, DIALECT_APPTAINER, DIALECT_SINGULARITY };

	(void)state;
	if (!has_shell)
		skip();
	host[0] = "DEFAULTED=host";
	host[1] = "EMPTYSET=host";
	host[2] = "APPTAINERENV_X=$IMGVAR \"q\" a\\b\\";
	host[3] = "APPTAINERENV_LD_LIBRARY_PATH=/inj";
	host[4] = "APPTAINERENV_PREPEND_PATH=/pre";
	host[5] = "APPTAINERENV_APPEND_LD_LIBRARY_PATH=/lda";
	host[6] = "SHELL=/bin/nosuch";
	host[7] = "QUOTES=a\"b'c`d$e\\f\ng";
	for (size_t i = 0; i < ARRAY_SIZE(dialects); i++) {
		spec.dialect = dialects[i];
		compare_ways(root);
		spec.no_eval = true;
		compare_ways(root);
		spec.no_eval = false;
	}
	put("/.singularity.d/env/10-docker2singularity.sh", 0755,
	    "#!/bin/sh\nexport PATH=\"/opt/x:/usr/bin:/bin\"\nexport DQ=\"${DQ:-\"say \\\\\\\"hi\\\\\\\"\"}\"\n"
	    "export NL=\"${NL:-\"l1\\nl2\"}\"\n");
	compare_ways(root);
}

/* Offset of the SquashFS superblock in an image file. */
static long find_squashfs(const char *file)
{
	OWN_FREE char *bytes = NULL;
	struct err e;
	size_t len;
	char *p;

	if (fd_read_file(file, 64 << 20, &bytes, &len, &e))
		return -1;
	for (p = bytes; p + 96 < bytes + len; p++)
		if (memcmp(p, "hsqs", 4) == 0 && p[28] == 4 && p[29] == 0)
			return p - bytes;
	return -1;
}

static void every_image_at_hand(void **state)
{
	const char *top = getenv("top_srcdir"), *set = getenv("SIF_SHARED");
	OWN_FREE char *shared = xasprintf("%s%s", set ? set : top ? top : ".", set ? "" : "/../shared");
	OWN_FREE char *list = xasprintf("%s/list", root);
	OWN_FREE char *names = NULL;
	OWN_STRV struct strv files = {};
	struct err e;
	int done = 0;

	(void)state;
	sh("mkdir %s/img; tar -xf %s/conformance/images.tar.xz -C %s/img 2>/dev/null; "
	   "ls %s/img/*/*.sif %s/interop-data/sif/apptainer/busybox_amd64.sif >%s 2>/dev/null",
	   root, shared, root, root, shared, list);
	if (!has_shell || fd_read_file(list, 1 << 20, &names, NULL, &e) || !*names) {
		print_message("no images in %s: skipped\n", shared);
		/* skip() leaves by longjmp, past what frees these */
		free(TAKE_PTR(names));
		free(TAKE_PTR(list));
		free(TAKE_PTR(shared));
		skip();
	}
	strv_split(&files, names, "\n");
	for (size_t i = 0; i < files.n; i++) {
		OWN_FREE char *dir = xasprintf("%s/img/x%zu", root, i), *env = xasprintf("%s/bin/env", dir);
		long off = find_squashfs(files.v[i]);

		if (off < 0 || sh("unsquashfs -q -n -no-xattrs -d %s -o %ld %s bin .singularity.d scif >/dev/null 2>&1",
				  dir, off, files.v[i]) ||
		    access(env, X_OK) < 0)
			continue;
		/* an image without a shell borrows one for the comparison */
		sh("[ -e %s/bin/sh ] || cp %s/bin/env %s/bin/sh", dir, root, dir);
		compare_ways(dir);
		done++;
	}
	print_message("%d images: in process as by their sh\n", done);
	assert_true(done > 0);
}

static void exec_says_why(void **state)
{
	OWN_FREE char *badinterp = xasprintf("%s/opt/tool/badinterp", root);
	OWN_FREE char *missing = xasprintf("%s/opt/tool/missing", root);
	OWN_FREE char *notexec = xasprintf("%s/opt/tool/notexec", root);
	OWN_FREE char *text = xasprintf("%s/opt/tool/text", root);
	struct action a = {};
	struct err e;
	pid_t pid;

	(void)state;
	put("/opt/tool/badinterp", 0755, "#! /no/such/interpreter -x\n");
	strv_add(&a.argv, "x");
	a.path = badinterp;
	assert_int_equal(action_exec(&a, DIALECT_SIF, &e), -1);
	assert_int_equal(e.status, 126);
	assert_non_null(strstr(e.msg, "'/no/such/interpreter'"));
	assert_int_equal(action_exec(&a, DIALECT_APPTAINER, &e), -1);
	assert_int_equal(e.status, 255);
	a.path = missing;
	assert_int_equal(action_exec(&a, DIALECT_SIF, &e), -1);
	assert_int_equal(e.status, 127);
	a.path = notexec;
	assert_int_equal(action_exec(&a, DIALECT_SIF, &e), -1);
	assert_int_equal(e.status, 126);

	/* a text without "#!" is run by /bin/sh */
	put("/opt/tool/text", 0755, "exit $(( $1 + 1 ))\n");
	a.path = text;
	strv_add(&a.argv, "41");
	pid = fork();
	if (pid == 0) {
		(void)!action_exec(&a, DIALECT_SIF, &e);
		_exit(99);
	}
	assert_int_equal(child_wait(pid, &e), 42);
	a.path = NULL;
	action_free(&a);
}

static void env_words(void **state)
{
	struct launched l;

	(void)state;
	strv_add(&spec.args, "mytool");
	strv_add(&spec.env, "A=1,B=two words");
	strv_add(&spec.env, "C=a,b");
	strv_add(&spec.env, "\"D=x,y\",E=2");
	launch_in(root, &l);
	assert_int_equal(l.rc, 0);
	expect(&l, "A", "1");
	expect(&l, "B", "two words");
	expect(&l, "C", "a,b");
	expect(&l, "D", "x,y");
	expect(&l, "E", "2");
	action_free(&l.action);
	strv_free(&spec.env);
	strv_add(&spec.env, "A=a=b,c,B=2");
	spec.dialect = DIALECT_SIF;
	launch_in(root, &l);
	expect(&l, "A", "a=b,c");
	expect(&l, "B", "2");
	action_free(&l.action);
	strv_add(&spec.env, "NOEQ");
	launch_in(root, &l);
	assert_int_equal(l.rc, -1);
	assert_int_equal(l.err.kind, ERR_USAGE);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(image_wins_over_host),
		TEST(sif_keeps_what_the_image_empties),
		TEST(injection),
		TEST(libraries_of_the_image_come_first),
		TEST(programs_that_cannot_run),
		TEST(what_run_and_test_execute),
		TEST(oci_runscripts),
		TEST(shells),
		TEST(oci_variables_come_out_right),
		TEST(scripts_beyond_the_closed_forms),
		TEST(no_shell_says_so),
		TEST(a_script_may_end_the_start),
		TEST(both_ways_agree),
		TEST(every_image_at_hand),
		TEST(exec_says_why),
		TEST(env_words),
	};

	if (getenv("SIF_EMULATED"))
		return 77; /* qemu-user has no openat2, which each of these needs */
	return cmocka_run_group_tests(tests, make_root, remove_root);
}
