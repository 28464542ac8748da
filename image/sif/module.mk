EXTRA_DIST += image/sif/format.h image/sif/read.h image/sif/write.h
