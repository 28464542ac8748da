#!/bin/sh
# Under a memory limit of 128 MiB, much less than the image unpacked: everything
# is read, and the server keeps to its share of the limit, whatever the image has.
if grep -qs '^#define WITH_SANITIZERS 1' "$top_builddir/config.h"; then
	echo "skip: an instrumented program needs more memory"
	exit 77
fi
LIMIT=$((128 << 20))

# The limit is made by root, who runs this script again below it.
if [ -z "${SIF_TEST_CGROUP-}" ]; then
	case $(id -u),$(stat -fc %T /sys/fs/cgroup 2>/dev/null) in
	0,cgroup2fs) dir=/sys/fs/cgroup/sif-test-$$ file=memory.max ;;
	0,*) dir=/sys/fs/cgroup/memory/sif-test-$$ file=memory.limit_in_bytes ;;
	*) echo "skip: only root can make a memory cgroup here"; exit 77 ;;
	esac
	if ! mkdir "$dir" 2>/dev/null || ! echo $LIMIT >"$dir/$file" 2>/dev/null; then
		rmdir "$dir" 2>/dev/null
		echo "skip: no memory cgroup can be made here"
		exit 77
	fi
	SIF_TEST_CGROUP=$dir sh -c 'echo $$ >"$SIF_TEST_CGROUP/cgroup.procs" && exec sh "$0"' "$0"
	code=$?
	for i in 1 2 3 4 5 6 7 8 9 10; do rmdir "$dir" && break; sleep 0.3; done
	exit $code
fi
. "$top_srcdir/tests/lib/server.sh"
command -v mksquashfs >/dev/null || skip "mksquashfs is not installed"
command -v perl >/dev/null || skip "perl is not installed"

image() { # NAME
	mksquashfs "$T/$1" "$T/$1.sqfs" -comp zstd -Xcompression-level 1 -mem 24M -processors 2 -quiet \
		-no-progress -all-root >/dev/null 2>&1 || exit 1
}
# The most memory that the servers had, KiB. (Run in the mount's namespace.)
cat >"$T/peak" <<'END'
for pid in $(ps -e -o pid=,args= | awk -v t="$1/" '$2 == "sif-fuse" && index($0, t) { print $1 }'); do
	awk '/^VmHWM/ { print $2 }' /proc/"$pid"/status
done
END
within() { # NAME KIB: at most 12 MiB
	if [ "${2:-0}" -gt 0 ] && [ "$2" -le 12288 ]; then ok "$1: the server had ${2} KiB"
	else bad "$1: the server keeps to its share" "it had ${2:-no} KiB"; fi
}

# 160 MB that pack to a quarter: large files read in order, and in places.
mkdir "$T/data"
for i in 1 2 3 4; do seq "${i}000000" "$i"5000000 | head -c 40000000 >"$T/data/$i"; done
image data
want=$(cd "$T/data" && cat 1 2 3 4 | cksum)
rm -r "$T/data"
cat >"$T/all" <<'END'
cat "$2/1" "$2/2" "$2/3" "$2/4" | cksum
perl -e 'srand 2; open my $f, "<", $ARGV[0] or die; my $n = (-s $f) / 4096;
for (1..3000) { sysseek $f, 4096 * int rand $n, 0; sysread($f, my $b, 4096) == 4096 or die "read" }' "$2/1" || echo failed
sh "$1/peak" "$1"
END
with "$T/data.sqfs" sh "$T/all" "$T" "$M" >"$T/out"
same "160 MB are read" "$want" "$(head -n 1 "$T/out")"
within "large files" "$(sed -n 2p "$T/out")"
gone "large files"
rm "$T/data.sqfs"

# More metadata than may be kept: 5 MiB here.
mkdir "$T/names"
perl -e 'for my $d (1..75) { mkdir "$ARGV[0]/$d"; for (1..800) {
open my $o, ">", sprintf "%s/%d/%08x%032d", $ARGV[0], $d, rand 2**32, $_ } }' "$T/names"
want=$(find "$T/names" -type f | wc -l)
image names
rm -r "$T/names"
with "$T/names.sqfs" sh -c 'find "$2" -type f -printf "%s\n" | wc -l; find "$2" -type f | wc -l; sh "$1/peak" "$1"' \
	sh "$T" "$M" >"$T/out"
same "60,000 names are listed" "$want $want" "$(head -n 2 "$T/out" | xargs)"
within "names" "$(sed -n 3p "$T/out")"
gone "names"
