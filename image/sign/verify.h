/* Verify the signatures of a SIF image, as other SIF programs do (interop 2):
 * every signature over a group must be valid, say exactly which objects the
 * group has, and what it says must be true of header, descriptors and bytes.
 *
 * In two steps, so that a start need not read an image whole:
 *   verify_begin    signatures, header, descriptors: constant time
 *   verify_objects  bytes of objects against the digests that were signed
 * In between nothing is verified but what the first step says. */
#ifndef SIF_IMAGE_SIGN_VERIFY_H
#define SIF_IMAGE_SIGN_VERIFY_H

#include "base/err.h"
#include "image/sif/read.h"
#include "image/sign/metadata.h"
#include "image/sign/pgp.h"
#include "image/sign/pubkey.h"

#include <stdbool.h>
#include <stdint.h>

#define VERIFY_SIGNATURE_MAX (4u << 20) /* bytes of one signature object */

enum signature_kind { SIGNATURE_DSSE, SIGNATURE_PGP };

/* By whom a signature may be. */
struct verify_keys {
	struct pubkey *const *keys; /* native ones */
	size_t n;
	/* Judge an OpenPGP message; plain gets the text that was signed when the
	 * verdict is about a good signature. NULL: OpenPGP signatures do not count.
	 * -1: it could not be asked. */
	int (*pgp)(void *ctx, const char *message, size_t len, struct pgp_result *ret, struct str *plain,
		   struct err *e);
	void *pgp_ctx;
};

struct verify_options {
	struct verify_keys keys;
	uint32_t *groups, *ids; /* only these; both empty = all groups */
	size_t groups_n, ids_n;
	bool legacy, all; /* signatures of before 2020, which protect little */
	/* Verdicts that are let pass by a caller with a policy of its own; good is
	 * among them always, invalid never. A bit of 1 << enum verdict. */
	unsigned accept;
};

/* One signature and what it vouches for. */
struct verify_signature {
	const struct sif_object *object; /* borrowed from the image */
	enum signature_kind kind;
	struct pgp_result pgp; /* verdict of either kind; the rest for SIGNATURE_PGP */
	const struct pubkey *key; /* native; borrowed */
	struct metadata metadata; /* signed; empty for a legacy signature */
	const struct sif_object **objects; /* those it was asked about */
	struct meta_digest *digests;	   /* of their bytes, as signed */
	size_t n;
	bool whole; /* legacy: one digest, over the bytes of all objects together */
	size_t verified; /* objects whose bytes were found right, in this order */
	const struct sif_object *wrong; /* the object that was not, or NULL */
	struct err err;	 /* .kind ERR_NONE: valid so far */
};

struct verify_result {
	struct verify_signature *v;
	size_t n;
};

void verify_free(struct verify_result *r);
#define OWN_VERIFY OWN(verify_free)

/* fd is borrowed. ret is filled up to the signature that failed, which is the
 * last, also on -1. ERR_VERIFY says why an image is not verified; other kinds
 * that it could not be found out. */
int verify_begin(int fd, const struct sif_image *img, const struct verify_options *opt, struct verify_result *ret,
		 struct err *e) MUST_CHECK;

/* Hash what verify_begin found signed; objects in parallel, in this many
 * threads. done (may be NULL) counts the bytes. */
int verify_objects(int fd, const char *name, struct verify_result *r, unsigned threads, _Atomic uint64_t *done,
		   struct err *e) MUST_CHECK;
/* Bytes that verify_objects is going to hash. */
uint64_t verify_bytes(const struct verify_result *r);

/* The first signature that vouches for the descriptor of o, or NULL; *ret gets
 * the digest of its bytes that was signed. */
const struct verify_signature *verify_find(const struct verify_result *r, const struct sif_object *o,
					   const struct meta_digest **ret);

#endif
