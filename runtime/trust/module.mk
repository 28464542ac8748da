# trust: key folders and GnuPG's programs
if HELPERS
noinst_LIBRARIES += libtrust.a
libtrust_a_CPPFLAGS = $(AM_CPPFLAGS) $(NETTLE_CFLAGS)
libtrust_a_SOURCES = runtime/trust/gpg.h runtime/trust/gpg.c runtime/trust/store.h runtime/trust/store.c
endif
