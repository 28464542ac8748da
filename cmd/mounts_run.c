/* sif mounts: what is served here, for whom, and at which cost. */
#include "cmd/mounts.h"

#include "base/mem.h"
#include "base/str.h"
#include "cmd/command.h"
#include "runtime/account.h"
#include "runtime/server/list.h"
#include "runtime/server/log.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

COMMAND_RUN(mounts_main);

static char *log_path(void)
{
	OWN_ACCOUNT struct account me = { 0 };

	account_find(&account_host, geteuid(), NULL, 0, &me);
	return server_log_path(me.home ? me.home : "/");
}

/* "12s", "5m", "3h", "2d" */
static void add_age(struct str *out, int64_t seconds)
{
	static const struct {
		int64_t seconds;
		char unit;
	} units[] = { { 86400, 'd' }, { 3600, 'h' }, { 60, 'm' }, { 1, 's' } };
	size_t i = 0;

	if (seconds < 0)
		seconds = 0;
	while (units[i].unit != 's' && seconds < 2 * units[i].seconds)
		i++;
	str_addf(out, "%" PRId64 "%c", seconds / units[i].seconds, units[i].unit);
}

/* Percent of the lookups that needed no decompression. */
static unsigned hit_rate(const struct wire_status *st)
{
	uint64_t all = st->hits + st->misses;

	return all ? (unsigned)(st->hits * 100 / all) : 0;
}

static double mebi(uint64_t bytes)
{
	return (double)bytes / (1024 * 1024);
}

static const char heading[] = "    PID  USERS   AGE  MEMORY     READS  HITS  ENGINE      IMAGE\n";

static void print_row(const struct server_entry *x, struct str *out)
{
	const struct wire_status *st = &x->status;
	OWN_STR struct str age = { 0 };

	if (x->other) {
		str_addf(out, "a server of another version of sif, or one that does not answer: ");
		str_add_printable(out, x->socket);
		str_addc(out, '\n');
		return;
	}
	add_age(&age, (int64_t)time(NULL) - st->started);
	str_addf(out, "%7u %6u %5s %6.1fM %9" PRIu64 " %4u%%  %-10s  ", st->pid, st->users, str_text(&age),
		 mebi(st->memory), st->reads, hit_rate(st), st->engine);
	str_add_printable(out, st->image);
	str_add(out, x->stopped ? " (stopped)\n" : "\n");
}

static void json_users(const struct wire_status *st, struct str *out)
{
	str_add(out, "\"pids\": [");
	for (uint32_t i = 0; i < st->users && i < WIRE_USERS; i++)
		str_addf(out, "%s%u", i ? ", " : "", st->user[i]);
	str_add(out, "]");
}

static void json_row(const struct server_entry *x, const char *log, struct str *out)
{
	const struct wire_status *st = &x->status;

	str_add(out, "{\"socket\": ");
	str_add_json(out, x->socket);
	if (x->other) {
		str_add(out, ", \"answers\": false}");
		return;
	}
	str_add(out, ", \"answers\": true, \"image\": ");
	str_add_json(out, st->image);
	str_add(out, ", \"engine\": ");
	str_add_json(out, st->engine);
	str_addf(out, ", \"pid\": %u, \"users\": %u, ", st->pid, st->users);
	json_users(st, out);
	str_addf(out, ", \"started\": %" PRId64 ", \"linger\": ", st->started);
	if (st->linger < 0)
		str_add(out, "null");
	else
		str_addf(out, "%" PRId64, st->linger);
	str_addf(out, ", \"memory\": %" PRIu64 ", \"memory_max\": %" PRIu64 ", \"metadata\": %" PRIu64
		      ", \"blocks\": %" PRIu64 ", \"reads\": %" PRIu64 ", \"hits\": %" PRIu64 ", \"misses\": %" PRIu64,
		 st->memory, st->memory_max, st->metadata, st->blocks, st->reads, st->hits, st->misses);
	str_add(out, ", \"log\": ");
	str_add_json(out, log);
	str_addf(out, ", \"stopped\": %s}", x->stopped ? "true" : "false");
}

static void print_all(const struct server_entries *l, bool json)
{
	OWN_FREE char *log = log_path();
	OWN_STR struct str out = { 0 };

	if (json)
		str_add(&out, "[");
	else if (l->n)
		str_add(&out, heading);
	for (size_t i = 0; i < l->n; i++) {
		if (json) {
			str_add(&out, i ? ",\n " : "");
			json_row(&l->v[i], log, &out);
		} else {
			print_row(&l->v[i], &out);
		}
	}
	if (json)
		str_add(&out, "]\n");
	fputs(str_text(&out), stdout);
}

static int print_log(struct err *e)
{
	OWN_FREE char *path = log_path();
	OWN_FILE FILE *f = fopen(path, "re");
	char line[4096];

	if (!f && errno == ENOENT)
		return 0;
	if (!f)
		return err_sys(e, errno, "cannot read '%s'", path);
	while (fgets(line, sizeof(line), f)) {
		OWN_STR struct str out = { 0 };

		line[strcspn(line, "\n")] = '\0';
		str_add_printable(&out, line);
		puts(str_text(&out));
	}
	return 0;
}

int mounts_main(const struct invocation *inv, int argc, char *const argv[], struct err *e)
{
	OWN_SERVER_ENTRIES struct server_entries l = { 0 };
	struct mounts_options opt = { 0 };
	int index = 1;

	(void)inv;
	if (opt_parse(mounts_options, argc, argv, &index, &opt, e))
		return -1;
	if (index < argc) {
		err_set(e, ERR_USAGE, "sif mounts takes no '%s'", argv[index]);
		return err_hint(e, "it lists all servers; --json for scripts");
	}
	if (opt.log)
		return print_log(e);
	if (server_list(opt.stop, &l, e))
		return -1;
	print_all(&l, opt.json);
	return 0;
}
