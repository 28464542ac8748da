# Signatures. libsign verifies (nettle, jansson); libsignkeys signs (OpenSSL).
if HELPERS
noinst_LIBRARIES += libsign.a libsignkeys.a
libsign_a_CPPFLAGS = $(AM_CPPFLAGS) $(NETTLE_CFLAGS) $(JANSSON_CFLAGS)
libsign_a_SOURCES = image/sign/base64.h image/sign/base64.c image/sign/clear.h image/sign/clear.c \
	image/sign/dsse.h image/sign/dsse.c image/sign/metadata.h image/sign/metadata.c \
	image/sign/pgp.h image/sign/pgp.c image/sign/pubkey.h image/sign/pubkey.c \
	image/sign/sign.h image/sign/sign.c image/sign/judge.h image/sign/judge.c image/sign/verify.h image/sign/verify.c image/sign/verify_objects.c
libsignkeys_a_CPPFLAGS = $(AM_CPPFLAGS) $(CRYPTO_CFLAGS)
libsignkeys_a_SOURCES = image/sign/private.h image/sign/private.c image/sign/cert.h image/sign/cert.c \
	image/sign/ocsp.h image/sign/ocsp.c
# What a program links that verifies, and what it needs on top to sign.
SIGN_LIBADD = libsign.a libverity.a libdigest.a libsif.a libsource.a libbase.a $(JANSSON_LIBS) $(NETTLE_LIBS) -lgmp -lpthread
SIGNKEYS_LIBADD = libsignkeys.a $(SIGN_LIBADD) $(CRYPTO_LIBS)

if HAVE_CMOCKA
sign_tests = tests/unit/sign
check_PROGRAMS += $(sign_tests)
TESTS += $(sign_tests)
tests_unit_sign_SOURCES = tests/unit/sign.c
tests_unit_sign_CFLAGS = $(unit_cflags) $(NETTLE_CFLAGS)
tests_unit_sign_LDADD = $(SIGNKEYS_LIBADD) $(CMOCKA_LIBS)
endif
endif
