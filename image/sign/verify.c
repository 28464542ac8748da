/* Which signatures there are to check, and whether they hold: the first step.
 *
 * The order of checks is part of the interface, for it decides which message a
 * user sees: no group; an object in no group; for each group in turn no
 * signature; then for each of its signatures: is it valid, is it over the right
 * set of objects, over this header, over these descriptors. */
#include "image/sign/verify.h"

#include "base/fd.h"
#include "base/le.h"
#include "base/mem.h"
#include "image/sign/clear.h"
#include "image/sign/judge.h"

#include <inttypes.h>
#include <string.h>

/* What is asked for: a group, or some of its objects. */
struct task {
	uint32_t group;
	const struct sif_object *only; /* NULL = the whole group */
	bool by_object;		       /* legacy: the signature is linked to the object */
};

struct tasks {
	struct task *v;
	size_t n;
};

void verify_free(struct verify_result *r)
{
	for (size_t i = 0; i < r->n; i++) {
		metadata_free(&r->v[i].metadata);
		free(r->v[i].objects);
		free(r->v[i].digests);
	}
	free(r->v);
	*r = (struct verify_result){};
}

static void add_task(struct tasks *t, struct task task)
{
	t->v = xreallocarray(t->v, t->n + 1, sizeof(*t->v));
	t->v[t->n++] = task;
}

static int named_tasks(const struct sif_image *img, const struct verify_options *opt, struct tasks *t, struct err *e)
{
	for (size_t i = 0; i < opt->groups_n; i++) {
		if (!opt->groups[i] || !metadata_base(img, opt->groups[i]))
			return err_set(e, ERR_VERIFY, "group %" PRIu32 " not found", opt->groups[i]);
		add_task(t, (struct task){ .group = opt->groups[i] });
	}
	for (size_t i = 0; i < opt->ids_n; i++) {
		const struct sif_object *o = sif_by_id(img, opt->ids[i]);

		if (!o)
			return err_set(e, ERR_VERIFY, "object %" PRIu32 " not found", opt->ids[i]);
		add_task(t, (struct task){ .group = o->group, .only = o, .by_object = opt->legacy });
	}
	return 0;
}

static int legacy_tasks(const struct sif_image *img, const struct verify_options *opt, struct tasks *t, struct err *e)
{
	const struct sif_object *primary = sif_primary(img);

	for (uint32_t i = 0; opt->all && i < img->n; i++)
		if (img->objects[i].type != SIF_DATA_SIGNATURE && img->objects[i].group)
			add_task(t, (struct task){ .group = img->objects[i].group, .only = &img->objects[i], .by_object = true });
	if (opt->all)
		return t->n ? 0 : err_set(e, ERR_VERIFY, "no groups found");
	if (!primary)
		return err_set(e, ERR_VERIFY, "there is no primary partition that a legacy signature could be about");
	add_task(t, (struct task){ .group = primary->group, .only = primary, .by_object = true });
	return 0;
}

static int by_group(const void *a, const void *b)
{
	const struct task *x = a, *y = b;

	return (x->group > y->group) - (x->group < y->group);
}

/* Each group once; a hostile table has tens of thousands. */
static void sort_tasks(struct tasks *t)
{
	size_t kept = 1;

	qsort(t->v, t->n, sizeof(*t->v), by_group);
	for (size_t i = 1; i < t->n; i++)
		if (t->v[i].group != t->v[kept - 1].group)
			t->v[kept++] = t->v[i];
	t->n = kept;
}

static int find_tasks(const struct sif_image *img, const struct verify_options *opt, struct tasks *t, struct err *e)
{
	const struct sif_object *outside = NULL;

	if (opt->groups_n || opt->ids_n)
		return named_tasks(img, opt, t, e);
	if (opt->legacy)
		return legacy_tasks(img, opt, t, e);
	for (uint32_t i = 0; i < img->n; i++) {
		const struct sif_object *o = &img->objects[i];

		if (o->group)
			add_task(t, (struct task){ .group = o->group });
		else if (o->type != SIF_DATA_SIGNATURE && !outside)
			outside = o;
	}
	if (outside)
		return err_set(e, ERR_VERIFY, "object %" PRIu32 ": non-signature object not associated with object group",
			       outside->id);
	if (!t->n)
		return err_set(e, ERR_VERIFY, "no groups found");
	sort_tasks(t);
	return 0;
}

/* --- one signature --- */

static int read_signature(int fd, const struct sif_object *o, struct str *ret, struct err *e)
{
	OWN_FREE char *bytes = NULL;

	if (o->size > VERIFY_SIGNATURE_MAX)
		return err_set(e, ERR_VERIFY, "it has %" PRId64 " bytes, more than %u", o->size, VERIFY_SIGNATURE_MAX);
	bytes = malloc((size_t)o->size + 1);
	if (!bytes)
		return err_sys(e, ENOMEM, "cannot read it");
	if (fd_pread_full(fd, bytes, (size_t)o->size, (uint64_t)o->offset, "a signature", e))
		return -1;
	str_addn(ret, bytes, (size_t)o->size);
	return 0;
}

static bool is_legacy(const struct str *bytes)
{
	OWN_STR struct str text = {};
	struct err ignored;

	return clear_is(str_text(bytes), bytes->len) && clear_text(bytes->s, bytes->len, &text, &ignored) == 0 &&
	       str_starts(str_text(&text), CLEAR_LEGACY);
}

/* --- what it says --- */

static int check_set(const struct sif_image *img, const struct task *t, const struct metadata *m, struct err *e)
{
	uint32_t base = metadata_base(img, t->group);

	for (uint32_t i = 0; i < img->n && !t->only; i++) {
		const struct sif_object *o = &img->objects[i];
		bool found = o->group != t->group;

		for (size_t k = 0; k < m->n && !found; k++)
			found = m->objects[k].id == o->id - base;
		if (!found)
			return err_set(e, ERR_VERIFY, "object %" PRIu32 ": object not signed", o->id);
	}
	for (size_t k = 0; k < m->n; k++) {
		uint64_t id = (uint64_t)base + m->objects[k].id;
		const struct sif_object *o = id < SIF_GROUP_MASK ? sif_by_id(img, (uint32_t)id) : NULL;

		if ((!o || o->group != t->group) && !t->only)
			return err_set(e, ERR_VERIFY, "object %" PRIu64 ": signed object not found", id);
	}
	return 0;
}

static int check_header(const struct sif_image *img, const struct metadata *m, struct err *e)
{
	struct meta_digest have;

	metadata_header(img, m->header.alg, &have);
	if (!metadata_same(&have, &m->header))
		return err_set(e, ERR_VERIFY, "header integrity compromised");
	return 0;
}

static int check_descriptors(const struct sif_image *img, const struct task *t, struct verify_signature *s,
			     struct err *e)
{
	uint32_t base = metadata_base(img, t->group);

	s->objects = xcalloc(s->metadata.n + 1, sizeof(*s->objects));
	s->digests = xcalloc(s->metadata.n + 1, sizeof(*s->digests));
	for (size_t i = 0; i < s->metadata.n; i++) {
		const struct meta_object *m = &s->metadata.objects[i];
		uint64_t id = (uint64_t)base + m->id;
		const struct sif_object *o = id < SIF_GROUP_MASK ? sif_by_id(img, (uint32_t)id) : NULL;
		struct meta_digest have;

		if (!o || (t->only && o != t->only))
			continue;
		metadata_descriptor(img, o, m->descriptor.alg, &have);
		if (!metadata_same(&have, &m->descriptor)) {
			s->wrong = o;
			return err_set(e, ERR_VERIFY, "data object descriptor integrity compromised: %" PRIu32, o->id);
		}
		s->objects[s->n] = o;
		s->digests[s->n++] = m->object;
	}
	if (t->only && !s->n)
		return err_set(e, ERR_VERIFY, "object %" PRIu32 ": object not signed", t->only->id);
	return 0;
}

/* "SIFHASH:\nHEX": the digest's kind is the descriptor's. */
static int check_legacy(const struct sif_image *img, const struct task *t, const struct str *payload,
			struct verify_signature *s, struct err *e)
{
	const char *word = sif_code_word(sif_hashes, (int32_t)le32(s->object->extra + SIF_X_SIGN_HASH));
	const struct digest_alg *alg = digest_find(word, strlen(word));
	const char *hex = str_text(payload) + strlen(CLEAR_LEGACY);

	s->objects = xcalloc(img->n + 1, sizeof(*s->objects));
	s->digests = xcalloc(1, sizeof(*s->digests));
	if (!alg)
		return err_set(e, ERR_VERIFY, "its hash '%s' is not supported", word);
	s->digests[0].alg = alg;
	if (digest_unhex(hex, strspn(hex, "0123456789abcdef"), s->digests[0].value, alg->len) ||
	    hex[2 * alg->len + strspn(hex + 2 * alg->len, "\n")])
		return err_set(e, ERR_VERIFY, "the legacy signature does not hold a digest");
	s->whole = true;
	for (uint32_t i = 0; i < img->n; i++)
		if (t->only ? &img->objects[i] == t->only : img->objects[i].group == t->group)
			s->objects[s->n++] = &img->objects[i];
	return 0;
}

static int check_signature(const struct sif_image *img, const struct task *t, const struct verify_options *opt,
			   const struct str *bytes, struct verify_signature *s, struct err *e)
{
	OWN_STR struct str payload = {};

	if (signature_judge(bytes, opt, s, &payload, e))
		return err_ctx(e, "signature object %" PRIu32 " not valid", s->object->id);
	if (opt->legacy)
		return check_legacy(img, t, &payload, s, e);
	if (metadata_parse(str_text(&payload), payload.len, &s->metadata, e)) {
		e->kind = ERR_VERIFY;
		return err_ctx(e, "signature object %" PRIu32 " not valid", s->object->id);
	}
	if (check_set(img, t, &s->metadata, e) || check_header(img, &s->metadata, e))
		return -1;
	return check_descriptors(img, t, s, e);
}

static bool is_about(const struct sif_object *o, const struct task *t)
{
	if (o->type != SIF_DATA_SIGNATURE)
		return false;
	return t->by_object ? !o->link_is_group && o->link == t->only->id : o->link_is_group && o->link == t->group;
}

static int run_task(int fd, const struct sif_image *img, const struct task *t, const struct verify_options *opt,
		    struct verify_result *ret, struct err *e)
{
	bool found = false;

	for (uint32_t i = 0; i < img->n && t->group; i++) {
		const struct sif_object *o = &img->objects[i];
		OWN_STR struct str bytes = {};
		struct verify_signature *s;

		if (!is_about(o, t))
			continue;
		if (read_signature(fd, o, &bytes, e))
			return err_ctx(e, "signature object %" PRIu32 " not valid", o->id);
		if (is_legacy(&bytes) != opt->legacy)
			continue;
		found = true;
		ret->v = xreallocarray(ret->v, ret->n + 1, sizeof(*ret->v));
		s = &ret->v[ret->n++];
		*s = (struct verify_signature){ .object = o };
		if (check_signature(img, t, opt, &bytes, s, &s->err)) {
			*e = s->err;
			return -1;
		}
	}
	if (found)
		return 0;
	if (t->by_object)
		err_set(e, ERR_VERIFY, "signature not found for object %" PRIu32, t->only->id);
	else if (!t->group)
		return err_set(e, ERR_VERIFY, "object %" PRIu32 " is in no group, so it is not signed", t->only->id);
	else
		err_set(e, ERR_VERIFY, "signature not found for object group %" PRIu32, t->group);
	return err_hint(e, opt->legacy ? "newer signatures are verified without --legacy-insecure" :
					 "'sif sign' signs an image");
}

int verify_begin(int fd, const struct sif_image *img, const struct verify_options *opt, struct verify_result *ret,
		 struct err *e)
{
	struct tasks t = {};
	int rc = find_tasks(img, opt, &t, e);

	*ret = (struct verify_result){};
	for (size_t i = 0; i < t.n && !rc; i++)
		rc = run_task(fd, img, &t.v[i], opt, ret, e);
	free(t.v);
	return rc;
}

const struct verify_signature *verify_find(const struct verify_result *r, const struct sif_object *o,
					   const struct meta_digest **ret)
{
	for (size_t i = 0; i < r->n; i++)
		for (size_t k = 0; k < r->v[i].n && !r->v[i].whole && !r->v[i].err.kind; k++)
			if (r->v[i].objects[k] == o) {
				*ret = &r->v[i].digests[k];
				return &r->v[i];
			}
	return NULL;
}
