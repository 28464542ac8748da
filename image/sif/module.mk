noinst_LIBRARIES += libsif.a
libsif_a_SOURCES = \
	image/sif/format.h image/sif/names.h image/sif/names.c \
	image/sif/read.h image/sif/read.c image/sif/check.h image/sif/check.c
EXTRA_DIST += image/sif/write.h

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/sif_read
TESTS += tests/unit/sif_read
tests_unit_sif_read_SOURCES = tests/unit/sif_read.c
tests_unit_sif_read_CFLAGS = $(unit_cflags)
tests_unit_sif_read_LDADD = libsif.a $(unit_ldadd)
endif
