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
