#!/bin/sh
# A launch that joins a server keeps its own, current table of mounts and brings
# only the image into it: what was mounted since is there, what was unmounted is
# free, and a /tmp of one's own stays one's own.
# shellcheck source=tests/lib/e2e.sh
. "$top_srcdir/tests/lib/e2e.sh"
need_fuse
need busybox squashfuse_ll
# shellcheck source=tests/lib/share.sh
. "$top_srcdir/tests/lib/share.sh"
cd "$T" || exit 1
small_sqfs >/dev/null || exit 1
mkdir -p points/late points/old elsewhere/deep tmp.own
snapshot

# The caller's own namespaces, where it may mount. Everything below happens in
# one user namespace, that is, for one server.
cat >table.sh <<'INNER'
cd "$T" || exit 1
in_time() { tries=$(($1 * 20)); shift; until "$@" >/dev/null 2>&1; do tries=$((tries - 1)); [ $tries -gt 0 ] || return 1; sleep 0.05; done; }
inside() { "$SIF" exec --bind "$T/points" --bind "$T/elsewhere" "$sif" "$@"; }
device() { inside awk '$5 == "/" { print $3 }' /proc/self/mountinfo; }

squashfuse_ll -f "$IMAGES/small.sqfs" points/old &
old=$!
in_time 20 test -e points/old/bin || exit 1
inside ls points/old/etc >old.seen		# starts the server, with that mount in its caller's table
device >d.old
umount points/old || echo busy >old.busy
inside sh -c 'echo up >elsewhere/up; read -r x <elsewhere/go' &	# the server goes on
keeper=$!
in_time 20 test -s elsewhere/up
in_time 20 sh -c "! kill -0 $old" && echo gone >old.gone
kill -0 $keeper && device >d.kept
inside ls points/old >old.after

mount -t tmpfs none points/late && echo new >points/late/file
inside cat points/late/file >late.seen
device >d.late
umount points/late && inside ls points/late >late.after

cd elsewhere/deep && inside pwd >"$T/cwd.seen" && device >"$T/d.cwd"
cd "$T" || exit 1

cat >tmp.sh <<'TMP'
mount -t tmpfs none tmp.own
for each in $(printf '%s\n' "$T" "$SIF" | sed -n 's,^\(/tmp/[^/]*\)/.*,\1,p' | sort -u); do
	mkdir "tmp.own/${each##*/}" && mount --rbind "$each" "tmp.own/${each##*/}"
done
mount --rbind tmp.own /tmp && echo own >/tmp/whose
"$SIF" exec "$sif" cat /tmp/whose >"$T/tmp.seen"
"$SIF" exec "$sif" awk '$5 == "/" { print $3 }' /proc/self/mountinfo >"$T/d.tmp"
TMP
unshare --mount sh tmp.sh
inside ls -d /tmp/whose >tmp.after 2>/dev/null
echo go >elsewhere/go
wait $keeper
INNER
mkfifo elsewhere/go
T=$T SIF=$SIF sif=$sif IMAGES=$IMAGES timeout -k 5 120 unshare --user --map-root-user --mount sh table.sh

equal 'a mount of the caller is there' 'group
nsswitch.conf
os-release
passwd' "$(cat old.seen)"
equal 'it can be unmounted while the server lives on' '' "$(cat old.busy 2>/dev/null)"
equal 'and its device is free at once' gone "$(cat old.gone 2>/dev/null)"
equal 'later launches do not see it' '' "$(cat old.after)"
equal 'a mount that came later is seen' new "$(cat late.seen)"
equal 'a mount that went is not' '' "$(cat late.after)"
equal 'another directory' "$T/elsewhere/deep" "$(cat cwd.seen)"
equal 'a /tmp of its own' own "$(cat tmp.seen)"
equal 'which nobody else has' '' "$(cat tmp.after)"
same_server 'all by one server' 5 d.old d.kept d.late d.cwd d.tmp
rm -rf d.* ./*.seen ./*.after old.gone elsewhere/go elsewhere/up table.sh tmp.sh
settled 'after all of them'
