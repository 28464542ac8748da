noinst_LIBRARIES += libsif.a
libsif_a_SOURCES = \
	image/sif/format.h image/sif/names.h image/sif/names.c \
	image/sif/read.h image/sif/read.c image/sif/check.h image/sif/check.c \
	image/sif/raw.h image/sif/raw.c image/sif/write.h image/sif/write.c image/sif/copy.c image/sif/change.c

if HAVE_CMOCKA
sif_tests = tests/unit/sif_read tests/unit/sif_write tests/unit/sif_crash tests/unit/sif_golden
check_PROGRAMS += $(sif_tests)
TESTS += $(sif_tests)
tests_unit_sif_read_SOURCES = tests/unit/sif_read.c
tests_unit_sif_read_CFLAGS = $(unit_cflags)
tests_unit_sif_read_LDADD = libsif.a $(unit_ldadd)
tests_unit_sif_write_SOURCES = tests/unit/sif_write.c
tests_unit_sif_write_CFLAGS = $(unit_cflags)
tests_unit_sif_write_LDADD = libsif.a $(unit_ldadd)
tests_unit_sif_crash_SOURCES = tests/unit/sif_crash.c
tests_unit_sif_crash_CFLAGS = $(unit_cflags)
tests_unit_sif_crash_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=pwrite,--wrap=fsync,--wrap=ftruncate,--wrap=fallocate
tests_unit_sif_crash_LDADD = libsif.a $(unit_ldadd)
tests_unit_sif_golden_SOURCES = tests/unit/sif_golden.c
tests_unit_sif_golden_CFLAGS = $(unit_cflags)
tests_unit_sif_golden_LDADD = libsif.a $(unit_ldadd)
endif
