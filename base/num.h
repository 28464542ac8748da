/* Strict number parsing: the whole text or nothing. All return 0, or -1 with
 * ERR_USAGE that quotes the text; *ret is untouched on failure. */
#ifndef SIF_BASE_NUM_H
#define SIF_BASE_NUM_H

#include "base/err.h"

#include <stdint.h>

int num_u64(const char *s, uint64_t *ret, struct err *e);
int num_u32(const char *s, uint32_t *ret, struct err *e);
/* Bytes with an optional suffix K, M, G, T (powers of 1024, either case). */
int num_size(const char *s, uint64_t *ret, struct err *e);
/* yes/no, true/false, on/off, 1/0. */
int num_bool(const char *s, int *ret, struct err *e);

#endif
