#!/bin/sh
# "mount cpus" of sif.conf: where image servers run.
# shellcheck source=tests/lib/e2e.sh
. "$top_srcdir/tests/lib/e2e.sh"
need_fuse
need busybox mksquashfs taskset

cpus=$(awk '/^Cpus_allowed_list/ { print $2 }' /proc/self/status | tr ',' '\n' |
	awk -F- 'NF == 1 { print $1 } NF == 2 { for (i = $1; i <= $2; i++) print i }')
first=$(echo "$cpus" | head -n 1)
second=$(echo "$cpus" | sed -n 2p)
[ -n "$second" ] || skip 'there is one CPU only'

# A server stays with its launch until it was asked for more than a start needs.
small_tree "$T/tree"
mkdir "$T/tree/data"
for i in $(seq 300); do echo "$i" >"$T/tree/data/$i"; done
mksquashfs "$T/tree" "$T/image" -comp zstd -quiet -no-progress -all-root >/dev/null 2>&1 || exit 1
cat >"$T/look" <<'END'
cat /data/* >/dev/null
for p in /proc/[0-9]*; do
	[ "$(tr '\0' '\n' 2>/dev/null <"$p/cmdline" | grep -cxF -e sif-fuse -e "$1")" = 2 ] || continue
	awk '/^Cpus_allowed_list/ { print $2 }' "$p"/task/*/status
done | sort -u
END
export XDG_CONFIG_HOME="$T/config" XDG_STATE_HOME="$T/state"
mkdir -p "$T/config/sif"
user=$T/config/sif/sif.conf
look() { "$SIF" exec --no-share "$T/image" sh "$T/look" "$T/image"; }

for want in "$first" "$second"; do
	echo "mount cpus = $want" >"$user"
	prints "the server runs on CPU $want" "$want" look
done
echo "mount cpus = auto" >"$user"
equal 'auto: it keeps off the CPUs of a launch that is bound' 0 \
	"$(taskset -c "$first" "$SIF" exec --no-share "$T/image" sh "$T/look" "$T/image" | grep -cx "$first")"
echo "mount cpus = 8000" >"$user"
check 'a CPU that is not there does not stop a launch' look
check 'and the log says so' grep -q "none of the CPUs '8000'" "$T/state/sif/server.log"
echo "mount cpus = some" >"$user"
refuse 'what is no list is refused, with its line' 125 "$user:1: mount cpus: .*'some'" look
