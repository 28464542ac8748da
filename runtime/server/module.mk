# the launch's side of the image server
libruntime_a_SOURCES += runtime/server/server.h runtime/server/server.c \
	runtime/server/start.h runtime/server/start.c runtime/server/meet.h runtime/server/meet.c \
	runtime/server/holder.h runtime/server/holder.c runtime/server/place.h runtime/server/place.c \
	runtime/server/list.h runtime/server/list.c runtime/server/key.h runtime/server/key.c runtime/server/scope.h runtime/server/scope.c \
	runtime/server/log.h runtime/server/log.c

# What the server's tests and benchmarks use instead of a whole launch.
if HELPERS
check_PROGRAMS += tests/lib/with_image tests/lib/slow_storage tests/bench/fs_read
tests_lib_slow_storage_SOURCES = tests/lib/slow_storage.c
tests_lib_slow_storage_LDADD = libserve.a libbase.a -lpthread
tests_bench_fs_read_SOURCES = tests/bench/fs_read.c
tests_bench_fs_read_LDFLAGS = $(AM_LDFLAGS) $(STATIC_LDFLAGS)
tests_bench_fs_read_LDADD = libbase.a
tests_lib_with_image_SOURCES = tests/lib/with_image.c
tests_lib_with_image_LDADD = libruntime.a libbase.a
server_tests = tests/server/life.sh tests/server/refuse.sh tests/server/tree.sh tests/server/damage.sh \
	tests/server/place.sh tests/server/memory.sh tests/server/idle.sh tests/server/stall.sh
TESTS += $(server_tests)
EXTRA_DIST += tests/lib/server.sh $(server_tests)
endif

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/share
TESTS += tests/unit/share
tests_unit_share_SOURCES = tests/unit/share.c
tests_unit_share_CFLAGS = $(unit_cflags)
tests_unit_share_LDADD = libruntime.a $(unit_ldadd)
endif

# Programs of the next version of the protocol: what an upgrade leaves side by
# side. Only what knows the version is compiled again.
if HELPERS
check_LIBRARIES = tests/next/libnext.a
tests_next_libnext_a_SOURCES = runtime/server/key.c runtime/server/list.c runtime/server/meet.c \
	runtime/server/server.c runtime/serve/life.c
tests_next_libnext_a_CPPFLAGS = $(AM_CPPFLAGS) -DWIRE_VERSION=2
check_PROGRAMS += tests/next/sif tests/next/sif-fuse
tests_next_sif_SOURCES = $(sif_SOURCES)
tests_next_sif_LDFLAGS = $(AM_LDFLAGS) -Wl,-u,key_make -Wl,-u,server_list -Wl,-u,meet -Wl,-u,server_find
tests_next_sif_LDADD = tests/next/libnext.a $(sif_LDADD)
tests_next_sif_fuse_SOURCES = $(sif_fuse_SOURCES)
tests_next_sif_fuse_LDFLAGS = $(sif_fuse_LDFLAGS) -Wl,-u,life_begin
tests_next_sif_fuse_LDADD = tests/next/libnext.a $(sif_fuse_LDADD)
endif
