/* sif sign: choose a key, add the hash tree where there is none, sign what was
 * asked for. All signatures are made before the first one is written. */
#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "cmd/command.h"
#include "cmd/sign.h"
#include "cmd/sign_key.h"
#include "cmd/words.h"
#include "image/sign/dsse.h"
#include "image/sign/sign.h"
#include "image/verity/add.h"
#include "runtime/trust/gpg.h"
#include "runtime/trust/store.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

COMMAND_RUN(sign_main);

/* A signature that is made and not yet in the image. */
struct made {
	uint32_t group;
	struct str bytes;
	bool has_fingerprint;
	uint8_t fingerprint[PGP_FINGERPRINT];
};

struct signing {
	struct sign_options opt;
	const struct invocation *inv;
	const char *name;
	int fd;
	struct sif_image img;
	struct private_key *key; /* NULL: GnuPG */
	struct made *made;
	size_t n;
};

static void signing_clear(struct signing *s)
{
	for (size_t i = 0; i < s->n; i++)
		str_free(&s->made[i].bytes);
	free(s->made);
	private_free(s->key);
	sif_image_free(&s->img);
	own_fd_(&s->fd);
	sign_options_free(&s->opt);
}
#define OWN_SIGNING OWN(signing_clear)

static int read_image(struct signing *s, struct err *e)
{
	sif_image_free(&s->img);
	return sif_read(s->fd, s->name, &s->img, e);
}

/* Images of other programs get the tree that 'sif build' would have made. Not
 * behind signatures that are there: it would need a group, and they a second. */
static int add_verity(struct signing *s, struct err *e)
{
	const struct sif_object *part = sif_primary(&s->img);
	struct verity_added added;

	if (s->opt.no_verity || s->inv->dialect != DIALECT_SIF || s->opt.ids.n || !part || !part->size || !part->group ||
	    verity_next(&s->img, part, NULL))
		return 0;
	if (verity_group_signed(&s->img, part->group)) {
		log_info("'%s' is signed already and has no hash tree: 'sif verity add' would add one", s->name);
		return 0;
	}
	if (verity_add(s->fd, s->name, &s->img, part, NULL, NULL, &added, e))
		return -1;
	return read_image(s, e);
}

static int sign_text(struct signing *s, const struct str *text, struct made *m, struct err *e)
{
	OWN_STR struct str pae = {}, sig = {};

	if (!s->key) {
		m->has_fingerprint = true;
		return gpg_sign(NULL, s->opt.fingerprint, text->s, text->len, &m->bytes, m->fingerprint, e);
	}
	dsse_pae(text->s, text->len, &pae);
	if (private_sign(s->key, pae.s, pae.len, &sig, e))
		return -1;
	dsse_text(text->s, text->len, pubkey_id(private_pubkey(s->key)), sig.s, sig.len, &m->bytes);
	return 0;
}

static int sign_group(struct signing *s, uint32_t group, const struct sif_object *only, struct err *e)
{
	OWN_METADATA struct metadata m = {};
	OWN_STR struct str text = {};
	struct made *made;

	if (sign_metadata(s->fd, s->name, &s->img, group, only, NULL, &m, e))
		return -1;
	metadata_text(&m, &text);
	s->made = xreallocarray(s->made, s->n + 1, sizeof(*s->made));
	made = &s->made[s->n++];
	*made = (struct made){ .group = group };
	return sign_text(s, &text, made, e);
}

static int by_number(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static int sign_all_groups(struct signing *s, struct err *e)
{
	OWN_FREE uint32_t *groups = xcalloc(s->img.n + 1, sizeof(*groups));
	size_t n = 0;

	for (uint32_t i = 0; i < s->img.n; i++) {
		const struct sif_object *o = &s->img.objects[i];

		if (o->group)
			groups[n++] = o->group;
		else if (o->type != SIF_DATA_SIGNATURE)
			log_warn("object %" PRIu32 " is in no group: it cannot be signed, and 'sif verify' will say so", o->id);
	}
	qsort(groups, n, sizeof(*groups), by_number);
	for (size_t i = 0; i < n; i++)
		if ((!i || groups[i] != groups[i - 1]) && sign_group(s, groups[i], NULL, e))
			return -1;
	if (n)
		return 0;
	return err_set(e, ERR_USAGE, "'%s' has no group of objects that could be signed", s->name);
}

static int sign_object(struct signing *s, uint32_t id, struct err *e)
{
	const struct sif_object *o = sif_by_id(&s->img, id);

	if (!o) {
		err_set(e, ERR_USAGE, "object %" PRIu32 " not found in '%s'", id, s->name);
		return err_hint(e, "'sif object list' shows the objects");
	}
	if (!o->group)
		return err_set(e, ERR_USAGE, "object %" PRIu32 " of '%s' is in no group", id, s->name);
	return sign_group(s, o->group, o, e);
}

static int make_signatures(struct signing *s, struct err *e)
{
	const struct sign_options *o = &s->opt;

	for (size_t i = 0; i < o->groups.n; i++)
		if (sign_group(s, o->groups.v[i], NULL, e))
			return -1;
	for (size_t i = 0; i < o->ids.n; i++)
		if (sign_object(s, o->ids.v[i], e))
			return -1;
	return o->groups.n || o->ids.n ? 0 : sign_all_groups(s, e);
}

static int choose_key(struct signing *s, struct err *e)
{
	if (s->opt.key && (s->opt.pgp || s->opt.fingerprint))
		return err_set(e, ERR_USAGE, "--key is a native key, --pgp signs with GnuPG: only one of them can be");
	if (s->opt.pgp || s->opt.fingerprint || (!s->opt.key && s->inv->dialect != DIALECT_SIF))
		return 0;
	return sign_key_load(s->opt.key, s->opt.passphrase_file, &s->key, e);
}

/* The image may have more descriptors used when all is done than it has now. */
static int check_room(const struct signing *s, struct err *e)
{
	if ((uint64_t)s->img.n + s->n <= (uint64_t)s->img.descr_total)
		return 0;
	err_set(e, ERR_USAGE, "'%s' has no room for %zu more descriptors", s->name, s->n);
	return err_hint(e, "delete an object, or make a new image with more room");
}

static void report(const struct signing *s)
{
	if (s->inv->quiet)
		return;
	if (s->inv->dialect != DIALECT_SIF) {
		fprintf(stderr, "%s: signature created and applied to image '%s'\n", s->inv->name, s->name);
		return;
	}
	for (size_t i = 0; i < s->n; i++) {
		fprintf(stderr, "%s: group %" PRIu32 " signed", s->name, s->made[i].group);
		if (s->key)
			fprintf(stderr, " by %s key %s\n", pubkey_kind(private_pubkey(s->key)),
				pubkey_id(private_pubkey(s->key)));
		else
			fprintf(stderr, " by GnuPG\n");
	}
}

int sign_main(const struct invocation *inv, int argc, char *const argv[], struct err *e)
{
	OWN_SIGNING struct signing s = { .inv = inv, .fd = -1 };
	const char *words[1];
	unsigned n;

	if (words_parse_env(inv, sign_option_table, argc, argv, &s.opt, words, 1, 1, &n, "IMAGE", e) || choose_key(&s, e))
		return -1;
	s.name = words[0];
	s.fd = fd_open(s.name, O_RDWR | O_NONBLOCK, e);
	if (s.fd < 0 || read_image(&s, e) || add_verity(&s, e) || make_signatures(&s, e) || check_room(&s, e))
		return -1;
	for (size_t i = 0; i < s.n; i++) {
		const struct made *m = &s.made[i];

		if (sign_add(s.fd, s.name, m->group, m->bytes.s, m->bytes.len, m->has_fingerprint ? m->fingerprint : NULL, e))
			return -1;
	}
	report(&s);
	return 0;
}
