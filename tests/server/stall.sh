#!/bin/sh
# Storage that stalls holds up those who need its bytes, and nobody else: the
# image lies on a file system whose server is stopped in the middle, with more
# readers waiting for it than there are workers.
. "$top_srcdir/tests/lib/server.sh"
command -v mksquashfs >/dev/null || skip "mksquashfs is not installed"

READERS=8
mkdir "$T/tree" "$T/outer" "$T/in"
for i in $(seq $READERS); do head -c 3000000 /dev/urandom >"$T/tree/$i"; done
seq 20000 >"$T/tree/known"
for i in $(seq 200); do echo "$i" >"$T/tree/small.$i"; done
mksquashfs "$T/tree" "$T/outer/image" -comp zstd -quiet -no-progress -all-root >/dev/null 2>&1 || exit 1
mksquashfs "$T/outer" "$T/storage" -comp zstd -quiet -no-progress -all-root >/dev/null 2>&1 || exit 1
want=$(cat "$T/tree/"? | cksum)
known=$(cksum <"$T/tree/known")

# Inside of both mounts. $1: T, $2: the mount, $3: readers
cat >"$T/inside" <<'END'
storage=$(ps -e -o pid=,args= | awk -v t="$1/storage" '$2 == "sif-fuse" && index($0, t) { print $1 }')
cat "$2"/small.* >/dev/null # more than a start asks for
cksum <"$2/known" >/dev/null
kill -STOP "$storage"
i=0
while [ "$i" -lt "$3" ]; do
	i=$((i + 1))
	cat "$2/$i" >"$1/got.$i" &
done
sleep 0.5
# Attributes and names that nobody has asked for: of metadata the server has.
timeout 5 sh -c 'ls -l "$1" | wc -l; cksum <"$1/known"' sh "$2" || echo "held up"
kill -CONT "$storage"
wait
END
out=$(with "$T/storage" "$T/bin/with_image" "$M/image" "$T/in" sh "$T/inside" "$T" "$T/in" $READERS)
same "others are served while storage stalls" "$((READERS + 202)) $known" "$(echo "$out" | xargs)"
same "those who waited get their bytes" "$want" "$(cat "$T/got."? | cksum)"
gone "stall"
