/* --dry-run: the plan for people. */
#include "runtime/plan.h"

static const char *const kinds[] = {
	[STEP_BIND] = "bind",	    [STEP_DIR] = "directory", [STEP_FILE] = "file",	[STEP_PASSWD] = "passwd",
	[STEP_GROUP] = "group",	    [STEP_PROC] = "proc",     [STEP_SYSFS] = "sysfs",	[STEP_MQUEUE] = "mqueue",
	[STEP_DEVICES] = "devices", [STEP_IMAGE] = "image",
};

static void print_image(const struct rootfs *image, struct str *out)
{
	str_add(out, "image      ");
	str_add_quoted(out, image->path);
	if (image->kind == ROOTFS_DIRECTORY)
		str_add(out, " (directory)\n");
	else if (image->kind == ROOTFS_SQUASH)
		str_addf(out, " (SquashFS, %llu bytes)\n", (unsigned long long)image->size);
	else
		str_addf(out, " (SIF, object %u, %s, SquashFS of %llu bytes at %llu)\n", image->object, image->arch,
			 (unsigned long long)image->size, (unsigned long long)image->offset);
}

static void print_enter(const struct plan *p, struct str *out)
{
	static const char *const roots[] = {
		[ROOT_READONLY] = "read-only",
		[ROOT_OVERLAY] = "writable in memory",
		[ROOT_WRITABLE] = "writable",
	};

	str_addf(out, "namespaces user mount%s%s%s%s\n", p->pid ? " pid" : "", p->ipc ? " ipc" : "",
		 p->net ? " net" : "", p->uts ? " uts" : "");
	if (p->hostname) {
		str_add(out, "hostname   ");
		str_add_quoted(out, p->hostname);
		str_addc(out, '\n');
	}
	str_addf(out, "root       %s, %llu MiB of memory\n", roots[p->root],
		 (unsigned long long)(p->session_size >> 20));
}

static void print_step(const struct step *s, struct str *out)
{
	str_addf(out, "%-10s ", kinds[s->kind]);
	if (s->source) {
		str_add_quoted(out, s->source);
		if (s->kind == STEP_IMAGE) {
			str_addc(out, ' ');
			str_add_quoted(out, s->text);
		}
		str_add(out, " -> ");
	}
	str_add_quoted(out, s->target);
	str_addf(out, "%s%s (%s)\n", s->flags & STEP_READONLY ? " ro" : "", s->flags & STEP_WISH ? "" : " default",
		 s->why);
}

void plan_print(const struct plan *p, const struct rootfs *image, struct str *out)
{
	print_image(image, out);
	print_enter(p, out);
	for (size_t i = 0; i < p->n; i++)
		print_step(&p->steps[i], out);
	for (size_t i = 0; i < p->cwd.n; i++) {
		str_add(out, i ? "or in      " : "start in   ");
		str_add_quoted(out, p->cwd.v[i]);
		str_addc(out, '\n');
		if (p->cwd_required)
			break;
	}
	str_add(out, "home       ");
	str_add_quoted(out, p->home);
	str_addc(out, '\n');
}
