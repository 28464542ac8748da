#!/bin/sh
# What the server kept for readers goes when nobody reads: the page cache has it.
# Afterwards nothing wakes it until somebody asks again.
if grep -qs '^#define WITH_SANITIZERS 1' "$top_builddir/config.h"; then
	echo "skip: an instrumented program needs more memory"
	exit 77
fi
. "$top_srcdir/tests/lib/server.sh"
command -v mksquashfs >/dev/null || skip "mksquashfs is not installed"
command -v perl >/dev/null || skip "perl is not installed"

mkdir "$T/tree"
seq 1 5500000 | head -c 40000000 >"$T/tree/data"
mksquashfs "$T/tree" "$T/image" -comp zstd -Xcompression-level 1 -quiet -no-progress -all-root >/dev/null 2>&1 || exit 1

# The first 4 KiB of each block, so that all blocks are kept.
cat >"$T/read" <<'END'
open my $f, "<", $ARGV[0] or die; my $sum = 0;
for (my $at = 0; $at < -s $f; $at += 128 << 10) { sysseek $f, $at, 0; sysread($f, my $b, 4096) or die; $sum += unpack "%32C*", $b }
print "$sum\n";
END
cat >"$T/look" <<'END'
server=$(ps -e -o pid=,args= | awk -v t="$1/" '$2 == "sif-fuse" && index($0, t) { print $1 }')
rss() { awk '/^RssAnon/ { print int($2 / 1024) }' /proc/"$server"/status; }
switches() { cat /proc/"$server"/task/*/status | awk '/ctxt_switches/ { n += $2 } END { print n }'; }
perl "$1/read" "$2/data"
rss
tries=0
until [ "$(rss)" -lt 8 ] || [ "$tries" -gt 80 ]; do tries=$((tries + 1)); sleep 0.1; done
rss
sleep 2.5
before=$(switches)
sleep 1.5
echo $(($(switches) - before))
cat "$2/data" | cksum
END
with "$T/image" sh "$T/look" "$T" "$M" >"$T/out"
field() { sed -n "$1p" "$T/out"; }
same "the file is read in places" "$(perl "$T/read" "$T/tree/data")" "$(field 1)"
[ "$(field 2)" -ge 24 ] && ok "its blocks are kept at first" || bad "its blocks are kept at first" "$(field 2) MiB"
[ "$(field 3)" -lt 8 ] && ok "they are dropped when nobody reads" || bad "they are dropped when nobody reads" "$(field 3) MiB"
same "nothing wakes an idle server" 0 "$(field 4)"
same "it reads on" "$(cksum <"$T/tree/data")" "$(field 5)"
gone "idle"
