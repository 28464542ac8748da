/* What sif verify found out, and how it is said. */
#ifndef SIF_CMD_VERIFY_REPORT_H
#define SIF_CMD_VERIFY_REPORT_H

#include "cmd/command.h"
#include "image/sign/verify.h"
#include "image/verity/verity.h"
#include "runtime/trust/store.h"

struct verification {
	const struct invocation *inv;
	const char *name;
	struct trust trust;
	struct verify_options options;
	struct sif_image img;
	struct verify_result result;
	bool *local; /* of each OpenPGP signature, in order of judgement: its key is the caller's own */
	size_t local_n;
	struct verity *trees; /* checked, too */
	size_t trees_n;
};

void verification_clear(struct verification *v);
#define OWN_VERIFICATION OWN(verification_clear)

/* For struct verify_keys; ctx: the verification. */
int verification_judge_pgp(void *ctx, const char *message, size_t len, struct pgp_result *ret, struct str *plain,
			   struct err *e);

/* To standard output. e: why it failed, NULL = it did not. */
void verification_report(const struct verification *v, bool json, const struct err *e);

#endif
