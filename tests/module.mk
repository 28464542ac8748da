EXTRA_DIST += tests/check/layers.sh
TESTS += tests/check/layers.sh

if HAVE_CMOCKA
# One unit test program per module: tests/unit/NAME.c
unit_tests = tests/unit/base
check_PROGRAMS += $(unit_tests)
TESTS += $(unit_tests)
unit_ldadd = libbase.a $(CMOCKA_LIBS)
# argv tables of literals are fine in tests
unit_cflags = $(AM_CFLAGS) -Wno-write-strings
tests_unit_base_SOURCES = tests/unit/base.c
tests_unit_base_CFLAGS = $(unit_cflags)
tests_unit_base_LDADD = $(unit_ldadd)
endif
