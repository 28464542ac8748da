/* A plain tar is read in its reader's own thread: another one would only bring
 * the bytes into another processor's cache. For what is compressed:
 *
 * Two threads and a ring of chunks. The unpacker fills chunk `filled`, the
 * reader holds chunk `taken`; both indices only grow. The unpacker blocks when
 * all chunks are full, and is woken when half of them are free: so few switches
 * between the two, which share the processors with the compressors. The reader
 * blocks when none is full. `stop` ends the unpacker at its next chunk, and
 * input_stop wakes it when it waits for a pipe that says nothing.
 *
 * gzip is undone by zlib itself: libarchive (3.6) does not look at the checksum
 * at the end of each member, and a damaged download must never become an image.
 *
 * The source is read to its end even when the archive ended before: the program
 * at the other end of a pipe must not die of SIGPIPE over padding, and a
 * compressed file's checksum stands at its end. */
#include "image/pack/ahead.h"

#include "base/mem.h"
#include "image/pack/input.h"

#include <archive.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <zlib.h>

#define CHUNKS 8
#define CHUNK_SIZE (256u << 10)
#define PEEK 512u /* a tar's first header */

struct chunk {
	size_t len;
	uint8_t data[CHUNK_SIZE];
};

struct ahead {
	struct input in;
	bool plain; /* no thread; neither ring nor lock are used */
	pthread_t thread;
	bool started;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	uint64_t filled, taken; /* chunks; under lock */
	bool holds, done, stop;
	struct err err; /* of the unpacker, once done */
	struct chunk *ring;
};

static la_ssize_t on_read(struct archive *ar, void *ctx, const void **buf)
{
	struct ahead *a = ctx;
	ssize_t n = input_fill(&a->in);

	if (n < 0)
		archive_set_error(ar, EIO, "cannot read");
	*buf = a->in.buf;
	return n;
}

/* No program is ever run, and no container format looks at the bytes. */
static int support(struct archive *ar)
{
	static int (*const filters[])(struct archive *) = {
		archive_read_support_filter_bzip2, archive_read_support_filter_compress,
		archive_read_support_filter_lz4,   archive_read_support_filter_lzip,
		archive_read_support_filter_lzma,  archive_read_support_filter_xz,
		archive_read_support_filter_zstd,
	};

	for (size_t i = 0; i < ARRAY_SIZE(filters); i++) {
		/* ARCHIVE_WARN: this libarchive would run a program for it */
		if (filters[i](ar) == ARCHIVE_FATAL)
			return ARCHIVE_FATAL;
	}
	return archive_read_support_format_raw(ar);
}

static int fail(struct ahead *a, const char *text, struct err *e)
{
	if (a->in.err.kind) {
		*e = a->in.err;
		return -1;
	}
	err_set(e, ERR_FORMAT, "'%s' cannot be unpacked: %s", a->in.name, text ? text : "damaged or cut short");
	return err_hint(e, "the file is damaged or incomplete; fetch or make it again");
}

/* A free chunk, or NULL when the reader has gone. */
static struct chunk *free_chunk(struct ahead *a)
{
	struct chunk *c = NULL;

	pthread_mutex_lock(&a->lock);
	while (!a->stop && a->filled - a->taken >= CHUNKS)
		pthread_cond_wait(&a->changed, &a->lock);
	if (!a->stop)
		c = &a->ring[a->filled % CHUNKS];
	pthread_mutex_unlock(&a->lock);
	if (c)
		c->len = 0;
	return c;
}

static void push(struct ahead *a)
{
	pthread_mutex_lock(&a->lock);
	a->filled++;
	pthread_cond_broadcast(&a->changed);
	pthread_mutex_unlock(&a->lock);
}

/* Members of a gzip file, one behind the other, until the source ends or
 * something else follows. 1 = the reader left. */
static int inflate_members(struct ahead *a, z_stream *z, struct err *e)
{
	struct chunk *c = free_chunk(a);
	int rc = Z_OK;

	while (c) {
		if (z->avail_in == 0) {
			ssize_t n = input_fill(&a->in);

			if (n < 0)
				return a->in.err.kind ? fail(a, NULL, e) : 1;
			z->next_in = a->in.buf;
			z->avail_in = (uInt)n;
		}
		if (rc == Z_STREAM_END) { /* another member, padding, or the end */
			if (z->avail_in == 0 || *z->next_in != 0x1f)
				break;
			inflateReset(z);
		} else if (z->avail_in == 0) {
			return fail(a, "the gzip data end too early", e);
		}
		z->next_out = c->data + c->len;
		z->avail_out = (uInt)(CHUNK_SIZE - c->len);
		rc = inflate(z, Z_NO_FLUSH);
		c->len = CHUNK_SIZE - z->avail_out;
		if (rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR)
			return fail(a, z->msg, e);
		if (c->len == CHUNK_SIZE) {
			push(a);
			c = free_chunk(a);
		}
	}
	if (c && c->len)
		push(a);
	return 0;
}

static int unpack_gzip(struct ahead *a, struct err *e)
{
	z_stream z = {};
	int rc;

	if (inflateInit2(&z, 15 + 16) != Z_OK) /* 16: a gzip header and checksum */
		return err_sys(e, ENOMEM, "cannot unpack '%s'", a->in.name);
	rc = inflate_members(a, &z, e);
	inflateEnd(&z);
	return rc;
}

static int unpack_rest(struct ahead *a, struct archive *ar, struct err *e)
{
	struct chunk *c;
	la_ssize_t n;

	while ((c = free_chunk(a))) {
		n = 0;
		while (c->len < CHUNK_SIZE) {
			n = archive_read_data(ar, c->data + c->len, CHUNK_SIZE - c->len);
			if (n <= 0)
				break;
			c->len += (size_t)n;
		}
		if (c->len)
			push(a);
		if (c->len < CHUNK_SIZE)
			return n < 0 ? fail(a, archive_error_string(ar), e) : 0;
	}
	return 1;
}

static int unpack_other(struct ahead *a, struct err *e)
{
	struct archive *ar = archive_read_new();
	struct archive_entry *entry;
	int rc = -1;

	if (!ar || support(ar) == ARCHIVE_FATAL)
		err_sys(e, ENOMEM, "cannot unpack '%s'", a->in.name);
	else if (archive_read_open(ar, a, NULL, on_read, NULL) != ARCHIVE_OK ||
		 archive_read_next_header(ar, &entry) != ARCHIVE_OK)
		fail(a, archive_error_string(ar), e);
	else
		rc = unpack_rest(a, ar, e);
	archive_read_free(ar);
	return rc;
}

/* The checksum of a tar's header fits. What is not found out here goes the way of
 * compressed data, where libarchive knows it. */
static bool is_tar(const uint8_t *head)
{
	const size_t from = 148, to = 156; /* its field, which counts as spaces */
	unsigned sum = 0, want = 0;

	for (size_t i = 0; i < PEEK; i++)
		sum += i >= from && i < to ? ' ' : head[i];
	for (size_t i = from; i < to; i++)
		if (head[i] >= '0' && head[i] <= '7')
			want = want * 8 + head[i] - '0';
	return sum == want;
}

/* Unpack to the end: 0, or 1 when the reader left before. */
static int unpack(struct ahead *a, struct err *e)
{
	static const uint8_t gzip[] = { 0x1f, 0x8b };

	if (a->in.have == 0)
		return 0; /* no byte at all */
	if (a->in.have >= sizeof(gzip) && memcmp(a->in.buf, gzip, sizeof(gzip)) == 0)
		return unpack_gzip(a, e);
	return unpack_other(a, e);
}

/* Whatever stands behind the compressed data. */
static int drain(struct ahead *a, struct err *e)
{
	ssize_t n;

	do
		n = input_read(&a->in, a->in.buf, sizeof(a->in.buf));
	while (n > 0);
	return n < 0 && a->in.err.kind ? fail(a, NULL, e) : 0;
}

static void *run(void *ctx)
{
	struct ahead *a = ctx;
	struct err e = {};

	if (!unpack(a, &e))
		drain(a, &e);
	pthread_mutex_lock(&a->lock);
	a->err = e;
	a->done = true;
	pthread_cond_broadcast(&a->changed);
	pthread_mutex_unlock(&a->lock);
	return NULL;
}

static int start(struct ahead *a)
{
	int rc;

	a->ring = xcalloc(CHUNKS, sizeof(*a->ring));
	rc = pthread_create(&a->thread, NULL, run, a);
	a->started = rc == 0;
	return rc;
}

int ahead_open(int fd, const char *name, struct ahead **ret, struct err *e)
{
	struct ahead *a = xcalloc(1, sizeof(*a));
	ssize_t n;
	int rc;

	pthread_mutex_init(&a->lock, NULL);
	pthread_cond_init(&a->changed, NULL);
	rc = input_open(&a->in, fd, name);
	n = rc ? 0 : input_peek(&a->in, PEEK);
	if (n < 0) {
		*e = a->in.err;
		ahead_free(a);
		return -1;
	}
	a->plain = n == PEEK && is_tar(a->in.buf);
	if (!rc && !a->plain)
		rc = start(a);
	if (rc) {
		ahead_free(a);
		return err_sys(e, rc, "cannot start unpacking '%s'", name);
	}
	*ret = a;
	return 0;
}

void ahead_free(struct ahead *a)
{
	if (!a)
		return;
	if (a->started) {
		pthread_mutex_lock(&a->lock);
		a->stop = true;
		pthread_cond_broadcast(&a->changed);
		pthread_mutex_unlock(&a->lock);
		input_stop(&a->in);
		pthread_join(a->thread, NULL);
	}
	input_close(&a->in);
	pthread_cond_destroy(&a->changed);
	pthread_mutex_destroy(&a->lock);
	free(a->ring);
	free(a);
}

static int next_plain(struct ahead *a, const void **data, size_t *len, struct err *e)
{
	ssize_t n = input_fill(&a->in);

	if (n < 0) {
		*e = a->in.err;
		return -1;
	}
	*data = a->in.buf;
	*len = (size_t)n;
	return n > 0;
}

int ahead_next(struct ahead *a, const void **data, size_t *len, struct err *e)
{
	int rc = 1;

	if (a->plain)
		return next_plain(a, data, len, e);
	pthread_mutex_lock(&a->lock);
	if (a->holds) {
		a->taken++;
		a->holds = false;
		if (a->filled - a->taken <= CHUNKS / 2)
			pthread_cond_broadcast(&a->changed);
	}
	while (a->taken == a->filled && !a->done)
		pthread_cond_wait(&a->changed, &a->lock);
	if (a->taken == a->filled) {
		rc = a->err.kind ? -1 : 0;
		if (rc)
			*e = a->err;
	} else {
		struct chunk *c = &a->ring[a->taken % CHUNKS];

		*data = c->data;
		*len = c->len;
		a->holds = true;
	}
	pthread_mutex_unlock(&a->lock);
	return rc;
}

uint64_t ahead_read(const struct ahead *a)
{
	return atomic_load(&a->in.bytes);
}
