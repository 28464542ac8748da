EXTRA_DIST += tests/check/layers.sh
TESTS += tests/check/layers.sh
