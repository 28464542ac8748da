/* How much memory the server may keep: a small share of the tightest limit above
 * it, since the limit is the job's and meant for its program. */
#include "runtime/serve/serve.h"

#include "base/cgroup.h"

#define MEBI ((size_t)1024 * 1024)

static size_t share(uint64_t limit, unsigned percent, size_t least, size_t most)
{
	uint64_t n = limit / 100 * percent;

	return n < least ? least : n > most ? most : (size_t)n;
}

void serve_limit_memory(struct squash *fs)
{
	uint64_t limit = cgroup_memory();

	squash_limit(fs, share(limit, 2, 2 * MEBI, 64 * MEBI), share(limit, 4, 4 * MEBI, 64 * MEBI));
}
