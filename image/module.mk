noinst_LIBRARIES += libsource.a
libsource_a_SOURCES = image/source/source.h image/source/source.c image/source/range.c
