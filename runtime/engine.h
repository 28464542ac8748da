/* What reads an image's SquashFS: sif-fuse's own reader, the squashfuse_ll of
 * the distribution, or the kernel. docs/decisions/330-engines.md */
#ifndef SIF_RUNTIME_ENGINE_H
#define SIF_RUNTIME_ENGINE_H

#include "base/err.h"
#include "base/own.h"

#include <stdbool.h>

enum engine { ENGINE_SIF, ENGINE_SQUASHFUSE, ENGINE_KERNEL };

const char *engine_name(enum engine engine);
/* ERR_USAGE. */
int engine_parse(const char *word, enum engine *ret, struct err *e) MUST_CHECK;
/* Of a word that engine_parse has accepted; NULL is ENGINE_SIF. */
enum engine engine_of(const char *word);

/* Where the distribution has squashfuse_ll; static; NULL = it is not installed. */
const char *engine_squashfuse(void);

/* What is asked of an engine besides reading. */
struct engine_wishes {
	bool record;	  /* write down what is read first */
	const char *cpus; /* run there; NULL or "auto" = no matter */
	bool linger;	  /* keep the image after its last launch */
	bool hot;	  /* the image has a hot list: only a hint */
};

/* ERR_USAGE for what the engine cannot do, with the reason. */
int engine_check(enum engine engine, const struct engine_wishes *wishes, struct err *e) MUST_CHECK;

#endif
