#!/bin/sh
# run-e2e.sh --prefix DIR [--tools DIR] [--results FILE] [--limit SECONDS] [KIND|SCRIPT]...
#
# Runs tests/KIND/*.sh (kinds: e2e, prop, hostile, root; e2e when none is named) with
# the programs installed under DIR (and the test programs in the build's folder
# tests, --tools), as an ordinary user: started by root it
# becomes one, with copies of the tests and programs that this user can read. Only
# tests/root stays root; started by another user its scripts are skipped.
# Each script has its own HOME, TMPDIR and XDG folders, and a parent that sees
# every process it leaves behind. A script that needs more than 300 s says so in a
# line "# limit: N s". What scripts may use is in tests/lib/e2e.sh.
set -u
top_srcdir=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P) || exit 1
. "$top_srcdir/packaging/host.sh"
host_init

prefix=
tools=
results=/dev/null
limit=300
kinds=
while [ $# -gt 0 ]; do
	case $1 in
	--prefix) prefix=$2; shift ;;
	--tools) tools=$2; shift ;;
	--results) results=$2; shift ;;
	--limit) limit=$2; shift ;;
	-*) die "unknown option '$1'" ;;
	*) kinds="$kinds $1" ;;
	esac
	shift
done
[ -x "$prefix/bin/sif" ] || die "no program '$prefix/bin/sif' (try: make check-e2e)"
prefix=$(cd "$prefix" && pwd -P)
[ -n "$kinds" ] || kinds=e2e

work=$(mktemp -d /tmp/sif-e2e.XXXXXX) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP
chmod 755 "$work"

# As root: copy what the user needs, let go of root, start again from the copy.
case $kinds in
' root' | *tests/root/*) stays_root=1 ;;
*) stays_root= ;;
esac
if [ "$(id -u)" = 0 ] && [ -z "$stays_root" ]; then
	host_fuse
	host_user
	mkdir "$work/src" && cp -R "$prefix" "$work/prefix" &&
		cp -R "$top_srcdir/tests" "$top_srcdir/packaging" "$work/src/" || exit 1
	[ ! -d "$top_srcdir/examples" ] || cp -R "$top_srcdir/examples" "$work/src/"
	[ -z "$tools" ] || cp -R "$tools" "$work/tools"
	SIF_SHARED=${SIF_SHARED-$top_srcdir/../shared}
	[ -d "$SIF_SHARED" ] && cp -R "$SIF_SHARED" "$work/shared" && SIF_SHARED=$work/shared
	chown -R "$run_user:" "$work"
	user_keep="SIF_SHARED SEED ROUNDS FLIPS LONG_MINUTES"
	cd "$work" || exit 1
	# shellcheck disable=SC2086 # a list of words
	as_user sh "$work/src/tests/run-e2e.sh" --prefix "$work/prefix" --tools "${tools:+$work/tools}" --results "$work/results" \
		--limit "$limit" $kinds
	code=$?
	[ ! -f "$work/results" ] || cat "$work/results" >>"$results"
	exit "$code"
fi

SIF_SHARED=${SIF_SHARED-$top_srcdir/../shared}
[ -d "$SIF_SHARED" ] || SIF_SHARED=
mkdir "$work/images"
cc -O1 -Wall -D_GNU_SOURCE -o "$work/reap" "$top_srcdir/tests/lib/reap.c" || die "cannot build tests/lib/reap.c"

passed=0
failed=0
skipped=0

note() { # note VERDICT NAME [REASON]
	printf '%s\t%s\t%s\n' "$1" "$2" "${3-}" >>"$results"
	case $1 in
	pass) passed=$((passed + 1)) ;;
	fail) failed=$((failed + 1)) ;;
	skip) skipped=$((skipped + 1)) ;;
	esac
}

# One verdict for each check that the script made, by its "ok", "not ok", "skip" lines.
count_checks() { # count_checks NAME LOG
	while read -r line; do
		case $line in
		'ok '*) note pass "$1: ${line#ok }" ;;
		'not ok '*) note fail "$1: ${line#not ok }" ;;
		'skip: '*) note skip "$1" "${line#skip: }" ;;
		'skip '*) line=${line#skip }; note skip "$1: ${line%%: *}" "${line#*: }" ;;
		esac
	done <"$2"
}

run_script() {
	script=$1
	name=$(basename "$(dirname "$script")")/$(basename "$script" .sh)
	T=$work/t
	mkdir -p "$T/home" "$T/tmp" "$T/run"
	chmod 700 "$T/run"
	own_limit=$(sed -n 's/^# limit: \([0-9]*\) s$/\1/p' "$script")
	own_limit=${own_limit:-$limit}
	begun=$(date +%s)
	(
		cd "$T" && exec timeout -k 15 "$own_limit" env HOME="$T/home" TMPDIR="$T/tmp" \
			XDG_RUNTIME_DIR="$T/run" XDG_CACHE_HOME="$T/home/.cache" \
			PATH="$prefix/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin" \
			SIF="$prefix/bin/sif" top_srcdir="$top_srcdir" SIF_SHARED="$SIF_SHARED" \
			T="$T" IMAGES="$work/images" TOOLS="$tools" REAP="$work/reap" "$work/reap" sh "$script"
	) >"$work/log" 2>&1 </dev/null
	code=$?
	took=$(($(date +%s) - begun))
	before=$failed
	count_checks "$name" "$work/log"
	case $code in
	0 | 77) ;;
	1) [ "$failed" -gt "$before" ] || note fail "$name: exit code 1" ;;
	99) note fail "$name: processes were left behind" ;;
	124 | 137) note fail "$name: still running after $own_limit s" ;;
	*) note fail "$name: exit code $code" ;;
	esac
	case $code/$before in
	77/*) echo "skip  $name: $(sed -n 's/^skip: //p' "$work/log")" ;;
	*/"$failed") echo "pass  $name ($took s)" ;;
	*)
		echo "FAIL  $name ($took s)"
		tail -n 80 "$work/log" | sed 's/^/      /'
		;;
	esac
	chmod -R u+rwx "$T" 2>/dev/null
	rm -rf "$T"
}

for kind in $kinds; do
	case $kind in
	*.sh) set -- "$top_srcdir/tests/$(basename "$(dirname "$kind")")/${kind##*/}" ;;
	*) set -- "$top_srcdir/tests/$kind"/*.sh ;;
	esac
	for script; do
		[ -f "$script" ] || die "there is no $script"
		run_script "$script"
	done
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
