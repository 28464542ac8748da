#!/bin/sh
# conformance.sh [CASE|GROUP|GLOB]...
#
# Runs the black-box suite of the shared test data with the program called as
# `apptainer`, and holds every verdict against tests/conformance.expected: a
# case that fails without standing there fails the run, and so does a case that
# stands there and passes (then take its line out). Ends with a count.
#
#	SIF		the installed program
#	SIF_SHARED	the shared test data (default: ../shared)
#	RESULTS		file to which one line per case is added, for ./check
#	VERBOSE		show what the suite says about expected failures, too
set -u
top_srcdir=${top_srcdir:-$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)}
. "$top_srcdir/packaging/host.sh"
host_init
RESULTS=${RESULTS:-/dev/null}
: "${SIF:?the program to test}"
SIF_SHARED=${SIF_SHARED-$top_srcdir/../shared}
suite=$SIF_SHARED/conformance
[ -f "$suite/run.py" ] || die "no suite in '$suite'"
expected=$top_srcdir/tests/conformance.expected
tab=$(printf '\t')

# As root: let an ordinary user run copies of program, suite and this script.
work=$(mktemp -d /tmp/sif-conformance.XXXXXX) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP
if [ "$(id -u)" = 0 ]; then
	host_fuse
	host_user
	prefix=$(cd "$(dirname "$SIF")/.." && pwd -P)
	mkdir "$work/src" "$work/shared" && cp -R "$prefix" "$work/prefix" &&
		cp -R "$top_srcdir/tests" "$top_srcdir/packaging" "$work/src/" &&
		cp -R "$suite" "$work/shared/" || exit 1
	chown -R "$run_user:" "$work"
	SIF=$work/prefix/bin/sif SIF_SHARED=$work/shared top_srcdir=$work/src
	RESULTS=/dev/null
	user_keep='SIF SIF_SHARED top_srcdir RESULTS VERBOSE'
	cd "$work" || exit 1
	as_user sh "$work/src/tests/conformance.sh" "$@"
	exit $?
fi

mkdir "$work/bin" "$work/tmp" && ln -s "$SIF" "$work/bin/apptainer" || exit 1
tar -xJf "$suite/images.tar.xz" -C "$work" || die "cannot unpack the images"

# Groups that this version has no command for are not run at all.
set -f
if [ $# -gt 0 ]; then
	for case; do
		set -- "$@" --only "$case"
		shift
	done
else
	while IFS=$tab read -r kind pattern _; do
		[ "$kind" != later ] || set -- "$@" --skip "$pattern"
	done <"$expected"
fi
HOME=$work/home
mkdir "$HOME"
suite_run() { # suite_run OUTPUT WORD...
	output=$1
	shift
	python3 "$suite/run.py" --runtime "env APPTAINER_LINGER=0 $work/bin/apptainer" --image-dir "$work/cfimg" \
		--work-dir "$work/tmp" --portable --better --tsv "$work/$output.tsv" "$@" >"$work/$output.log" 2>&1
	[ -f "$work/$output.tsv" ] || { cat "$work/$output.log"; die "the suite did not run"; }
}
suite_run first "$@"
cp "$work/first.log" "$work/log"
cp "$work/first.tsv" "$work/tsv"

# The suite counts the mounts of the whole machine: a mount that somebody else
# makes or ends meanwhile is held against the case. Where that is the only
# complaint the case runs again, alone with those like it.
for round in 1 2 3; do
	set --
	for case in $(awk '/^FAIL /  { if (name) print name; name = "" }
		/^FAIL .*: left mounts in the host name space$/ { name = substr($2, 1, length($2) - 1); next }
		/^      / { if ($0 !~ /stderr was/) name = "" }
		/^[^ ]/ { if (name) print name; name = "" }
		END { if (name) print name }' "$work/log"); do
		set -- "$@" --only "$case"
	done
	[ $# -gt 0 ] || break
	suite_run again "$@"
	cp "$work/again.log" "$work/log"
	awk -F "$tab" 'NR == FNR { again[$1] = $0; next } $1 in again { print again[$1]; next } { print }' \
		"$work/again.tsv" "$work/tsv" >"$work/merged" && mv "$work/merged" "$work/tsv"
done
[ "$round" = 1 ] || cat "$work/again.log" "$work/first.log" >"$work/log"

reason_of() { # reason_of CASE: why it may fail
	while IFS=$tab read -r kind pattern reason; do
		[ "$kind" = fails ] || continue
		# shellcheck disable=SC2254 # a pattern on purpose
		case $1 in $pattern) echo "$reason"; return 0 ;; esac
	done <"$expected"
	return 1
}

report() { # report CASE: what the suite said about a failure
	awk -v c="$1" '/^(FAIL|SKIP) / { on = index($0, " " c ":") > 0 } on' "$work/log"
}

passed=0
failed=0
may_fail=0
while IFS=$tab read -r name _ verdict _ rest; do
	reason=$(reason_of "$name") && known=1 || known=
	case $verdict/$known in
	pass/)
		passed=$((passed + 1))
		printf 'pass\tconformance/%s\t\n' "$name" >>"$RESULTS"
		;;
	pass/1)
		failed=$((failed + 1))
		printf 'fail\tconformance/%s\t\n' "$name" >>"$RESULTS"
		echo "passes though tests/conformance.expected says it cannot: $name"
		;;
	fail/1)
		may_fail=$((may_fail + 1))
		printf 'skip\tconformance/%s\t%s\n' "$name" "$reason" >>"$RESULTS"
		[ -z "${VERBOSE-}" ] || report "$name"
		;;
	fail/)
		failed=$((failed + 1))
		printf 'fail\tconformance/%s\t\n' "$name" >>"$RESULTS"
		report "$name"
		;;
	skip/*)
		may_fail=$((may_fail + 1))
		printf 'skip\tconformance/%s\t%s\n' "$name" "$rest" >>"$RESULTS"
		report "$name"
		;;
	esac
done <<END
$(tail -n +2 "$work/tsv")
END
echo "$passed passed, $failed failed, $may_fail not passed for a known reason"
[ "$failed" = 0 ] && [ "$passed" != 0 ]
