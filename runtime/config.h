/* sif.conf: one grammar for the administrator's file and the user's.
 *
 *	# comment
 *	word word = value
 *	[path /scratch]
 *	word word = value
 *
 * A line behind a [path DIR] header counts for images beneath DIR only. An
 * unknown key is an error with file and line. What a value may do is in
 * runtime/policy.h; the keys themselves are config_keys. */
#ifndef SIF_RUNTIME_CONFIG_H
#define SIF_RUNTIME_CONFIG_H

#include "base/err.h"
#include "base/own.h"
#include "runtime/options.h"

enum config_kind {
	CONFIG_BOOL,   /* of the two files the stricter value counts */
	CONFIG_SIZE,   /* bytes; the administrator's is the upper limit */
	CONFIG_WORD,   /* the administrator's value counts, else the user's */
	CONFIG_PATHS,  /* collected */
	CONFIG_OPTION, /* "default NAME = value": any row of run_options */
	CONFIG_FORBID, /* "forbid option = NAME": collected */
};

struct config_key {
	const char *name; /* "mount home" */
	enum config_kind kind;
	size_t offset; /* in struct run_spec: of the bool, uint64_t or, for a word, char * */
	const char *builtin; /* value without any file, NULL = none */
	const char *help;
	int (*check)(const char *value, struct err *e); /* of CONFIG_WORD */
};

extern const struct config_key config_keys[]; /* .name NULL at the end */

/* One line of a file. */
struct setting {
	const struct config_key *key;
	const struct opt *option; /* of CONFIG_OPTION and CONFIG_FORBID */
	char *value;
	const char *section; /* directory, NULL = everywhere; owned by the config */
	enum option_source source; /* SOURCE_USER_FILE or SOURCE_SYSTEM_FILE */
	const char *file; /* owned by the config */
	unsigned line;
};

struct config {
	struct setting *v;
	size_t n, cap;
	struct strv names; /* files and sections */
	/* Set by who wants to see all of a file that is wrong somewhere: each
	 * wrong line's message is added here, and the others count. NULL: the
	 * first wrong line is the error. Not owned. */
	struct strv *faults;
};

void config_free(struct config *c);
#define OWN_CONFIG OWN(config_free)

/* Fixed, wherever the program is installed: a tree that a user moved must not
 * bring its own policy. */
#define CONFIG_SYSTEM_FILE "/etc/sif/sif.conf"

/* The user's file: $XDG_CONFIG_HOME/sif/sif.conf, else ~/.config/sif/sif.conf,
 * ~ being $HOME or what this host's own passwd file says; malloc'ed; NULL without
 * a home. */
char *config_user_file(void);

/* Read both files; a missing one is empty. The administrator's must belong to
 * root and be writable by root alone, else ERR_POLICY with the reason. */
int config_load(struct config *c, struct err *e) MUST_CHECK;

/* Add the lines of one file's text. ERR_USAGE "FILE:LINE: ...". */
int config_parse(struct config *c, const char *text, const char *file, enum option_source source,
		 struct err *e) MUST_CHECK;

/* Does the setting count for this image (absolute path, links resolved; NULL =
 * no image known: only lines outside of sections do)? */
bool config_applies(const struct setting *s, const char *image);

#endif
