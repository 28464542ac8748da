noinst_LIBRARIES += libsource.a
libsource_a_SOURCES = image/source/source.h image/source/source.c image/source/range.c \
	image/source/retry.h image/source/retry.c image/source/reopen.h image/source/reopen.c
