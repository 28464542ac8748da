#include "image/sign/sign.h"

#include "base/fd.h"
#include "base/le.h"
#include "base/mem.h"
#include "image/sif/write.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>

#define STEP (256u << 10)
#define HASH_SHA256 1 /* in a signature's descriptor */

static int by_id(const void *a, const void *b)
{
	const struct meta_object *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

static int hash_object(int fd, const char *name, const struct sif_object *o, _Atomic uint64_t *done,
		       struct meta_digest *ret, struct err *e)
{
	OWN_FREE uint8_t *buf = xmalloc(STEP);
	struct digest d;

	ret->alg = digest_find("sha256", 6);
	digest_init(&d, ret->alg);
	for (int64_t at = 0; at < o->size; at += STEP) {
		size_t n = o->size - at < STEP ? (size_t)(o->size - at) : STEP;

		if (fd_pread_full(fd, buf, n, (uint64_t)(o->offset + at), name, e))
			return -1;
		digest_add(&d, buf, n);
		if (done)
			atomic_fetch_add(done, n);
	}
	digest_end(&d, ret->value);
	return 0;
}

int sign_metadata(int fd, const char *name, const struct sif_image *img, uint32_t group, const struct sif_object *only,
		  _Atomic uint64_t *done, struct metadata *ret, struct err *e)
{
	const struct digest_alg *alg = digest_find("sha256", 6);
	uint32_t base = metadata_base(img, group);

	*ret = (struct metadata){ .objects = xcalloc(img->n + 1, sizeof(*ret->objects)) };
	metadata_header(img, alg, &ret->header);
	for (uint32_t i = 0; i < img->n; i++) {
		const struct sif_object *o = &img->objects[i];
		struct meta_object *m = &ret->objects[ret->n];

		if (o->group != group || (only && o != only))
			continue;
		m->id = o->id - base;
		metadata_descriptor(img, o, alg, &m->descriptor);
		if (hash_object(fd, name, o, done, &m->object, e)) {
			metadata_free(ret);
			return -1;
		}
		ret->n++;
	}
	if (!ret->n) {
		metadata_free(ret);
		return err_set(e, ERR_USAGE, "'%s' has no group %" PRIu32, name, group);
	}
	qsort(ret->objects, ret->n, sizeof(*ret->objects), by_id);
	return 0;
}

int sign_add(int fd, const char *name, uint32_t group, const char *bytes, size_t len, const uint8_t *fingerprint,
	     struct err *e)
{
	struct sif_input in = { .type = SIF_DATA_SIGNATURE, .link = group, .link_is_group = true };
	OWN_FD int memory = memfd_create("signature", MFD_CLOEXEC);

	if (memory < 0)
		return err_sys(e, errno, "cannot sign '%s'", name);
	put_le32(in.extra + SIF_X_SIGN_HASH, HASH_SHA256);
	if (fingerprint)
		memcpy(in.extra + SIF_X_SIGN_ENTITY, fingerprint, SIF_ENTITY_LEN);
	if (fd_write_full(memory, bytes, len, "the signature", e))
		return -1;
	if (lseek(memory, 0, SEEK_SET) < 0)
		return err_sys(e, errno, "cannot sign '%s'", name);
	return sif_add(fd, name, &in, memory, NULL, e);
}
