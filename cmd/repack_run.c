/* sif-pack repack: from a record and two names to repack_image. */
#include "base/fd.h"
#include "base/num.h"
#include "base/replace.h"
#include "cmd/command.h"
#include "cmd/optimize.h"
#include "cmd/unfinished.h"
#include "image/pack/repack.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

COMMAND_RUN(repack_main);

static int read_record(const char *word, struct squash_touch **ret, size_t *ret_n, struct err *e)
{
	OWN_FREE struct squash_touch *t = NULL;
	struct stat st;
	uint32_t fd;
	size_t n;

	if (!word || num_u32(word, &fd, e) || fd > INT_MAX || fstat((int)fd, &st))
		return err_set(e, ERR_USAGE, "sif-pack repack is called by sif optimize, not by hand");
	n = (size_t)st.st_size / sizeof(*t);
	if (n > SQUASH_HOT_MAX)
		n = SQUASH_HOT_MAX;
	t = calloc(n ? n : 1, sizeof(*t));
	if (!t)
		return err_sys(e, ENOMEM, "cannot read the record of the run");
	if (fd_pread_full((int)fd, t, n * sizeof(*t), 0, "the record of the run", e))
		return -1;
	*ret = TAKE_PTR(t);
	*ret_n = n;
	return 0;
}

static void show(const struct repack_options *opt, const struct repack_stats *s)
{
	const double mib = 1 << 20;

	if (s->left_out)
		fprintf(stderr, "%s: %u signature%s of '%s' cannot hold for other bytes and %s left out; sign it again\n",
			opt->out_name, s->left_out, s->left_out == 1 ? "" : "s", opt->in_name,
			s->left_out == 1 ? "was" : "were");
	fprintf(stderr, "%s: %llu blocks of %llu files come first, in %.1f of %.1f MiB\n", opt->out_name,
		(unsigned long long)s->blocks, (unsigned long long)s->files, (double)s->hot_bytes / mib,
		(double)s->bytes / mib);
}

static int write_image(const struct repack_words *o, struct repack_options *opt, bool quiet, struct err *e)
{
	OWN_REPLACE struct replace r = REPLACE_INIT;
	struct repack_stats stats;
	int rc;

	if (replace_begin(&r, opt->out_name, 0755, e))
		return -1;
	unfinished_watch(&r);
	opt->out_fd = r.fd;
	rc = repack_image(opt, &stats, e);
	if (!rc)
		rc = replace_commit(&r, o->force, e);
	unfinished_done();
	if (!rc && !quiet)
		show(opt, &stats);
	return rc;
}

int repack_main(const struct invocation *inv, int argc, char *const argv[], struct err *e)
{
	struct repack_words o = {};
	OWN_FREE char *record_fd = NULL;
	OWN_FREE struct squash_touch *touched = NULL;
	OWN_FD int in_fd = -1;
	struct repack_options opt = {};
	int index = 1;

	if (opt_parse(repack_options, argc, argv, &index, &o, e))
		return -1;
	record_fd = o.record_fd;
	if (argc - index != 2)
		return err_set(e, ERR_USAGE, "sif-pack repack is called by sif optimize, not by hand");
	if (read_record(record_fd, &touched, &opt.n, e))
		return -1;
	opt.in_name = argv[index];
	opt.out_name = argv[index + 1];
	opt.touched = touched;
	opt.in_fd = in_fd = fd_open(opt.in_name, O_RDONLY, e);
	return in_fd < 0 ? -1 : write_image(&o, &opt, inv->quiet, e);
}
