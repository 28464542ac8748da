#!/bin/sh
# build.sh [--quick] [--rounds N] [--case CASE] [--tsv FILE] [--tar FILE]: the building benchmark alone, with
# the program of the build folder (top_builddir) or SIF; what it measures is in
# build.py. Without --tar Debian's numpy is fetched by prepare.sh.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
sif=${SIF:-${top_builddir:-$here/../..}/sif}
tar=
words=
while [ $# -gt 0 ]; do
	case $1 in
	--quick) words="$words --quick" ;;
	--tsv | --rounds | --case) words="$words $1 $2"; shift ;;
	--tar) tar=$2; shift ;;
	*) echo "build.sh: unknown word '$1'" >&2; exit 2 ;;
	esac
	shift
done
work=$(mktemp -d "${TMPDIR:-/var/tmp}/sif-bench.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP
if [ -n "$tar" ]; then
	ln -s "$(realpath "$tar")" "$work/numpy.tar"
else
	sh "$here/prepare.sh" tar "$work"
fi
# shellcheck disable=SC2086 # a list of words
python3 "$here/build.py" --sif "$sif" --images "$work" $words
