# the image server
noinst_LIBRARIES += libserve.a
libserve_a_SOURCES = \
	runtime/serve/handover.h runtime/serve/wire.h runtime/serve/server.h runtime/serve/life.h runtime/serve/life.c \
	runtime/serve/serve.h runtime/serve/confine.c runtime/serve/cpus.c runtime/serve/memory.c \
	runtime/serve/open.c runtime/serve/crew.c runtime/serve/keeper.c \
	runtime/serve/protocol.h runtime/serve/protocol.c \
	runtime/serve/ahead.h runtime/serve/ahead.c runtime/serve/fetch.h runtime/serve/fetch.c \
	runtime/serve/record.h runtime/serve/record.c runtime/serve/ops.c runtime/serve/dir.c runtime/serve/xattr.c runtime/serve/complain.c \
	runtime/serve/squashfuse.h runtime/serve/squashfuse.c runtime/serve/storage.h runtime/serve/storage.c

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/ahead
TESTS += tests/unit/ahead
tests_unit_ahead_SOURCES = tests/unit/ahead.c
tests_unit_ahead_CFLAGS = $(unit_cflags)
tests_unit_ahead_LDADD = libserve.a $(SQUASH_LIBADD) $(CMOCKA_LIBS)
endif
