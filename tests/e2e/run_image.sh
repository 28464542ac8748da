#!/bin/sh
# A directory, a bare SquashFS and a SIF run; the image is the root and nothing
# of the host shows but what was asked for; nothing is left behind.
# shellcheck source=tests/lib/e2e.sh
. "$top_srcdir/tests/lib/e2e.sh"
need_fuse
need busybox mksquashfs unsquashfs

sqfs=$(small_sqfs) || exit 1
sif=$(small_image) || exit 1
dir=$IMAGES/small.dir
cd "$T" || exit 1

snapshot
for image in "$dir" "$dir/" "$sqfs" "$sif"; do
	kind=$(basename "$image")
	prints "$kind: runs" hello "$SIF" exec "$image" echo hello
	prints "$kind: the image is the root" 'NAME=small' "$SIF" exec "$image" sed -n 1p /etc/os-release
	refuse "$kind: is read-only" 1 'Read-only' "$SIF" exec "$image" touch /new
	refuse "$kind: so are directories made for mount points" 1 'Read-only' "$SIF" exec "$image" touch /home/new
	prints "$kind: '..' of the root is the root" same "$SIF" exec "$image" sh -c \
		'test "$(ls -di /..)" = "$(ls -di / | sed s,/,/..,)" && echo same'
	prints "$kind: no other root among the mounts" 1 "$SIF" exec "$image" sh -c \
		'cut -d" " -f5 /proc/self/mountinfo | grep -cx /'
	prints "$kind: the program's status passes" 'rc 42' sh -c '"$SIF" exec "$1" sh -c "exit 42"; echo rc $?' sh "$image"
done
settled 'nothing is left'

# What a caller sees without being asked
home=$(getent passwd "$(id -u)" | cut -d: -f6)
name=.sif-test.$$
check 'home is there and writable' "$SIF" exec "$sif" sh -c "cd && touch $name"
check 'home is the host'"'"'s' test -f "$home/$name"
rm -f "$home/$name"
mkdir -p "$T/work"
prints 'the current directory is kept' "$T/work" sh -c 'cd "$1/work" && "$SIF" exec "$2" pwd' sh "$T" "$sif"
prints 'PWD under its own name' "$T/link" sh -c 'ln -s work "$1/link"; cd "$1/link" && "$SIF" exec "$2" sh -c pwd' sh "$T" "$sif"
prints 'resolv.conf is the host'"'"'s' "$(cat /etc/resolv.conf)" "$SIF" exec "$sif" cat /etc/resolv.conf
prints 'the user is in passwd' "$(id -un)" "$SIF" exec "$sif" id -un
prints 'the group is in group' "$(id -gn)" "$SIF" exec "$sif" id -gn
prints 'a missing mount point deep in the image' seen sh -c \
	'mkdir -p "$1/d"; echo seen >"$1/d/f"; "$SIF" exec -B "$1/d:/not/there/yet" "$2" cat /not/there/yet/f' sh "$T" "$sif"
prints 'the rest of the image beside it' 'NAME=small' "$SIF" exec -B "$T:/not/there" "$sif" sed -n 1p /etc/os-release
prints 'missing mount point in a directory of many entries' 'x 60' sh -c '
	mkdir -p "$1/many" && cp -a "$2/." "$1/many/" && i=0
	while [ $i -lt 60 ]; do echo x >"$1/many/opt/f$i"; i=$((i + 1)); done
	"$SIF" exec -B "$1:/opt/point" "$1/many" sh -c "echo \$(cat /opt/f7) \$(ls /opt | grep -c f)"' sh "$T" "$dir"
check 'and the host'"'"'s copy has no such directory' test ! -e "$T/many/opt/point"

# --writable-tmpfs
prints '--writable-tmpfs: the root can be written' kept "$SIF" exec --writable-tmpfs "$sif" sh -c \
	'echo kept >/new; rm -r /etc/os-release; cat /new'
refuse '--writable-tmpfs: and forgets' 1 '' "$SIF" exec --writable-tmpfs "$sif" test -e /new
prints '--writable-tmpfs: the image is as before' 'NAME=small' "$SIF" exec "$sif" sed -n 1p /etc/os-release
check '--writable: a directory is written' sh -c 'cp -a "$1/." "$2/wdir/" && "$SIF" exec --writable "$2/wdir" touch /here' \
	sh "$dir" "$(mkdir "$T/wdir" && echo "$T")"
check '--writable: really' test -f "$T/wdir/here"
refuse '--writable: a SIF cannot' 125 'cannot be made writable' "$SIF" exec --writable "$sif" true

# --dry-run touches nothing and needs no privilege
check '--dry-run prints the plan' sh -c '"$SIF" exec --dry-run -B /tmp:/mnt:ro "$1" true | grep -q "^bind  *'"/tmp -> /mnt ro"'"' sh "$sif"
check '--dry-run without user namespaces' unshare -Ur sh -c \
	'echo 0 >/proc/sys/user/max_user_namespaces; "$SIF" exec --dry-run "$1" true' sh "$sif"
chmod -R u+w many wdir
rm -rf many wdir work link d
settled 'nothing is left in the end'
