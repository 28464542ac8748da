noinst_LIBRARIES += libsource.a
libsource_a_SOURCES = image/source/source.h image/source/source.c image/source/range.c
# contracts whose code comes with their rooms
EXTRA_DIST += image/sif/format.h image/sif/read.h image/sif/write.h image/squash/squash.h
