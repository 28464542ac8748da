/* The second step: bytes against signed digests. A job is one digest; the same
 * object under several signatures is hashed once. Threads take jobs, the largest
 * first, and read while others hash. */
#include "image/sign/verify.h"

#include "base/fd.h"
#include "base/mem.h"

#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#define STEP (128u << 10)  /* stays in the processor's cache */
#define AHEAD (8u << 20)   /* is read from the disk meanwhile */
#define THREADS_MAX 64

struct job {
	const struct sif_object *const *objects;
	size_t n;
	const struct digest_alg *alg;
	uint64_t bytes;
	uint8_t value[DIGEST_MAX];
	struct err err;
};

struct hashing {
	int fd;
	const char *name;
	struct job *jobs;
	size_t n;
	atomic_size_t next;
	_Atomic uint64_t *done;
};

static uint64_t bytes_of(const struct sif_object *const *objects, size_t n)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += (uint64_t)objects[i]->size;
	return sum;
}

static struct job *find_job(struct hashing *h, const struct sif_object *const *objects, size_t n,
			    const struct digest_alg *alg)
{
	for (size_t i = 0; i < h->n; i++)
		if (h->jobs[i].alg == alg && h->jobs[i].n == n && memcmp(h->jobs[i].objects, objects, n * sizeof(*objects)) == 0)
			return &h->jobs[i];
	return NULL;
}

static void add_job(struct hashing *h, const struct sif_object *const *objects, size_t n, const struct digest_alg *alg)
{
	if (find_job(h, objects, n, alg))
		return;
	h->jobs = xreallocarray(h->jobs, h->n + 1, sizeof(*h->jobs));
	h->jobs[h->n++] = (struct job){ .objects = objects, .n = n, .alg = alg, .bytes = bytes_of(objects, n) };
}

static int by_size(const void *a, const void *b)
{
	const struct job *x = a, *y = b;

	return (x->bytes < y->bytes) - (x->bytes > y->bytes);
}

static void make_jobs(struct hashing *h, const struct verify_result *r)
{
	for (size_t i = 0; i < r->n; i++) {
		const struct verify_signature *s = &r->v[i];

		if (s->whole)
			add_job(h, s->objects, s->n, s->digests[0].alg);
		for (size_t k = 0; k < s->n && !s->whole; k++)
			add_job(h, s->objects + k, 1, s->digests[k].alg);
	}
	if (h->n)
		qsort(h->jobs, h->n, sizeof(*h->jobs), by_size);
}

static int hash_object(const struct hashing *h, const struct sif_object *o, uint8_t *buf, struct digest *d, struct err *e)
{
	posix_fadvise(h->fd, o->offset, o->size, POSIX_FADV_SEQUENTIAL);
	for (int64_t at = 0; at < o->size; at += STEP) {
		size_t n = o->size - at < STEP ? (size_t)(o->size - at) : STEP;

		if (at % (AHEAD / 2) == 0)
			posix_fadvise(h->fd, o->offset + at + AHEAD / 2, AHEAD, POSIX_FADV_WILLNEED);
		if (fd_pread_full(h->fd, buf, n, (uint64_t)(o->offset + at), h->name, e))
			return -1;
		digest_add(d, buf, n);
		if (h->done)
			atomic_fetch_add(h->done, n);
	}
	return 0;
}

static void do_job(const struct hashing *h, struct job *j)
{
	OWN_FREE uint8_t *buf = malloc(STEP);
	struct digest d;

	if (!buf) {
		err_sys(&j->err, ENOMEM, "cannot hash '%s'", h->name);
		return;
	}
	digest_init(&d, j->alg);
	for (size_t i = 0; i < j->n; i++)
		if (hash_object(h, j->objects[i], buf, &d, &j->err))
			return;
	digest_end(&d, j->value);
}

static void *work(void *arg)
{
	struct hashing *h = arg;
	size_t i;

	while ((i = atomic_fetch_add(&h->next, 1)) < h->n)
		do_job(h, &h->jobs[i]);
	return NULL;
}

static void do_jobs(struct hashing *h, unsigned threads)
{
	pthread_t ids[THREADS_MAX];
	unsigned n = 0;

	while (n + 1 < threads && n + 1 < h->n && n < THREADS_MAX && pthread_create(&ids[n], NULL, work, h) == 0)
		n++;
	work(h);
	while (n)
		pthread_join(ids[--n], NULL);
}

/* Was the job's digest the one that was signed? */
static int compare(struct hashing *h, struct verify_signature *s, size_t from, size_t n, const struct meta_digest *want,
		   struct err *e)
{
	const struct job *j = find_job(h, s->objects + from, n, want->alg);

	if (j->err.kind) {
		*e = j->err;
		return -1;
	}
	if (memcmp(j->value, want->value, want->alg->len) != 0) {
		s->wrong = s->objects[from];
		return err_set(e, ERR_VERIFY, "data object integrity compromised: %" PRIu32, s->wrong->id);
	}
	s->verified = from + n;
	return 0;
}

static int conclude(struct hashing *h, struct verify_signature *s, struct err *e)
{
	if (s->whole)
		return compare(h, s, 0, s->n, &s->digests[0], e);
	for (size_t i = 0; i < s->n; i++)
		if (compare(h, s, i, 1, &s->digests[i], e))
			return -1;
	return 0;
}

uint64_t verify_bytes(const struct verify_result *r)
{
	struct hashing h = {};
	uint64_t sum = 0;

	make_jobs(&h, r);
	for (size_t i = 0; i < h.n; i++)
		sum += h.jobs[i].bytes;
	free(h.jobs);
	return sum;
}

int verify_objects(int fd, const char *name, struct verify_result *r, unsigned threads, _Atomic uint64_t *done,
		   struct err *e)
{
	struct hashing h = { .fd = fd, .name = name, .done = done };
	int rc = 0;

	make_jobs(&h, r);
	do_jobs(&h, threads);
	for (size_t i = 0; i < r->n && !rc; i++) {
		rc = conclude(&h, &r->v[i], &r->v[i].err);
		if (rc)
			*e = r->v[i].err;
	}
	free(h.jobs);
	return rc;
}
