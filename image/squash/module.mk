EXTRA_DIST += image/squash/squash.h
