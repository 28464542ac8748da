#!/bin/sh
# After an upgrade servers of the old version serve on, for those who have them;
# new launches start their own. The second version is a build of its own.
# shellcheck source=tests/lib/e2e.sh
. "$top_srcdir/tests/lib/e2e.sh"
need_fuse
need busybox
need_tool next/sif
# shellcheck source=tests/lib/share.sh
. "$top_srcdir/tests/lib/share.sh"
cd "$T" || exit 1
old=$SIF
new=$TOOLS/next/sif
snapshot

mkfifo go
"$old" exec "$sif" sh -c "echo up >$T/up; read -r x <$T/go; md5sum /bin/busybox" >held &
holder=$!
in_time 20 test -s up
device >old.1
SIF=$new
device >new.1
device >new.2
SIF=$old
device >old.2
same_server 'the old version shares' 2 old.1 old.2
same_server 'and so does the new one' 2 new.1 new.2
equal 'but not with each other' 2 "$(sort -u old.1 new.1 | wc -l)"
equal 'each has one server' 2 "$(servers | wc -l)"

check 'the new version lists the old one'"'"'s server' "$new" mounts
"$new" mounts --stop >stopped
one_left() { [ "$(servers | wc -l)" = 1 ]; }
if in_time 20 one_left; then ok 'and ends its own'; else fail 'and ends its own' "$(servers)"; fi
echo go >go
wait $holder
equal 'the old server serves on' "$(md5sum <"$IMAGES/small.dir/bin/busybox" | cut -d ' ' -f 1)" "$(sed 's, .*,,' held)"
rm -f go up held old.? new.? stopped
over 'after both'
