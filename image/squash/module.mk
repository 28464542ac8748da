# The superblock alone needs no codec: `sif` links only that.
noinst_LIBRARIES += libsquash.a libsquashsuper.a
libsquashsuper_a_SOURCES = image/squash/super.c image/squash/squash.h
libsquash_a_SOURCES = image/squash/squash.h image/squash/internal.h image/squash/open.c \
	image/squash/table.c image/squash/metadata.c image/squash/inode.c image/squash/dir.c \
	image/squash/blocks.c image/squash/data.c image/squash/cache.h image/squash/cache.c image/squash/store.c image/squash/xattr.c \
	image/squash/hot.h image/squash/hot.c image/squash/preload.c image/squash/layout.h image/squash/layout.c image/squash/path.c image/squash/walk.h image/squash/walk.c image/squash/extract.h \
	image/squash/extract.c image/squash/extract_file.h image/squash/extract_file.c \
	image/squash/codec.c image/squash/codec_gzip.c image/squash/codec_xz.c image/squash/codec_zstd.c \
	image/squash/codec_lz4.c image/squash/codec_lzo.c
# What a program links that reads SquashFS.
SQUASH_LIBADD = libsquash.a libsquashsuper.a libsource.a libbase.a $(DEFLATE_LIBS) $(ZLIB_LIBS) \
	$(LZMA_LIBS) $(ZSTD_LIBS) $(LZ4_LIBS) $(LZO_LIBS) -lpthread

check_PROGRAMS += tests/bench/squash_read
tests_bench_squash_read_SOURCES = tests/bench/squash_read.c
tests_bench_squash_read_LDADD = $(SQUASH_LIBADD)

check_PROGRAMS += tests/lib/squash_dump
tests_lib_squash_dump_SOURCES = tests/lib/squash_dump.c
tests_lib_squash_dump_LDADD = $(SQUASH_LIBADD)

if HAVE_CMOCKA
squash_tests = tests/unit/source tests/unit/retry tests/unit/squash tests/unit/extract tests/unit/hot tests/unit/preload
check_PROGRAMS += $(squash_tests)
TESTS += $(squash_tests)
tests_unit_source_SOURCES = tests/unit/source.c
tests_unit_source_CFLAGS = $(unit_cflags)
tests_unit_source_LDADD = libsource.a $(unit_ldadd)
tests_unit_retry_SOURCES = tests/unit/retry.c
tests_unit_retry_CFLAGS = $(unit_cflags)
tests_unit_retry_LDADD = $(SQUASH_LIBADD) $(CMOCKA_LIBS)
tests_unit_squash_SOURCES = tests/unit/squash.c
tests_unit_squash_CFLAGS = $(unit_cflags)
tests_unit_squash_LDADD = $(SQUASH_LIBADD) $(CMOCKA_LIBS)
tests_unit_hot_SOURCES = tests/unit/hot.c
tests_unit_hot_CFLAGS = $(unit_cflags)
tests_unit_hot_LDADD = $(SQUASH_LIBADD) $(CMOCKA_LIBS)
tests_unit_preload_SOURCES = tests/unit/preload.c
tests_unit_preload_CFLAGS = $(unit_cflags)
tests_unit_preload_LDADD = $(SQUASH_LIBADD) $(CMOCKA_LIBS)
tests_unit_extract_SOURCES = tests/unit/extract.c
tests_unit_extract_CFLAGS = $(unit_cflags)
tests_unit_extract_LDADD = $(SQUASH_LIBADD) $(CMOCKA_LIBS)
endif
