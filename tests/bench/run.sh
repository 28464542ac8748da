#!/bin/sh
# run.sh --prefix DIR --tools DIR --out DIR [--rounds N] [--case CASE] [NAME]...: run
# benchmarks as an ordinary user. What each writes is shown and kept in OUT/NAME.md
# and NAME.tsv. CASE is one part of build (tar or tar.gz, beside tar2sqfs alone) or
# of ranks (see ranks.py).
#
# NAME is launch, or any other tests/bench/NAME.py, called with the same
# arguments; all of them when none is named. The images (300 MB; 2 GB for ranks,
# kernel and optimize) are made once in OUT/images. Started by root, the kernel's
# SquashFS is measured, too; what is measured runs as an ordinary user always.
set -u
top=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd -P) || exit 1
. "$top/packaging/host.sh"
host_init

prefix=
tools=
out=
names=
words=
kernel=
while [ $# -gt 0 ]; do
	case $1 in
	--prefix) prefix=$2; shift ;;
	--tools) tools=$2; shift ;;
	--out) out=$2; shift ;;
	--kernel) kernel=$2; shift ;;
	--rounds | --case) words="$words $1 $2"; shift ;;
	-*) die "unknown option '$1'" ;;
	*) names="$names $1" ;;
	esac
	shift
done
[ -x "$prefix/bin/sif" ] || die "no program '$prefix/bin/sif' (try: make bench)"
mkdir -p "$out/images" && out=$(cd "$out" && pwd -P) || exit 1
if [ -z "$names" ]; then
	for script in "$top"/tests/bench/*.py; do
		grep -q '^def main' "$script" && names="$names $(basename "$script" .py)"
	done
fi
images=
case " $names " in *" ranks "* | *" kernel "*) images="$images scipy" ;; esac
case " $names " in *" optimize "*) images="$images torch" ;; esac
images="numpy$images"

if [ "$(id -u)" = 0 ]; then
	# shellcheck disable=SC2046 # a list of words
	packages_install "the benchmarks" mmdebstrap squashfs-tools squashfs-tools-ng squashfuse fuse3 \
		bubblewrap charliecloud python3 gnuplot-nox fonts-dejavu-core
	host_fuse
	host_user
	# The tar is made with root's right to unpack; all else belongs to the user.
	# shellcheck disable=SC2086 # a list of words
	sh "$top/tests/bench/prepare.sh" tar "$out/images" $images || exit 1
	work=$(mktemp -d /var/tmp/sif-bench.XXXXXX) || exit 1
	mounter=
	leave() { # the images go back to where they were
		[ -z "$mounter" ] || { kill "$mounter"; wait "$mounter"; }
		[ ! -d "$work/out/images" ] || mv "$work/out/images" "$out/images"
		rm -rf --one-file-system "$work"
	}
	trap leave EXIT
	trap 'exit 130' INT TERM HUP
	chmod 755 "$work"
	mkdir "$work/src" "$work/out" && cp -R "$prefix" "$work/prefix" && cp -R "$tools" "$work/tools" &&
		cp -R "$top/tests" "$top/packaging" "$work/src/" && mv "$out/images" "$work/out/images" || exit 1
	chown -R "$run_user:" "$work"
	cd "$work" || exit 1
	sh "$top/tests/bench/kernel_mount.sh" "$work/kernel" &
	mounter=$!
	# shellcheck disable=SC2086 # a list of words
	as_user sh "$work/src/tests/bench/run.sh" --prefix "$work/prefix" --tools "$work/tools" \
		--out "$work/out" --kernel "$work/kernel" $words $names
	code=$?
	find "$work/out" -maxdepth 1 -type f -exec cp {} "$out/" \;
	exit "$code"
fi

# shellcheck disable=SC2086 # a list of words
sh "$top/tests/bench/prepare.sh" "$prefix/bin/sif" "$out/images" $images ||
	die "cannot prepare the images in $out/images"
failed=
for name in $names; do
	rm -f "$out/$name.tsv"
	with_kernel=
	case $name in kernel | optimize) with_kernel=${kernel:+--kernel $kernel} ;; esac
	# shellcheck disable=SC2086 # a list of words
	if ! python3 "$top/tests/bench/$name.py" --sif "$prefix/bin/sif" --tools "$tools" \
		--images "$out/images" --tsv "$out/$name.tsv" $with_kernel $words >"$out/$name.md"; then
		failed="$failed $name"
	fi
	cat "$out/$name.md"
	if [ "$name" = ranks ] && grep -q '^point' "$out/ranks.tsv"; then
		sh "$top/tests/bench/plot.sh" "$out/ranks.tsv" "$out/launch-ranks.png" || failed="$failed plot"
	fi
done
[ -z "$failed" ] || die "benchmarks that broke off:$failed"
