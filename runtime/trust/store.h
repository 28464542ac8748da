/* Where keys are: the caller's own in $XDG_CONFIG_HOME/sif/keys (NAME.pem, NAME.pub),
 * those that are trusted in trust.d beside it and in /etc/sif/trust.d, and the
 * OpenPGP rings of Apptainer and SingularityCE where they keep them. */
#ifndef SIF_RUNTIME_TRUST_STORE_H
#define SIF_RUNTIME_TRUST_STORE_H

#include "base/err.h"
#include "base/str.h"
#include "image/sign/pubkey.h"
#include "runtime/trust/gpg.h"

#define STORE_SYSTEM_TRUST "/etc/sif/trust.d"
#define STORE_PRIVATE ".pem" /* endings of files */
#define STORE_PUBLIC ".pub"

/* "keys" or "trust.d" in the caller's folder, malloc'ed; NULL without a home. */
char *store_dir(const char *name);
/* Make the caller's folder (0700). */
int store_make_dir(const char *path, struct err *e) MUST_CHECK;
/* Is it a name that a key can have? Letters, digits, "._-@+", no dot in front. */
int store_check_name(const char *name, struct err *e) MUST_CHECK;

/* Everything that is trusted. */
struct trust {
	struct pubkey **keys; /* named by file */
	size_t n;
	struct gpg_rings local, global;
};

void trust_free(struct trust *t);
#define OWN_TRUST OWN(trust_free)

/* Both trust folders, and the peers' rings. A folder or file of the system that
 * others than root can write, or of the caller that others can write, is
 * ERR_POLICY: it proves nothing. local_only leaves the system out. */
int trust_load(struct trust *t, bool local_only, struct err *e) MUST_CHECK;
/* Takes ownership of k. */
void trust_add_key(struct trust *t, struct pubkey *k);
/* One public key from a PEM file (whoever owns it: the caller named it). */
int trust_add_file(struct trust *t, const char *path, struct err *e) MUST_CHECK;

/* For struct verify_keys: judges by the local rings first, then the global ones.
 * ctx: a struct trust_pgp, whose is_local tells which it was. */
struct trust_pgp {
	const struct trust *trust;
	bool is_local; /* of the last signature that was not unknown */
};
int trust_judge_pgp(void *ctx, const char *message, size_t len, struct pgp_result *ret, struct str *plain,
		    struct err *e) MUST_CHECK;

#endif
