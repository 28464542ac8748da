#include "runtime/config.h"

#include "base/cpus.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/num.h"
#include "runtime/account.h"
#include "runtime/engine.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

enum { FILE_LIMIT = 1 << 20, KEY_LIMIT = 64 };

static int check_cpus(const char *value, struct err *e)
{
	struct cpus cpus;

	return strcmp(value, "auto") == 0 ? 0 : cpus_parse(value, &cpus, e);
}

static int check_engine(const char *value, struct err *e)
{
	enum engine engine;

	return engine_parse(value, &engine, e);
}

#define FIELD(f) .offset = offsetof(struct run_spec, f)

const struct config_key config_keys[] = {
	{ "bind path", CONFIG_PATHS, 0, NULL, "a host path to bind, SRC[:DEST[:OPTS]]; '-' in front: if it exists", NULL },
	{ "mount home", CONFIG_BOOL, FIELD(mount_home), "yes", "bind the user's home directory" },
	{ "mount tmp", CONFIG_BOOL, FIELD(mount_tmp), "yes", "bind /tmp and /var/tmp" },
	{ "mount cwd", CONFIG_BOOL, FIELD(mount_cwd), "yes", "bind the working directory" },
	{ "mount proc", CONFIG_BOOL, FIELD(mount_proc), "yes", "bind /proc" },
	{ "mount sys", CONFIG_BOOL, FIELD(mount_sys), "yes", "bind /sys" },
	{ "mount dev", CONFIG_BOOL, FIELD(mount_dev), "yes", "bind /dev" },
	{ "mount engine", CONFIG_WORD, FIELD(engine), "sif", "what reads images: sif, squashfuse or, for root, kernel",
	  check_engine },
	{ "mount cpus", CONFIG_WORD, FIELD(mount_cpus), "auto", "where image servers run: auto, or a list such as 0-3,8",
	  check_cpus },
	{ "bind control", CONFIG_BOOL, FIELD(bind_control), "yes", "users may bind paths of their choice" },
	{ "sessiondir size", CONFIG_SIZE, FIELD(session_size), "64M", "limit of --contain and --writable-tmpfs" },
	{ "unpack limit", CONFIG_SIZE, FIELD(unpack_limit), "32G",
	  "all images of a user that had to be unpacked on a node" },
	{ "default", CONFIG_OPTION, 0, NULL, "'default NAME = VALUE': a default of the run option NAME", NULL },
	{ "forbid option", CONFIG_FORBID, 0, NULL, "a run option that users may not set", NULL },
	{ .name = NULL },
};

void config_free(struct config *c)
{
	for (size_t i = 0; i < c->n; i++)
		free(c->v[i].value);
	free(c->v);
	strv_free(&c->names);
	*c = (struct config){};
}

/* Keep a string as long as the config lives. */
static const char *keep(struct config *c, const char *s)
{
	strv_add(&c->names, s);
	return c->names.v[c->names.n - 1];
}

static void add(struct config *c, const struct setting *s)
{
	if (c->n == c->cap) {
		c->cap = c->cap ? c->cap * 2 : 16;
		c->v = xreallocarray(c->v, c->cap, sizeof(*c->v));
	}
	c->v[c->n++] = *s;
}

static const struct config_key *find_key(const char *name)
{
	for (const struct config_key *k = config_keys; k->name; k++)
		if (strcmp(k->name, name) == 0)
			return k;
	return NULL;
}

static bool is_blank(char ch)
{
	return ch == ' ' || ch == '\t' || ch == '\r';
}

/* The words of [p, end), one space between them; -1 when they are too long. */
static int squeeze(const char *p, const char *end, char out[KEY_LIMIT])
{
	size_t n = 0;

	for (; p < end; p++) {
		if (is_blank(*p) && (n == 0 || out[n - 1] == ' '))
			continue;
		if (n + 1 >= KEY_LIMIT)
			return -1;
		out[n++] = is_blank(*p) ? ' ' : *p;
	}
	if (n && out[n - 1] == ' ')
		n--;
	out[n] = '\0';
	return 0;
}

static char *trimmed(const char *p, const char *end)
{
	while (p < end && is_blank(*p))
		p++;
	while (end > p && is_blank(end[-1]))
		end--;
	return xstrndup(p, (size_t)(end - p));
}

static int unknown_key(const char *name, struct err *e)
{
	const char *names[ARRAY_SIZE(config_keys)];
	const char *near;
	size_t n = 0;

	for (const struct config_key *k = config_keys; k->name; k++)
		names[n++] = k->name;
	names[n] = NULL;
	near = opt_nearest(name, names);
	err_set(e, ERR_USAGE, "unknown key '%s'", name);
	if (near)
		return err_hint(e, "did you mean '%s'?", near);
	return err_hint(e, "sif.conf(5) lists the keys");
}

/* Split "default NAME" into its key and the option. */
static int resolve_key(struct setting *s, const char *name, struct err *e)
{
	const char *option = NULL;

	if (str_starts(name, "default ")) {
		option = name + strlen("default ");
		s->key = find_key("default");
	} else {
		s->key = find_key(name);
	}
	if (!s->key || (s->key->kind == CONFIG_OPTION && !option))
		return unknown_key(name, e);
	if (option)
		s->option = opt_find(run_options, option);
	if (option && !s->option)
		return err_set(e, ERR_USAGE, "there is no run option '%s'", option);
	return 0;
}

/* Values are checked when they are read: an error names its line even when the
 * setting would not have counted for this run. */
static int check_value(struct setting *s, struct err *e)
{
	OWN_RUN_SPEC struct run_spec trial = {};
	uint64_t size;
	int on;

	if (!*s->value)
		return err_set(e, ERR_USAGE, "'%s' has no value", s->key->name);
	switch (s->key->kind) {
	case CONFIG_BOOL:
		return num_bool(s->value, &on, e);
	case CONFIG_SIZE:
		if (num_size(s->value, &size, e))
			return -1;
		return size ? 0 : err_set(e, ERR_USAGE, "'%s' leaves no room", s->value);
	case CONFIG_WORD:
		return s->key->check(s->value, e);
	case CONFIG_PATHS:
		if (s->value[0] != '/' && str_starts(s->value, "-/") == 0)
			return err_set(e, ERR_USAGE, "'%s' is not an absolute path", s->value);
		return 0;
	case CONFIG_OPTION:
		return opt_set(run_options, s->option->name, s->value, &trial, NULL, 0, e);
	case CONFIG_FORBID:
		s->option = opt_find(run_options, s->value);
		if (!s->option)
			return err_set(e, ERR_USAGE, "there is no run option '%s'", s->value);
		return 0;
	}
	return 0;
}

/* "[path DIR]" */
static int parse_section(struct config *c, const char *p, const char *end, const char **section, struct err *e)
{
	OWN_FREE char *inner = NULL, *dir = NULL;

	if (end[-1] != ']')
		return err_set(e, ERR_USAGE, "a section is '[path DIR]'");
	inner = trimmed(p + 1, end - 1);
	if (!str_starts(inner, "path ") && !str_starts(inner, "path\t"))
		return err_set(e, ERR_USAGE, "unknown section '[%s]': there is '[path DIR]'", inner);
	dir = trimmed(inner + strlen("path"), inner + strlen(inner));
	if (dir[0] != '/')
		return err_set(e, ERR_USAGE, "section '[%s]': the path is not absolute", inner);
	for (size_t n = strlen(dir); n > 1 && dir[n - 1] == '/'; n--)
		dir[n - 1] = '\0';
	*section = keep(c, dir);
	return 0;
}

static int parse_line(struct config *c, const char *p, const char *end, struct setting *s, struct err *e)
{
	const char *eq;
	char name[KEY_LIMIT];

	while (p < end && is_blank(*p))
		p++;
	while (end > p && is_blank(end[-1]))
		end--;
	if (p == end || *p == '#')
		return 0;
	if (*p == '[')
		return parse_section(c, p, end, &s->section, e);
	eq = memchr(p, '=', (size_t)(end - p));
	if (!eq)
		return err_set(e, ERR_USAGE, "a line is 'word word = value'");
	if (squeeze(p, eq, name))
		return err_set(e, ERR_USAGE, "the key is too long");
	s->option = NULL;
	if (resolve_key(s, name, e))
		return -1;
	s->value = trimmed(eq + 1, end);
	if (check_value(s, e)) {
		free(s->value);
		return err_ctx(e, "%s", name);
	}
	add(c, s);
	return 0;
}

static void note_fault(struct strv *faults, struct err *e)
{
	strv_addf(faults, e->hint[0] ? "%s (%s)" : "%s%s", e->msg, e->hint);
	err_clear(e);
}

int config_parse(struct config *c, const char *text, const char *file, enum option_source source, struct err *e)
{
	struct setting s = { .file = keep(c, file), .source = source };
	bool lost = false; /* behind a wrong section nobody knows where a line counts */

	for (const char *p = text; *p;) {
		const char *end = p + strcspn(p, "\n");
		bool section = p[strspn(p, " \t\r")] == '[';
		bool skip = lost && !section;

		s.line++;
		if (!skip && parse_line(c, p, end, &s, e)) {
			e->status = 0;
			err_ctx(e, "%s:%u", file, s.line);
			if (!c->faults)
				return -1;
			note_fault(c->faults, e);
			lost = section;
		} else if (section) {
			lost = false;
		}
		p = end + (*end == '\n');
	}
	return 0;
}

char *config_user_file(void)
{
	const char *dir = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	OWN_FREE char *local = NULL;

	if (dir && dir[0] == '/')
		return xasprintf("%s/sif/sif.conf", dir);
	if (!home || home[0] != '/')
		home = local = account_local_home(&account_host, getuid());
	return home ? xasprintf("%s/.config/sif/sif.conf", home) : NULL;
}

/* In a user namespace that does not map id 0 every file of root's looks like a
 * stranger's; whoever made that namespace could have put any file here. */
static bool root_is_mapped(void)
{
	OWN_FREE char *map = NULL;
	struct err ignored = {};
	unsigned first;

	if (fd_read_file("/proc/self/uid_map", 65536, &map, NULL, &ignored))
		return true;
	for (const char *p = map; p && *p; p = strchr(p, '\n') ? strchr(p, '\n') + 1 : NULL)
		if (sscanf(p, "%u", &first) == 1 && first == 0)
			return true;
	return false;
}

static int check_owner(int fd, const char *file, mode_t type, struct err *e)
{
	struct stat st;

	if (fstat(fd, &st))
		return err_sys(e, errno, "cannot examine '%s'", file);
	if ((st.st_mode & S_IFMT) != type)
		err_set(e, ERR_POLICY, "'%s' is not trusted: it is no %s", file, type == S_IFDIR ? "directory" : "regular file");
	else if (st.st_uid != 0 && root_is_mapped())
		err_set(e, ERR_POLICY, "'%s' is not trusted: it belongs to user %u, not to root", file,
			(unsigned)st.st_uid);
	else if (st.st_mode & (S_IWGRP | S_IWOTH))
		err_set(e, ERR_POLICY, "'%s' is not trusted: others than root may write it (mode %03o)", file,
			(unsigned)st.st_mode & 0777);
	else
		return 0;
	return err_hint(e, "an administrator sets it right: chown root:root %s && chmod go-w %s", file, file);
}

/* Whoever may write the directory may take the file away, and the policy with it. */
static int check_directory(const char *file, struct err *e)
{
	OWN_FREE char *dir = xstrndup(file, (size_t)(strrchr(file, '/') - file));
	OWN_FD int fd = open(dir, O_PATH | O_CLOEXEC);

	if (fd < 0)
		return err_sys(e, errno, "cannot open '%s'", dir);
	return check_owner(fd, dir, S_IFDIR, e);
}

static int load_file(struct config *c, const char *file, enum option_source source, struct err *e)
{
	OWN_FREE char *text = NULL;
	OWN_FD int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	/* A user's file that cannot be read (another uid's home) says nothing;
	 * a policy that cannot be read must not be passed over. */
	if (fd < 0 && errno == EACCES && source == SOURCE_USER_FILE) {
		log_info("'%s' cannot be read and is passed over", file);
		return 0;
	}
	if (fd < 0)
		return err_sys(e, errno, "cannot open '%s'", file);
	if (source == SOURCE_SYSTEM_FILE && (check_directory(file, e) || check_owner(fd, file, S_IFREG, e)))
		return -1;
	if (fd_read_all(fd, FILE_LIMIT, file, &text, NULL, e))
		return -1;
	return config_parse(c, text, file, source, e);
}

int config_load(struct config *c, struct err *e)
{
	OWN_FREE char *user = config_user_file();

	if (load_file(c, CONFIG_SYSTEM_FILE, SOURCE_SYSTEM_FILE, e))
		return -1;
	return user ? load_file(c, user, SOURCE_USER_FILE, e) : 0;
}

bool config_applies(const struct setting *s, const char *image)
{
	size_t n;

	if (!s->section)
		return true;
	if (!image)
		return false;
	n = strlen(s->section);
	return strcmp(s->section, "/") == 0 ||
	       (strncmp(image, s->section, n) == 0 && (image[n] == '/' || image[n] == '\0'));
}
