#!/bin/sh
# Runs the long tests, for hours when asked: LONG="fuzz sets" takes some of
#	coverage fuzz sets sanitizers soak
# Each has its own limit in time; all run, whatever fails.
set -u
: "${top_srcdir:?run it by make check-long}" "${top_builddir:?}"
here=$top_srcdir/tests/long
failed=
run() { # run NAME SECONDS COMMAND...
	name=$1
	limit=$2
	shift 2
	echo "== $name"
	begun=$(date +%s)
	timeout -k 60 "$limit" "$@"
	code=$?
	case $code in
	0) echo "== $name: ok, $(($(date +%s) - begun)) s" ;;
	77) echo "== $name: skipped" ;;
	*) echo "== $name: FAILED (exit code $code)"; failed="$failed $name" ;;
	esac
}

for each in ${LONG:-coverage fuzz sets sanitizers soak}; do
	minutes=${LONG_MINUTES:-10}
	case $each in
	coverage) run coverage 3600 sh "$here/coverage.sh" ;;
	fuzz) run fuzz $((3 * (minutes * 60 + 180) + 900)) sh "$here/fuzz.sh" ;;
	sets) run sets $((${LONG_SEEDS:-10} * 1900)) sh "$here/sets.sh" ;;
	sanitizers) run sanitizers 7200 sh "$here/sanitizers.sh" ;;
	soak)
		run soak $((minutes * 60 + 600)) sh "$top_srcdir/tests/run-e2e.sh" \
			--prefix "$top_builddir/stage/moved" --tools "$top_builddir/tests" tests/long/soak.sh
		;;
	*) echo "run.sh: no long test '$each'"; failed="$failed $each" ;;
	esac
done
[ -z "$failed" ] || { echo "failed:$failed"; exit 1; }
