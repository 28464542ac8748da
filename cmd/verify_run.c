/* sif verify: by whom, check it all, say it. Checks are in image/sign; words and
 * numbers of the output are Apptainer's when called by its name. */
#include "base/cpus.h"
#include "base/fd.h"
#include "base/mem.h"
#include "cmd/command.h"
#include "cmd/progress.h"
#include "cmd/sign.h"
#include "cmd/verify_report.h"
#include "cmd/words.h"
#include "image/sign/cert.h"
#include "image/verity/check.h"
#include "runtime/trust/store.h"

#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

COMMAND_RUN(verify_main);

static int take_certificate(const struct verify_words *w, struct pubkey **ret, struct err *e)
{
	struct cert_options o = { .certificate = w->certificate, .intermediates = w->intermediates, .roots = w->roots,
				  .ocsp = w->ocsp_verify ? OCSP_REQUIRE : OCSP_OFF, .responses = &w->ocsp_responses };

	if (w->ocsp && cert_ocsp_mode(w->ocsp, &o.ocsp, e))
		return -1;
	return cert_pubkey(&o, ret, e);
}

/* A certificate, keys, or all that is trusted: the first of these that is named. */
static int take_keys(struct verification *v, const struct verify_words *w, struct err *e)
{
	if (w->certificate) {
		struct pubkey *k;

		if (take_certificate(w, &k, e))
			return -1;
		trust_add_key(&v->trust, k);
		v->options.keys = (struct verify_keys){ .keys = v->trust.keys, .n = v->trust.n };
		return 0;
	}
	for (size_t i = 0; i < w->keys.n; i++)
		if (trust_add_file(&v->trust, w->keys.v[i], e))
			return -1;
	for (size_t i = 0; i < w->keyrings.n; i++)
		if (gpg_rings_add(&v->trust.local, w->keyrings.v[i], true, e))
			return -1;
	if (!w->keys.n && !w->keyrings.n && trust_load(&v->trust, w->local, e))
		return -1;
	v->options.keys = (struct verify_keys){ .keys = v->trust.keys, .n = v->trust.n };
	if (!w->keys.n || w->keyrings.n) {
		v->options.keys.pgp = verification_judge_pgp;
		v->options.keys.pgp_ctx = v;
	}
	return 0;
}

/* --- hash trees, beside the hashing of whole objects --- */

struct trees {
	int fd;
	const char *name;
	struct verification *v;
	unsigned threads;
	_Atomic uint64_t *done;
	struct err err;
};

/* Trees whose JSON, tree and partition were signed together, or in two groups
 * that name the same digest. */
static bool is_vouched(const struct verification *v, const struct verity *t)
{
	const struct meta_digest *json, *tree, *part;

	if (!verify_find(&v->result, t->json, &json) || !verify_find(&v->result, t->tree, &tree) ||
	    !verify_find(&v->result, t->partition, &part))
		return false;
	if (!t->info.has_digest)
		return true;
	return part->alg == digest_find("sha256", 6) && memcmp(part->value, t->info.digest, DIGEST_SHA256) == 0;
}

static int find_trees(int fd, struct verification *v, struct err *e)
{
	for (uint32_t i = 0; i < v->img.n; i++) {
		const struct sif_object *part = &v->img.objects[i], *json = NULL;
		struct verity t;

		if (part->type != SIF_DATA_PARTITION)
			continue;
		while ((json = verity_next(&v->img, part, json))) {
			const struct meta_digest *ignored;

			if (!verify_find(&v->result, json, &ignored))
				continue;
			if (verity_load(fd, &v->img, part, json, &t, e))
				return -1;
			if (!is_vouched(v, &t))
				continue;
			v->trees = xreallocarray(v->trees, v->trees_n + 1, sizeof(*v->trees));
			v->trees[v->trees_n++] = t;
		}
	}
	return 0;
}

static void *check_trees(void *arg)
{
	struct trees *t = arg;

	for (size_t i = 0; i < t->v->trees_n; i++)
		if (verity_check(t->fd, t->name, &t->v->trees[i], t->threads, t->done, &t->err))
			return NULL;
	return NULL;
}

/* The JSON was read before its own bytes were found right: is it still the same? */
static int confirm_trees(int fd, const struct verification *v, struct err *e)
{
	for (size_t i = 0; i < v->trees_n; i++) {
		const struct verity *old = &v->trees[i];
		struct verity now;

		if (verity_load(fd, &v->img, old->partition, old->json, &now, e))
			return -1;
		if (memcmp(now.info.root, old->info.root, DIGEST_SHA256) != 0)
			return err_set(e, ERR_VERIFY, "'%s' changes while it is read", v->name);
	}
	return 0;
}

static int check_bytes(int fd, struct verification *v, struct err *e)
{
	unsigned cpus = cpus_available();
	struct trees t = { .fd = fd, .name = v->name, .v = v, .threads = cpus > 1 ? cpus - 1 : 1 };
	struct progress p = { .total = verify_bytes(&v->result) };
	bool beside = false;
	pthread_t thread;
	int rc;

	if (find_trees(fd, v, e))
		return -1;
	for (size_t i = 0; i < v->trees_n; i++)
		p.total += v->trees[i].layout.data_size;
	t.done = &p.done;
	progress_start(&p, v->inv->quiet);
	if (v->trees_n)
		beside = pthread_create(&thread, NULL, check_trees, &t) == 0;
	rc = verify_objects(fd, v->name, &v->result, cpus, &p.done, e);
	if (beside)
		pthread_join(thread, NULL);
	else
		check_trees(&t);
	progress_stop(&p);
	if (rc)
		return -1;
	if (t.err.kind) {
		*e = t.err;
		return -1;
	}
	return confirm_trees(fd, v, e);
}

static int verify_image(struct verification *v, struct err *e)
{
	OWN_FD int fd = fd_open(v->name, O_RDONLY | O_NONBLOCK, e);

	if (fd < 0 || sif_read(fd, v->name, &v->img, e))
		return -1;
	if (verify_begin(fd, &v->img, &v->options, &v->result, e))
		return -1;
	return check_bytes(fd, v, e);
}

static int check_words(const struct verify_words *w, struct err *e)
{
	if (w->url) {
		err_set(e, ERR_USAGE, "key servers are not asked in this version");
		return err_hint(e, "get the signer's key yourself: sif key trust FILE");
	}
	if (!w->certificate && (w->intermediates || w->roots || w->ocsp || w->ocsp_verify || w->ocsp_responses.n)) {
		err_set(e, ERR_USAGE, "there are options about certificates, and no certificate");
		return err_hint(e, "--certificate FILE");
	}
	return 0;
}

int verify_main(const struct invocation *inv, int argc, char *const argv[], struct err *e)
{
	OWN_VERIFY_WORDS struct verify_words w = {};
	OWN_VERIFICATION struct verification v = { .inv = inv };
	const char *words[1];
	unsigned n;
	int rc;

	if (words_parse_env(inv, verify_option_table, argc, argv, &w, words, 1, 1, &n, "IMAGE", e) || check_words(&w, e))
		return -1;
	v.name = words[0];
	if (take_keys(&v, &w, e))
		return -1;
	v.options.groups = w.groups.v;
	v.options.groups_n = w.groups.n;
	v.options.ids = w.ids.v;
	v.options.ids_n = w.ids.n;
	v.options.legacy = w.legacy;
	v.options.all = w.all;
	rc = verify_image(&v, e);
	verification_report(&v, w.json, rc ? e : NULL);
	return rc;
}
