/* A fuzz target is one file, fuzz_NAME.c, with the one function of libFuzzer's
 * interface. It is built in two ways:
 *   ./configure --enable-fuzzing --enable-sanitizers CC=clang   libFuzzer:
 *       tests/fuzz/fuzz_NAME -max_len=65536 FOUND tests/fuzz/corpus/NAME
 *   any other way   standalone.c replays tests/fuzz/corpus/NAME in `make check`
 * A target stops (promise, sanitizer) when a promise of the code is broken. */
#ifndef SIF_TESTS_FUZZ_H
#define SIF_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define promise(what)                                                             \
	do {                                                                      \
		if (!(what)) {                                                    \
			fprintf(stderr, "%s:%d: broken promise: %s\n", __FILE__, __LINE__, #what); \
			abort();                                                  \
		}                                                                 \
	} while (0)

#endif
