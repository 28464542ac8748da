# Fuzz targets, see tests/fuzz/fuzz.h. To add one, NAME: fuzz_NAME.c, the lines
# of sif_read below, and a folder corpus/NAME of small files.
EXTRA_DIST += tests/fuzz/corpus tests/fuzz/mkseeds_sif_read.py tests/fuzz/mkseeds_squash.sh
fuzz_targets = tests/fuzz/fuzz_sif_read tests/fuzz/fuzz_squash tests/fuzz/fuzz_script
check_PROGRAMS += $(fuzz_targets)
if FUZZING
fuzz_main =
fuzz_ldflags = $(AM_LDFLAGS) -fsanitize=fuzzer
else
fuzz_main = tests/fuzz/standalone.c
fuzz_ldflags = $(AM_LDFLAGS)
TESTS += $(fuzz_targets)
endif

tests_fuzz_fuzz_sif_read_SOURCES = tests/fuzz/fuzz_sif_read.c tests/fuzz/fuzz.h $(fuzz_main)
tests_fuzz_fuzz_sif_read_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_sif_read_LDADD = libsif.a libbase.a

tests_fuzz_fuzz_squash_SOURCES = tests/fuzz/fuzz_squash.c tests/fuzz/fuzz.h $(fuzz_main)
tests_fuzz_fuzz_squash_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_squash_LDADD = $(SQUASH_LIBADD)

tests_fuzz_fuzz_script_SOURCES = tests/fuzz/fuzz_script.c tests/fuzz/fuzz.h $(fuzz_main)
tests_fuzz_fuzz_script_CFLAGS = $(AM_CFLAGS) -Wno-write-strings
tests_fuzz_fuzz_script_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_script_LDADD = libruntime.a libbase.a

# Needs the libraries of the helper programs.
if HELPERS
check_PROGRAMS += tests/fuzz/fuzz_sign
if !FUZZING
TESTS += tests/fuzz/fuzz_sign
endif
tests_fuzz_fuzz_sign_SOURCES = tests/fuzz/fuzz_sign.c tests/fuzz/fuzz.h $(fuzz_main)
tests_fuzz_fuzz_sign_CFLAGS = $(AM_CFLAGS) $(NETTLE_CFLAGS)
tests_fuzz_fuzz_sign_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_sign_LDADD = $(SIGN_LIBADD)
endif
