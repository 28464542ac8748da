#!/bin/sh
# stage.sh NAME WORK: one stage of ./check, run as the ordinary user; the stage
# root as root, where ./check is.
#
# WORK/src is the source; each build has a folder of its own beside it. A stage
# appends one line for each test to WORK/results/NAME:
#	pass|fail|skip <tab> name <tab> reason
# and exits with 0, 1 (something failed) or 77 (skipped as a whole, reason last).
set -u
stage=$1
work=$2
src=$work/src
results=$work/results/$stage
: >"$results"

note() { # note VERDICT NAME [REASON]
	printf '%s\t%s\t%s\n' "$1" "$2" "${3-}" >>"$results"
}

skip_stage() {
	note skip "$stage" "$1"
	echo "$1"
	exit 77
}

# verdict NAME CMD...: a step that is one test.
verdict() {
	step=$1
	shift
	if "$@"; then
		note pass "$stage/$step"
	else
		note fail "$stage/$step"
		return 1
	fi
}

# What automake wrote about each test of a build, with cmocka's own skips.
automake_results() {
	find . -name '*.trs' | sort | while read -r trs; do
		test=${trs#./}
		test=${test%.trs}
		case $(sed -n 's/^:test-result: //p' "$trs") in
		PASS*) note pass "$stage/$test" ;;
		SKIP*) note skip "$stage/$test" "$(tail -n 1 "${trs%.trs}.log" | cut -c 1-120)" ;;
		*)
			note fail "$stage/$test"
			echo "--- $test"
			tail -n 40 "${trs%.trs}.log"
			;;
		esac
		sed -n 's/^\[  SKIPPED \] \([a-zA-Z0-9_]*\)$/\1/p' "${trs%.trs}.log" | sort -u |
			while read -r one; do note skip "$stage/$test/$one" "see its log"; done
	done
}

build() { # build FOLDER CONFIGURE-ARGS...
	mkdir "$work/$1" && cd "$work/$1" || exit 1
	shift
	verdict configure "$src/configure" -q "$@" &&
		verdict build make -s -j2
}

run_checks() {
	make -s -j2 check
	code=$?
	automake_results
	return $code
}

# staged FOLDER: the build's installed tree, moved away from where it was
# configured to stand, since an installed tree is to be movable.
staged() {
	make -s -C "$work/$1" install DESTDIR="$work/$1/stage" >"$work/$1/install.log" 2>&1 || {
		tail -n 20 "$work/$1/install.log"
		return 1
	}
	rm -rf "$work/$1/moved" && mv "$work/$1/stage/usr/local" "$work/$1/moved" && rm -rf "$work/$1/stage"
}

run_scripts() { # run_scripts BUILD KIND
	prefix=$work/$1/moved
	tools=$work/$1/tests
	shift
	ls "$src/tests/$1"/*.sh >/dev/null 2>&1 || skip_stage "tests/$1 has no script yet"
	sh "$src/tests/run-e2e.sh" --prefix "$prefix" --tools "$tools" --results "$results" "$@"
}

case $stage in
bootstrap)
	cd "$src" && autoreconf -i
	;;
gcc)
	build gcc --enable-werror CC=gcc || exit 1
	run_checks
	code=$?
	verdict install staged gcc && exit $code
	;;
clang)
	build clang --enable-werror --without-musl CC=clang && verdict tests make -s -j2 check TESTS=
	;;
asan)
	export ASAN_OPTIONS=detect_leaks=1:abort_on_error=0 UBSAN_OPTIONS=print_stacktrace=1
	build asan --enable-sanitizers CC=gcc CFLAGS='-g -O1' || exit 1
	run_checks
	code=$?
	verdict install staged asan && exit $code
	;;
distcheck)
	cd "$work/gcc" && verdict archive make -s distcheck
	;;
e2e)
	run_scripts gcc e2e
	;;
root)
	[ "$(id -u)" = 0 ] || skip_stage 'needs root: ./check was started by an ordinary user'
	run_scripts gcc root
	;;
prop)
	run_scripts gcc prop
	;;
hostile)
	run_scripts asan hostile
	;;
conformance)
	[ -n "${SIF_SHARED-}" ] || skip_stage "the suite is in ../shared, which is not here"
	[ -f "$src/tests/conformance.sh" ] || skip_stage "tests/conformance.sh does not exist yet"
	SIF=$work/gcc/moved/bin/sif top_srcdir=$src RESULTS=$results sh "$src/tests/conformance.sh"
	;;
arm64)
	sh "$src/tests/arm64.sh" "$work/arm64"
	code=$?
	[ $code != 77 ] || skip_stage "$(cat "$work/arm64/skip")"
	cd "$work/arm64/build" && automake_results
	exit $code
	;;
lint)
	cd "$src" || exit 1
	code=0
	# Scripts without a first line of their own are sourced, or run by sh.
	plain=$(find packaging tests examples -name '*.sh' ! -path '*/corpus/*' -exec grep -LE '^#!' {} +)
	named=$(find check quickstart .ci packaging tests examples -type f ! -path '*/corpus/*' -exec grep -lIE '^#!.*\<(ba)?sh$' {} +)
	quiet='SC1090,SC1091,SC1122,SC2034,SC2046,SC2154'
	# shellcheck disable=SC2086 # lists of words
	verdict sourced shellcheck -s sh -S warning -e $quiet $plain || code=1
	# shellcheck disable=SC2086
	verdict scripts shellcheck -S warning -e $quiet $named || code=1
	exit $code
	;;
*)
	echo "stage.sh: no stage '$stage'"
	exit 1
	;;
esac
