# packing: libarchive and libsquashfs live here
if HELPERS
noinst_LIBRARIES += libpack.a
libpack_a_CPPFLAGS = $(AM_CPPFLAGS) $(ARCHIVE_CFLAGS) $(SQUASHFS_CFLAGS) $(CRYPTO_CFLAGS) $(JANSSON_CFLAGS) $(NETTLE_CFLAGS)
libpack_a_SOURCES = \
	image/pack/pack.h image/pack/pack.c image/pack/packer.h image/pack/packer.c \
	image/pack/tree.h image/pack/tree.c image/pack/tar.c image/pack/dir.c \
	image/pack/ahead.h image/pack/ahead.c image/pack/input.h image/pack/input.c image/pack/wrap.h image/pack/wrap.c \
	image/pack/mkfs.h image/pack/mkfs_private.h image/pack/mkfs.c image/pack/tables.c \
	image/pack/trail.h image/pack/trail.c image/pack/blocks.h image/pack/blocks.c image/pack/range_file.h image/pack/range_file.c \
	image/pack/writeback.h image/pack/writeback.c image/pack/compress.h image/pack/compress.c \
	image/pack/stored.h image/pack/stored.c image/pack/repack.h image/pack/repack_private.h \
	image/pack/repack.c image/pack/repack_tree.c image/pack/repack_data.c \
	image/pack/native.h image/pack/native.c image/pack/labels.h image/pack/labels.c
# What a program links that packs.
PACK_LIBADD = libpack.a libverity.a libdigest.a libsif.a $(SQUASH_LIBADD) $(ARCHIVE_LIBS) $(SQUASHFS_LIBS) \
	$(CRYPTO_LIBS) $(JANSSON_LIBS) $(NETTLE_LIBS) $(ZLIB_LIBS) -lpthread

if HAVE_CMOCKA
pack_tests = tests/unit/pack_tree tests/unit/pack_words tests/unit/repack
check_PROGRAMS += $(pack_tests)
TESTS += $(pack_tests)
tests_unit_pack_tree_SOURCES = tests/unit/pack_tree.c
tests_unit_pack_tree_CFLAGS = $(unit_cflags)
tests_unit_pack_tree_LDADD = $(PACK_LIBADD) $(CMOCKA_LIBS)
tests_unit_repack_SOURCES = tests/unit/repack.c
tests_unit_repack_CFLAGS = $(unit_cflags)
tests_unit_repack_LDADD = $(PACK_LIBADD) $(CMOCKA_LIBS)
tests_unit_pack_words_SOURCES = tests/unit/pack_words.c
tests_unit_pack_words_CFLAGS = $(unit_cflags)
tests_unit_pack_words_LDADD = $(PACK_LIBADD) $(CMOCKA_LIBS)
endif
endif
