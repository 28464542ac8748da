#!/bin/sh
# run.sh --prefix DIR --tools DIR --out DIR [--rounds N] [--case CASE] [NAME]...: run
# benchmarks as an ordinary user. What each writes is shown and kept in OUT/NAME.md
# and NAME.tsv. CASE is one part of build: tar or tar.gz, beside tar2sqfs alone.
#
# NAME is launch, or any other tests/bench/NAME.py, called with the same
# arguments; all of them when none is named. The images (300 MB) are made once
# in OUT/images.
set -u
top=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd -P) || exit 1
. "$top/packaging/host.sh"
host_init

prefix=
tools=
out=
names=
words=
while [ $# -gt 0 ]; do
	case $1 in
	--prefix) prefix=$2; shift ;;
	--tools) tools=$2; shift ;;
	--out) out=$2; shift ;;
	--rounds | --case) words="$words $1 $2"; shift ;;
	-*) die "unknown option '$1'" ;;
	*) names="$names $1" ;;
	esac
	shift
done
[ -x "$prefix/bin/sif" ] || die "no program '$prefix/bin/sif' (try: make bench)"
mkdir -p "$out/images" && out=$(cd "$out" && pwd -P) || exit 1

if [ "$(id -u)" = 0 ]; then
	# shellcheck disable=SC2046 # a list of words
	packages_install "the benchmarks" mmdebstrap squashfs-tools squashfs-tools-ng squashfuse fuse3 \
		bubblewrap charliecloud python3
	host_fuse
	host_user
	# The tar is made with root's right to unpack; all else belongs to the user.
	[ -f "$out/images/numpy.tar" ] || sh "$top/tests/bench/prepare.sh" tar "$out/images" || exit 1
	work=$(mktemp -d /var/tmp/sif-bench.XXXXXX) || exit 1
	trap 'rm -rf "$work"' EXIT
	trap 'exit 130' INT TERM HUP
	chmod 755 "$work"
	mkdir "$work/src" && cp -R "$prefix" "$work/prefix" && cp -R "$tools" "$work/tools" &&
		cp -R "$top/tests" "$top/packaging" "$work/src/" && mv "$out/images" "$work/images" || exit 1
	chown -R "$run_user:" "$work"
	cd "$work" || exit 1
	mkdir "$work/out" && mv "$work/images" "$work/out/images" && chown "$run_user:" "$work/out"
	# shellcheck disable=SC2086 # a list of words
	as_user sh "$work/src/tests/bench/run.sh" --prefix "$work/prefix" --tools "$work/tools" \
		--out "$work/out" $words $names
	code=$?
	cp -R "$work/out/." "$out/"
	exit "$code"
fi

sh "$top/tests/bench/prepare.sh" "$prefix/bin/sif" "$out/images" || die "cannot prepare the images in $out/images"
if [ -z "$names" ]; then
	for script in "$top"/tests/bench/*.py; do
		grep -q '^def main' "$script" && names="$names $(basename "$script" .py)"
	done
fi
failed=
for name in $names; do
	rm -f "$out/$name.tsv"
	# shellcheck disable=SC2086 # a list of words
	if ! python3 "$top/tests/bench/$name.py" --sif "$prefix/bin/sif" --tools "$tools" \
		--images "$out/images" --tsv "$out/$name.tsv" $words >"$out/$name.md"; then
		failed="$failed $name"
	fi
	cat "$out/$name.md"
done
[ -z "$failed" ] || die "benchmarks that broke off:$failed"
