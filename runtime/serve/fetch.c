#include "runtime/serve/fetch.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define STEP (128u << 10)
/* Pieces in a row that took less than FAST end the fetching. */
#define ENOUGH 4u
#define FAST 1000000 /* nanoseconds */

static int64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

/* The next piece that nobody has: where in the range it begins. */
static bool next_piece(struct fetch *f, uint64_t *ret)
{
	uint32_t i;

	while ((i = atomic_fetch_add(&f->next, 1)) < f->hot->n) {
		uint64_t piece = (f->hot->blocks[i].pos - f->hot->start) >> FETCH_LOG;
		uint64_t bit = piece % FETCH_BITS, mask = 1ull << bit % 64;

		*ret = piece << FETCH_LOG;
		if (!(atomic_fetch_or(&f->done[bit / 64], mask) & mask))
			return true;
	}
	return false;
}

static bool read_piece(const struct fetch *f, uint64_t from, uint8_t *buf)
{
	uint64_t end = from + (1u << FETCH_LOG);

	if (end > f->hot->size)
		end = f->hot->size;
	while (from < end) {
		size_t n = end - from < STEP ? (size_t)(end - from) : STEP;
		ssize_t got = pread(f->fd, buf, n, (off_t)(f->base + f->hot->start + from));

		if (got <= 0)
			return false; /* who needs the bytes will say why there are none */
		from += (uint64_t)got;
	}
	return true;
}

void fetch_run(struct fetch *f)
{
	uint8_t *buf = malloc(STEP);
	unsigned fast = 0;
	uint64_t from;

	setpriority(PRIO_PROCESS, 0, 19); /* of this thread, on Linux */
	while (buf && fast < ENOUGH && next_piece(f, &from)) {
		int64_t start = now();

		if (!read_piece(f, from, buf))
			break;
		fast = now() - start < FAST ? fast + 1 : 0;
	}
	free(buf);
}
