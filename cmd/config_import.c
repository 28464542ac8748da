#include "cmd/config_import.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

enum rule_kind {
	AS_BOOL,     /* the same switch under our name .to */
	AS_MEGABYTE, /* a number of MiB, our name .to */
	AS_BIND,     /* bind path: theirs pass over a missing source */
	IF_NO,	     /* no: the lines .to; yes: nothing to say */
	IF_YES,	     /* yes: the lines .to; no: nothing to say */
	NO_NEED,     /* nothing to say, whatever the value is: .why */
	NO_WAY,	     /* not to be had, unless the value is .harmless: .why */
};

struct rule {
	const char *name;
	enum rule_kind kind;
	const char *to;
	const char *harmless;
	const char *why;
};

#define NEEDS_NO_SETUID "no program of sif is setuid"
#define NO_PROGRAM "sif brings its own code for this"
#define LATER_LIMIT "this version does not limit which images run"

/* Every directive of apptainer.conf 1.0 to 1.5 and singularity.conf 3 and 4. */
static const struct rule rules[] = {
	{ "allow setuid", NO_NEED, .why = NEEDS_NO_SETUID },
	{ "max loop devices", NO_NEED, .why = "images are not mounted by loop devices" },
	{ "shared loop devices", NO_NEED, .why = "images are not mounted by loop devices" },
	{ "allow pid ns", IF_NO, .to = "forbid option = pid\nforbid option = containall\nforbid option = compat" },
	{ "allow ipc ns", IF_NO, .to = "forbid option = ipc\nforbid option = containall\nforbid option = compat" },
	{ "allow uts ns", IF_NO, .to = "forbid option = uts\nforbid option = hostname" },
	{ "allow user ns", NO_WAY, .harmless = "yes", .why = "sif needs a user namespace for every run" },
	{ "config passwd", IF_NO, .to = "default no-mount = /etc/passwd" },
	{ "config group", IF_NO, .to = "default no-mount = /etc/group" },
	{ "config resolv_conf", IF_NO, .to = "default no-mount = /etc/resolv.conf" },
	{ "mount proc", AS_BOOL, .to = "mount proc" },
	{ "mount sys", AS_BOOL, .to = "mount sys" },
	{ "mount dev", AS_BOOL, .to = "mount dev" },
	{ "mount devpts", NO_WAY, .harmless = "yes", .why = "pseudo terminals come with /dev" },
	{ "mount home", AS_BOOL, .to = "mount home" },
	{ "mount tmp", AS_BOOL, .to = "mount tmp" },
	{ "mount hostfs", NO_WAY, .harmless = "no", .why = "name each file system with 'bind path'" },
	{ "mount slave", NO_WAY, .harmless = "yes", .why = "mounts of the host always reach a container, never back" },
	{ "bind path", AS_BIND, .to = "bind path" },
	{ "user bind control", AS_BOOL, .to = "bind control" },
	{ "enable fusemount", IF_NO, .to = "forbid option = fusemount" },
	{ "enable overlay", IF_NO, .to = "forbid option = overlay\nforbid option = writable-tmpfs\nforbid option = compat" },
	{ "enable underlay", NO_NEED, .why = "missing mount points are made in any case" },
	{ "sessiondir max size", AS_MEGABYTE, .to = "sessiondir size" },
	{ "memory fs type", NO_WAY, .harmless = "tmpfs", .why = "a tmpfs has a limit, a ramfs has none" },
	{ "limit container owners", NO_WAY, .harmless = "null", .why = LATER_LIMIT },
	{ "limit container groups", NO_WAY, .harmless = "null", .why = LATER_LIMIT },
	{ "limit container paths", NO_WAY, .harmless = "null", .why = LATER_LIMIT },
	{ "allow container sif", NO_WAY, .harmless = "yes", .why = LATER_LIMIT },
	{ "allow container encrypted", NO_NEED, .why = "encrypted images do not run in this version" },
	{ "allow container squashfs", NO_WAY, .harmless = "yes", .why = LATER_LIMIT },
	{ "allow container extfs", NO_NEED, .why = "ext3 images never run" },
	{ "allow container dir", NO_WAY, .harmless = "yes", .why = LATER_LIMIT },
	{ "allow setuid-mount encrypted", NO_NEED, .why = NEEDS_NO_SETUID },
	{ "allow setuid-mount squashfs", NO_NEED, .why = NEEDS_NO_SETUID },
	{ "allow setuid-mount extfs", NO_NEED, .why = NEEDS_NO_SETUID },
	{ "allow kernel squashfs", NO_NEED, .why = NEEDS_NO_SETUID },
	{ "allow kernel extfs", NO_NEED, .why = NEEDS_NO_SETUID },
	{ "allow net users", NO_NEED, .why = "without privilege there is no network to allow" },
	{ "allow net groups", NO_NEED, .why = "without privilege there is no network to allow" },
	{ "allow net networks", NO_NEED, .why = "without privilege there is no network to allow" },
	{ "cni configuration path", NO_NEED, .why = "there are no CNI networks" },
	{ "cni plugin path", NO_NEED, .why = "there are no CNI networks" },
	{ "always use nv", IF_YES, .to = "default nv = yes" },
	{ "always use rocm", IF_YES, .to = "default rocm = yes" },
	{ "use nvidia-container-cli", NO_WAY, .harmless = "no", .why = "this program is not called in this version" },
	{ "nvidia-container-cli path", NO_NEED, .why = "this program is not called in this version" },
	{ "root default capabilities", NO_NEED, .why = "no program in a container has a capability" },
	{ "cryptsetup path", NO_NEED, .why = "encrypted images do not run in this version" },
	{ "go path", NO_NEED, .why = "there are no Go plugins" },
	{ "ldconfig path", NO_NEED, .why = NO_PROGRAM },
	{ "mksquashfs path", NO_NEED, .why = NO_PROGRAM },
	{ "mksquashfs procs", NO_NEED, .why = "sif build --jobs; the default is what the job may use" },
	{ "mksquashfs mem", NO_NEED, .why = "memory is bounded by the number of jobs" },
	{ "unsquashfs path", NO_NEED, .why = NO_PROGRAM },
	{ "binary path", NO_NEED, .why = "helper programs stand beside sif" },
	{ "suid binary path", NO_NEED, .why = NEEDS_NO_SETUID },
	{ "image driver", NO_WAY, .harmless = "", .why = "there are no plugins" },
	{ "tmp sandbox", NO_NEED, .why = "an image is unpacked only where it cannot be mounted" },
	{ "oci mode", NO_WAY, .harmless = "no", .why = "images in OCI format do not run" },
	{ "download concurrency", NO_NEED, .why = "this version does not download" },
	{ "download part size", NO_NEED, .why = "this version does not download" },
	{ "download buffer size", NO_NEED, .why = "this version does not download" },
	{ "systemd cgroups", NO_NEED, .why = "limits of resources are the batch system's" },
	{ "apptheus socket path", NO_NEED, .why = "there is no monitor process to report to" },
};

static const struct rule *find_rule(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
		if (strcmp(rules[i].name, name) == 0)
			return &rules[i];
	return NULL;
}

static bool is_yes(const char *value)
{
	return strcasecmp(value, "yes") == 0 || strcasecmp(value, "true") == 0;
}

/* "enable overlay = try" and the like count as yes. */
static bool is_no(const char *value)
{
	return strcasecmp(value, "no") == 0 || strcasecmp(value, "false") == 0;
}

/* Returns 1 when the directive asks for something that will not happen. */
static size_t comment(struct str *out, const char *name, const char *value, const char *why, size_t loss)
{
	str_addf(out, "# %s%s = %s: %s\n", loss ? "NOT TAKEN OVER: " : "", name, value, why);
	return loss;
}

static size_t import_bool(const struct rule *r, const char *value, struct str *out)
{
	if (is_yes(value) || is_no(value)) {
		str_addf(out, "%s = %s\n", r->to, is_yes(value) ? "yes" : "no");
		return 0;
	}
	if (strcmp(r->name, "mount dev") == 0 && strcasecmp(value, "minimal") == 0)
		return comment(out, r->name, value, "a minimal /dev comes with --contain only", 1);
	return comment(out, r->name, value, "this is neither yes nor no", 1);
}

static size_t import_bind(const struct rule *r, const char *value, struct str *out)
{
	if (strcmp(value, "/etc/hosts") == 0 || strcmp(value, "/etc/localtime") == 0)
		return comment(out, r->name, value, "always bound", 0);
	if (value[0] != '/')
		return comment(out, r->name, value, "not an absolute path", 1);
	str_addf(out, "bind path = -%s\n", value);
	return 0;
}

static size_t import_one(const struct rule *r, const char *value, struct str *out)
{
	switch (r->kind) {
	case AS_BOOL:
		return import_bool(r, value, out);
	case AS_MEGABYTE:
		if (!*value || value[strspn(value, "0123456789")])
			return comment(out, r->name, value, "this is not a number of MiB", 1);
		str_addf(out, "%s = %sM\n", r->to, value);
		return 0;
	case AS_BIND:
		return import_bind(r, value, out);
	case IF_NO:
	case IF_YES:
		if (r->kind == IF_NO ? is_no(value) : is_yes(value))
			str_addf(out, "%s\n", r->to);
		else
			comment(out, r->name, value, "so by default", 0);
		return 0;
	case NO_NEED:
		return comment(out, r->name, value, r->why, 0);
	case NO_WAY:
		return comment(out, r->name, value, r->why, strcasecmp(value, r->harmless) != 0);
	}
	return 0;
}

static char *squeezed(char *s)
{
	char *w = s;

	for (char *r = s; *r; r++)
		if (!isspace((unsigned char)*r) || (w > s && w[-1] != ' '))
			*w++ = isspace((unsigned char)*r) ? ' ' : *r;
	if (w > s && w[-1] == ' ')
		w--;
	*w = '\0';
	return s;
}

size_t config_import(const char *text, struct str *out)
{
	OWN_STRV struct strv lines = {};
	size_t losses = 0;

	strv_split(&lines, text, "\n");
	for (size_t i = 0; i < lines.n; i++) {
		char *line = squeezed(lines.v[i]), *eq = strchr(line, '=');
		const struct rule *r;

		if (!*line || *line == '#')
			continue;
		if (!eq) {
			losses += comment(out, line, "", "this is no directive", 1);
			continue;
		}
		*eq = '\0';
		r = find_rule(squeezed(line));
		if (r)
			losses += import_one(r, squeezed(eq + 1), out);
		else
			losses += comment(out, line, squeezed(eq + 1), "this directive is not known", 1);
	}
	return losses;
}
