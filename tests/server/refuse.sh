#!/bin/sh
# When there is nothing to serve: which error the launch gets, and that nothing stays.
. "$top_srcdir/tests/lib/server.sh"
command -v mksquashfs >/dev/null || skip "mksquashfs is not installed"

mkdir "$T/tree"
echo words >"$T/tree/file"
mksquashfs "$T/tree" "$T/image" -comp zstd -quiet -no-progress -all-root >/dev/null 2>&1 || exit 1

refused() { # NAME KIND PATTERN CMD...
	name=$1 kind=$2 pattern=$3
	shift 3
	"$@" >/dev/null 2>"$T/error"
	same "$name: status" 125 $?
	if grep -q "error\[$kind\].*$pattern" "$T/error"; then ok "$name: message"
	else bad "$name: message" "$(cat "$T/error")"; fi
	gone "$name"
}

head -c 40 "$T/image" >"$T/short"
refused "a few bytes" format "" with "$T/short" true
head -c 5000 /dev/zero >"$T/zeros"
refused "no SquashFS" format "" with "$T/zeros" true
{ head -c 28 "$T/image"; printf '\377\377'; tail -c +31 "$T/image"; } >"$T/future"
refused "another version" format "" with "$T/future" true
refused "a mount point that is missing" system "cannot mount" "$T/bin/with_image" "$T/image" "$T/none" true

mv "$T/bin/sif-fuse" "$T/bin/away"
refused "no helper" environment "sif-fuse" with "$T/image" true
mv "$T/bin/away" "$T/bin/sif-fuse"

# A node without /dev/fuse.
cat >"$T/without" <<'END'
mount -t tmpfs none /dev && : >/dev/null || exit 1
exec "$@"
END
refused "no /dev/fuse" environment "cannot open '/dev/fuse'" \
	unshare -rm sh "$T/without" "$T/bin/with_image" "$T/image" "$M" true
grep -q '^hint: .*modprobe' "$T/error" && ok "no /dev/fuse: hint" || bad "no /dev/fuse: hint" "$(cat "$T/error")"
