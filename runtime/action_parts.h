/* What the files of runtime/action share. */
#ifndef SIF_RUNTIME_ACTION_PARTS_H
#define SIF_RUNTIME_ACTION_PARTS_H

#include "runtime/action.h"
#include "runtime/script.h"

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define LIBS_DIR "/.singularity.d/libs"
#define RUNSCRIPT "/.singularity.d/runscript"

/* Everything known before the first script runs. */
struct stage {
	const struct run_spec *spec;
	const struct env_facts *facts;
	const struct env_plan *env;
	int root_fd;
	const char *cwd;
	struct strv scripts;  /* absolute names of the image's environment scripts, in order */
	struct strv target;   /* what to run, argv */
	struct strv runner;   /* "K=V" of the runner's own variables: they always win */
	bool lists_runtimevars, lists_base;
	bool target_is_shell; /* action shell */
};

/* action_image.c: looking into the image. */
bool image_is_executable(int root_fd, const char *path);
bool image_is_file(int root_fd, const char *path);
/* Is there at least one entry in the directory? */
bool image_has_entries(int root_fd, const char *dir);
/* Names of regular files DIR/NAME.sh, as a shell in the C locale globs them. */
int image_list_scripts(int root_fd, const char *dir, struct strv *ret, struct err *e);
char *image_read(int root_fd, const char *path, size_t *len); /* NULL: cannot */
/* Find a program as execvp would, with this PATH. as_apptainer: wording and status. */
int image_find_program(const struct stage *st, const char *path, const char *name, bool from_script, char **ret,
		       struct err *e);
/* The first of bash and sh that is there, or NULL. */
const char *image_shell(int root_fd);

/* Every name in a directory, in the order of bytes, at most 4096; -1: cannot. */
int image_list(int root_fd, const char *dir, struct strv *ret);

/* action_libs.c: LIBS_DIR behind the directories of the image's ldconfig, as a
 * value of LD_LIBRARY_PATH; malloc'ed. For images without ld.so.conf (musl) it is
 * LIBS_DIR alone. */
char *image_library_path(int root_fd);

/* action_target.c: fills st->target, or ret->message. */
int target_make(struct stage *st, struct action *ret, struct err *e);
/* Words of `run` that an OCI runscript would evaluate a second time. */
void target_prepare(struct stage *st);
/* Is it a shell that must be told $ENV to leave the home directory alone? */
bool target_reads_env_file(const struct stage *st);
/* When the target is a runscript of a closed form: replace it by what the
 * script would exec, and vars by what it would pass on. False: leave it alone. */
bool target_resolve(struct stage *st, struct script_vars *vars);

/* action_env.c: the image's scripts in this process. SCRIPT_DONE: *vars is the
 * environment. SCRIPT_EXIT: a script ended the start; *out and *status say how. */
enum script_end stage_eval(const struct stage *st, struct script_vars *vars, char **out, int *status);
/* "K=V" entries whose names are no names for a shell pass untouched. */
void stage_odd_names(const struct stage *st, struct strv *envp);
/* Is this the variable name of one of the "K=V" in l? */
bool list_names(const struct strv *l, const char *name);

/* action_sh.c: the same by the image's own shell. */
int stage_by_sh(const struct stage *st, struct action *ret, struct err *e);

/* oci_env.c: undo the double escaping of some builders' 10-docker2singularity.sh;
 * NULL when the text is not of that kind. */
char *oci_env_repair(const char *text, size_t len);

#endif
