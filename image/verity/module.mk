# Digests and hash trees. The cross build of the readers needs neither.
if HELPERS
noinst_LIBRARIES += libdigest.a libverity.a
libdigest_a_CPPFLAGS = $(AM_CPPFLAGS) $(NETTLE_CFLAGS)
libdigest_a_SOURCES = image/digest/digest.h image/digest/digest.c
libverity_a_CPPFLAGS = $(AM_CPPFLAGS) $(NETTLE_CFLAGS)
libverity_a_SOURCES = image/verity/verity.h image/verity/layout.h image/verity/layout.c image/verity/info.c \
	image/verity/load.c image/verity/source.c image/verity/add.h image/verity/add.c image/verity/check.h image/verity/check.c
# What a program links that checks hash trees.
VERITY_LIBADD = libverity.a libdigest.a libsif.a libsource.a libbase.a $(NETTLE_LIBS) -lpthread

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/verity
TESTS += tests/unit/verity
tests_unit_verity_SOURCES = tests/unit/verity.c
tests_unit_verity_CFLAGS = $(unit_cflags) $(NETTLE_CFLAGS)
tests_unit_verity_LDADD = $(VERITY_LIBADD) $(CMOCKA_LIBS)
endif
endif
