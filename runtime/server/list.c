#include "runtime/server/list.h"

#include "base/mem.h"
#include "runtime/server/meet.h"
#include "runtime/server/place.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

void server_entries_free(struct server_entries *l)
{
	free(l->v);
	*l = (struct server_entries){ 0 };
}

static void ask_status(const struct place *p, const char *name, struct server_entry *ret)
{
	const struct wire_head rq = { .magic = WIRE_MAGIC, .version = WIRE_VERSION, .what = WIRE_STATUS };
	struct wire_status *st = &ret->status;
	size_t n;

	ret->other = server_ask(p, name, &rq, sizeof(rq), st, sizeof(*st), NULL, 0, &n) != 0 ||
		     st->head.magic != WIRE_MAGIC || st->head.version != WIRE_VERSION || st->head.what != WIRE_OK;
	st->image[sizeof(st->image) - 1] = '\0';
	st->engine[sizeof(st->engine) - 1] = '\0';
}

static bool ask_stop(const struct place *p, const char *name)
{
	const struct wire_head rq = { .magic = WIRE_MAGIC, .version = WIRE_VERSION, .what = WIRE_STOP };
	struct wire_head reply;
	size_t n;

	return server_ask(p, name, &rq, sizeof(rq), &reply, sizeof(reply), NULL, 0, &n) == 0 && reply.what == WIRE_OK;
}

static void note(const struct place *p, const char *name, bool stop, struct server_entries *l)
{
	struct server_entry *x;

	l->v = xreallocarray(l->v, l->n + 1, sizeof(*l->v));
	x = &l->v[l->n++];
	*x = (struct server_entry){ 0 };
	snprintf(x->socket, sizeof(x->socket), "%s/%.60s", p->path, name);
	ask_status(p, name, x);
	if (stop && !x->other && !x->status.users)
		x->stopped = ask_stop(p, name);
}

static int list_place(const struct place *p, bool stop, struct server_entries *l, struct err *e)
{
	OWN_DIR DIR *dir = NULL;
	OWN_FD int fd = -1;

	meet_tidy(p->fd);
	fd = openat(p->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir)
		return err_sys(e, errno, "cannot read '%s'", p->path);
	fd = -1;
	for (struct dirent *d; (d = readdir(dir));)
		if (d->d_type == DT_SOCK)
			note(p, d->d_name, stop, l);
	return 0;
}

int server_list(bool stop, struct server_entries *ret, struct err *e)
{
	struct stat seen[PLACES] = { 0 }; /* $XDG_RUNTIME_DIR is /run/user/UID as a rule */

	*ret = (struct server_entries){ 0 };
	for (unsigned n = 0; n < PLACES; n++) {
		OWN_PLACE struct place p = PLACE_INIT;
		bool again = false;

		if (place_open(n, false, &p) || fstat(p.fd, &seen[n]))
			continue;
		for (unsigned i = 0; i < n; i++)
			again |= seen[i].st_dev == seen[n].st_dev && seen[i].st_ino == seen[n].st_ino;
		if (!again && list_place(&p, stop, ret, e))
			return -1;
	}
	return 0;
}
