# One unit test program per module, tests/unit/NAME.c. unit_ldadd is the base;
# each room's module.mk adds its own programs in the same form.
if HAVE_CMOCKA
# argv tables of literals are fine in tests
unit_cflags = $(AM_CFLAGS) -Wno-write-strings
unit_ldadd = libbase.a $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/base
TESTS += tests/unit/base
tests_unit_base_SOURCES = tests/unit/base.c
tests_unit_base_CFLAGS = $(unit_cflags)
tests_unit_base_LDADD = $(unit_ldadd)
endif
