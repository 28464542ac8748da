#include "image/pack/native.h"

#include "base/mem.h"

#include <ctype.h>
#include <string.h>
#include <sys/stat.h>

static const char *const directories[] = {
	".singularity.d", ".singularity.d/libs", ".singularity.d/actions", ".singularity.d/env",
	"dev", "proc", "root", "var/tmp", "tmp", "etc", "sys", "home",
};

static const struct {
	const char *path, *target;
} links[] = {
	{ "singularity", ".singularity.d/runscript" },
	{ ".run", ".singularity.d/actions/run" },
	{ ".exec", ".singularity.d/actions/exec" },
	{ ".test", ".singularity.d/actions/test" },
	{ ".shell", ".singularity.d/actions/shell" },
	{ "environment", ".singularity.d/env/90-environment.sh" },
};

/* The runtime does all of this itself; the files are for runtimes that start a
 * container through them, and for people who look. */
#define ACTION                                              \
	"#!/bin/sh\n"                                       \
	"for file in /.singularity.d/env/*.sh; do\n"        \
	"\tif [ -f \"$file\" ]; then\n"                     \
	"\t\t. \"$file\"\n"                                 \
	"\tfi\n"                                            \
	"done\n"

#define ACTION_FILE(file, otherwise)        \
	ACTION "if [ -x " file " ]; then\n" \
	       "\texec " file " \"$@\"\n"   \
	       "fi\n" otherwise

static const struct {
	const char *path;
	mode_t mode;
	const char *text;
} files[] = {
	{ "etc/hosts", 0644, "" },
	{ "etc/resolv.conf", 0644, "" },
	{ ".singularity.d/actions/exec", 0755, ACTION "exec \"$@\"\n" },
	{ ".singularity.d/actions/run", 0755, ACTION_FILE("/.singularity.d/runscript", "exec /bin/sh \"$@\"\n") },
	{ ".singularity.d/actions/start", 0755, ACTION_FILE("/.singularity.d/startscript", "exit 0\n") },
	{ ".singularity.d/actions/test", 0755, ACTION_FILE("/.singularity.d/test", "exit 0\n") },
	{ ".singularity.d/actions/shell", 0755,
	  ACTION "if [ -x /bin/bash ]; then\n"
		 "\texec /bin/bash --norc \"$@\"\n"
		 "fi\n"
		 "exec /bin/sh \"$@\"\n" },
	{ ".singularity.d/env/01-base.sh", 0755,
	  "#!/bin/sh\n"
	  "# The files of this directory are read in the order of their names.\n" },
	{ ".singularity.d/env/90-environment.sh", 0755,
	  "#!/bin/sh\n"
	  "# What the image sets for its programs.\n" },
	{ ".singularity.d/env/99-base.sh", 0755,
	  "#!/bin/sh\n"
	  "# Libraries of the host (GPU, MPI) are bound to this directory.\n"
	  "if [ -z \"${LD_LIBRARY_PATH:-}\" ]; then\n"
	  "\tLD_LIBRARY_PATH=\"/.singularity.d/libs\"\n"
	  "else\n"
	  "\tLD_LIBRARY_PATH=\"$LD_LIBRARY_PATH:/.singularity.d/libs\"\n"
	  "fi\n"
	  "export LD_LIBRARY_PATH\n" },
	{ ".singularity.d/env/99-runtimevars.sh", 0755,
	  "#!/bin/sh\n"
	  "# Changes of PATH that the caller asked for.\n"
	  "if [ -n \"${SING_USER_DEFINED_PREPEND_PATH:-}\" ]; then\n"
	  "\tPATH=\"$SING_USER_DEFINED_PREPEND_PATH:$PATH\"\n"
	  "fi\n"
	  "if [ -n \"${SING_USER_DEFINED_APPEND_PATH:-}\" ]; then\n"
	  "\tPATH=\"$PATH:$SING_USER_DEFINED_APPEND_PATH\"\n"
	  "fi\n"
	  "if [ -n \"${SING_USER_DEFINED_PATH:-}\" ]; then\n"
	  "\tPATH=\"$SING_USER_DEFINED_PATH\"\n"
	  "fi\n"
	  "unset SING_USER_DEFINED_PREPEND_PATH SING_USER_DEFINED_APPEND_PATH SING_USER_DEFINED_PATH\n"
	  "export PATH\n" },
	/* without a runscript the words are the command, as people expect of a container */
	{ ".singularity.d/runscript", 0755,
	  "#!/bin/sh\n"
	  "if [ \"$#\" -gt 0 ]; then\n"
	  "\texec \"$@\"\n"
	  "fi\n"
	  "exec /bin/sh\n" },
	{ ".singularity.d/startscript", 0755, "#!/bin/sh\n" },
};

#define ENVIRONMENT ".singularity.d/env/90-environment.sh"
#define RUNSCRIPT ".singularity.d/runscript"
#define LABELS ".singularity.d/labels.json"

static size_t name_length(const char *s)
{
	size_t n = 0;

	if (isalpha((unsigned char)*s) || *s == '_')
		while (isalnum((unsigned char)s[n]) || s[n] == '_')
			n++;
	return n;
}

int native_check_environment(const struct strv *list, struct err *e)
{
	for (size_t i = 0; list && i < list->n; i++) {
		size_t n = name_length(list->v[i]);

		if (n && list->v[i][n] == '=')
			continue;
		err_set(e, ERR_USAGE, "environment '%s' is not NAME=VALUE", list->v[i]);
		return err_hint(e, "a name is made of letters, digits and '_' and does not begin with a digit");
	}
	return 0;
}

/* Inside of double quotes: $NAME and ${NAME} stay, so that PATH=/opt/bin:$PATH
 * does what it says; everything else that a shell would act on is quoted. */
static void add_value(struct str *out, const char *v)
{
	for (; *v; v++) {
		size_t n = name_length(v[1] == '{' ? v + 2 : v + 1);
		bool variable = *v == '$' && n && (v[1] != '{' || v[2 + n] == '}');

		if ((*v == '$' && !variable) || *v == '"' || *v == '`' || *v == '\\')
			str_addc(out, '\\');
		str_addc(out, *v);
	}
}

static void add_exports(struct str *out, const struct strv *list)
{
	for (size_t i = 0; list && i < list->n; i++) {
		size_t n = name_length(list->v[i]);

		str_add(out, "export ");
		str_addn(out, list->v[i], n + 1);
		str_addc(out, '"');
		add_value(out, list->v[i] + n + 1);
		str_add(out, "\"\n");
	}
}

/* Is there anything at path? */
static int present(struct packer *p, const char *path, struct err *e)
{
	struct tree_name *n;

	return tree_find(&p->tree, path, &n, e);
}

static int add_directory(struct packer *p, const char *path, uint32_t time, struct err *e)
{
	struct tree_name *n;
	struct tree_inode *i;
	int rc = present(p, path, e);

	if (rc)
		return rc < 0 ? -1 : 0;
	if (tree_place(&p->tree, path, &n, e) || tree_set(&p->tree, n, S_IFDIR | 0755, &i, e))
		return -1;
	i->mtime = time;
	return 0;
}

static int add_file(struct packer *p, const char *path, mode_t mode, const char *text, uint32_t time, struct err *e)
{
	uint64_t in = p->stats->bytes_in;
	struct tree_name *n;
	struct tree_inode *i;

	if (tree_place(&p->tree, path, &n, e) || tree_set(&p->tree, n, S_IFREG | mode, &i, e))
		return -1;
	i->mtime = time;
	if (packer_file_begin(p, n, strlen(text), e) || (*text && packer_file_data(p, text, strlen(text), e)) ||
	    packer_file_end(p, e))
		return -1;
	p->stats->bytes_in = in; /* not the source's */
	return 0;
}

static int add_link(struct packer *p, const char *path, const char *target, uint32_t time, struct err *e)
{
	struct tree_name *n;
	struct tree_inode *i;

	if (tree_place(&p->tree, path, &n, e))
		return -1;
	if (n->inode && !S_ISLNK(n->inode->mode))
		return 0; /* the source's own */
	if (tree_set(&p->tree, n, S_IFLNK | 0777, &i, e))
		return -1;
	i->mtime = time;
	return packer_target(i, target, e);
}

static int add_environment(struct packer *p, uint32_t time, struct err *e)
{
	const struct packer_text *old = packer_text(p, ENVIRONMENT);
	OWN_STR struct str text = {};

	if (!p->opt->environment || !p->opt->environment->n)
		return 0;
	str_add(&text, old ? old->data : "#!/bin/sh\n");
	if (text.len && text.s[text.len - 1] != '\n')
		str_addc(&text, '\n');
	add_exports(&text, p->opt->environment);
	return add_file(p, ENVIRONMENT, 0755, str_text(&text), time, e);
}

static int add_runscript(struct packer *p, uint32_t time, struct err *e)
{
	const char *body = p->opt->runscript;
	OWN_STR struct str text = {};

	if (!body)
		return 0;
	if (!str_starts(body, "#!"))
		str_add(&text, "#!/bin/sh\n\n");
	str_add(&text, body);
	if (!str_ends(body, "\n"))
		str_addc(&text, '\n');
	return add_file(p, RUNSCRIPT, 0755, str_text(&text), time, e);
}

int native_add(struct packer *p, const struct labels *labels, uint32_t time, struct err *e)
{
	OWN_STR struct str text = {};
	int rc;

	for (size_t i = 0; i < ARRAY_SIZE(directories); i++)
		if (add_directory(p, directories[i], time, e))
			return -1;
	if (add_environment(p, time, e) || add_runscript(p, time, e))
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		rc = present(p, files[i].path, e);
		if (rc < 0 || (!rc && add_file(p, files[i].path, files[i].mode, files[i].text, time, e)))
			return -1;
	}
	for (size_t i = 0; i < ARRAY_SIZE(links); i++)
		if (add_link(p, links[i].path, links[i].target, time, e))
			return -1;
	labels_file(labels, &text);
	return add_file(p, LABELS, 0644, str_text(&text), time, e);
}

static void add_member(struct packer *p, const char *key, const char *path, struct str *out)
{
	const struct packer_text *t = packer_text(p, path);
	OWN_FREE char *text = NULL;
	size_t len;

	if (!t)
		return;
	len = strlen(t->data);
	while (len && t->data[len - 1] == '\n')
		len--;
	if (!len)
		return;
	text = xstrndup(t->data, len);
	if (out->s[out->len - 1] != '{')
		str_addc(out, ',');
	json_go_string(out, key);
	str_addc(out, ':');
	json_go_string(out, text);
}

void native_metadata(struct packer *p, const struct labels *labels, struct str *out)
{
	static const char *const environment[] = { "10-docker2singularity.sh", "90-environment.sh", "91-environment.sh" };
	static const struct {
		const char *key, *path;
	} texts[] = {
		{ "runscript", RUNSCRIPT },
		{ "test", ".singularity.d/test" },
		{ "helpfile", ".singularity.d/runscript.help" },
		{ "deffile", ".singularity.d/Singularity" },
		{ "startscript", ".singularity.d/startscript" },
	};

	str_add(out, "{\"data\":{\"attributes\":{\"environment\":{");
	for (size_t i = 0; i < ARRAY_SIZE(environment); i++) {
		OWN_FREE char *path = xasprintf("/.singularity.d/env/%s", environment[i]);

		add_member(p, path, path, out);
	}
	str_add(out, "},\"labels\":");
	labels_json(labels, out);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		add_member(p, texts[i].key, texts[i].path, out);
	str_add(out, "}},\"type\":\"container\"}");
}
