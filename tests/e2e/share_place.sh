#!/bin/sh
# Where servers listen, and who may come: a directory that cannot be trusted or
# used is passed over, a socket of somebody else is never believed, and the
# launch works all the same. Users, mounts and directories are those of a user
# namespace with many ids, so that no privilege is needed to play them all.
# shellcheck source=tests/lib/e2e.sh
. "$top_srcdir/tests/lib/e2e.sh"
need_fuse
need busybox python3 setpriv chroot
# shellcheck source=tests/lib/share.sh
. "$top_srcdir/tests/lib/share.sh"
enter_world
cd "$T" || exit 1

# Two ordinary users, 3007 and 3008, and places that are theirs alone.
mount -t tmpfs none /dev/shm && chmod 1777 /dev/shm || exit 1
mount -t tmpfs none /run && mkdir -m 755 /run/user || exit 1 # not every machine has it
mkdir -m 755 world && mount -t tmpfs none world && mkdir -m 700 world/rt world/h3007 world/h3008 || exit 1
chown 3007:3007 world/rt world/h3007 && chown 3008:3008 world/h3008
chmod 755 "$T" "$IMAGES" && chmod 644 "$sif"
rt=$T/world/rt

as() { # UID CMD...
	id=$1
	shift
	setpriv --reuid="$id" --regid="$id" --clear-groups env HOME="$T/world/h$id" XDG_RUNTIME_DIR="$rt" "$@"
}
look='$5 == "/" { print $3 }'
by() { as "$1" "$SIF" exec "$sif" awk "$look" /proc/self/mountinfo; }
sockets() { find "$rt" "$T/world" /run/user /dev/shm /tmp/sif-3007 /tmp/sif-3008 -type s 2>/dev/null | sort -u; }
all_ended() { [ -z "$(servers)" ]; }
end_servers() {
	for each in $(servers); do kill -9 "$each"; done
	in_time 20 all_ended
	find "$rt" /run/user /dev/shm /tmp/sif-3007 /tmp/sif-3008 -mindepth 1 -delete 2>/dev/null
	rm -rf /tmp/sif-3007 /tmp/sif-3008
}
# elsewhere NAME PLACE: two launches of user 3007 share a server, which listens in PLACE.
elsewhere() {
	by 3007 >d.1
	by 3007 >d.2
	same_server "$1: shared" 2 d.1 d.2
	equal "$1: in $2" "$2" "$(sockets | sed 's,/[0-9a-f]*$,,')"
	end_servers
}

elsewhere 'a usable place' "$rt/sif"
mkdir -m 750 "$rt/sif" && chown 3007:3007 "$rt/sif"
elsewhere 'a place that a group may enter' /dev/shm/sif-3007
mkdir -m 700 "$rt/sif" && chown 3008:3008 "$rt/sif"
elsewhere 'a place of somebody else' /dev/shm/sif-3007
mkdir -m 700 "$T/world/aim" && chown 3007:3007 "$T/world/aim" && ln -s "$T/world/aim" "$rt/sif"
elsewhere 'a place that is a link' /dev/shm/sif-3007
mkdir "$T/world/strange" && chmod 777 "$T/world/strange" && rt=$T/world/strange
elsewhere 'a runtime directory of somebody else' /dev/shm/sif-3007
rt=$T/world/none
elsewhere 'a place that is missing' /dev/shm/sif-3007
mkdir -m 700 /run/user/3007 && chown 3007:3007 /run/user/3007
elsewhere 'the place of the login' /run/user/3007/sif
mkdir -m 755 "$T/world/ro" && mount -t tmpfs -o mode=700,uid=3007,gid=3007 none "$T/world/ro"
rt=$T/world/ro
mkdir -m 700 "$rt/sif" && chown 3007:3007 "$rt/sif" && mount -o remount,bind,ro "$rt"
elsewhere 'a place that is read-only' /dev/shm/sif-3007
umount "$rt"
mount -t tmpfs -o mode=700,uid=3007,gid=3007,nr_inodes=2 none "$rt"
elsewhere 'a place that is full' /dev/shm/sif-3007
umount "$rt"
rt=$T/world/rt

# No place at all.
mkdir -m 700 /dev/shm/sif-3007 /tmp/sif-3007 && touch "$rt/sif"
as 3007 "$SIF" -v exec "$sif" awk "$look" /proc/self/mountinfo >d.1 2>errors
equal 'no place: it runs' 1 "$(grep -c : d.1)"
equal 'and says once that it shares with nobody' 1 "$(grep -c 'shares its image server with no other' errors)"
end_servers

# The socket of a server that was killed.
by 3007 >d.1
socket=$(sockets)
kill -9 $(servers)
in_time 20 all_ended
equal 'a killed server leaves its socket' "$socket" "$(sockets)"
by 3007 >d.1
by 3007 >d.2
same_server 'a stale socket: another server starts' 2 d.1 d.2
equal 'in its place' "$socket" "$(sockets)"
end_servers

# A socket that somebody removed: its server has no more comers, and leaves the
# socket of the next one alone when it goes.
by 3007 >d.1
rm "$socket"
as 3007 "$SIF" exec "$sif" sh -c 'echo $$; exec sleep 60' >up &
two_servers() { [ "$(servers | wc -l)" = 2 ]; }
one_server() { [ "$(servers | wc -l)" = 1 ]; }
in_time 20 two_servers
by 3007 >d.2
equal 'a socket that was removed: another server' 2 "$(sort -u d.1 d.2 | wc -l)"
if in_time 30 one_server; then ok 'the first one ends'; else fail 'the first one ends' "$(servers)"; fi
by 3007 >d.3
same_server 'and leaves the other its socket' 2 d.2 d.3
kill "$(cat up)"
wait
rm d.3
end_servers

# plant WHO ANSWER: somebody listens on the socket of that server.
cat >plant.py <<'INNER'
import os, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.bind(sys.argv[1])
os.chmod(sys.argv[1], 0o777)
s.listen(8)
print(os.getpid(), flush=True)
while True:
    c, _ = s.accept()
    try:
        c.recv(2000)
        c.send(bytes.fromhex(sys.argv[2]))
    except OSError:
        pass
    c.close()
INNER
plant() {
	mkdir -m 700 "$rt/sif" && chown 3007:3007 "$rt/sif"
	: >up
	if [ "$1" = 3007 ]; then
		as 3007 timeout 60 python3 plant.py "$socket" "$2" >up &
	else
		timeout 60 python3 plant.py "$socket" "$2" >up &
	fi
	in_time 20 test -s up
	as 3007 "$SIF" -v exec "$sif" awk "$look" /proc/self/mountinfo >d.1 2>errors
	equal "$3: it runs" 1 "$(grep -c : d.1)"
	if grep -q "$4" errors; then ok "$3: by its own server"; else fail "$3: by its own server" "$(cat errors)"; fi
	kill "$(cat up)"
	wait
	end_servers
}
ok_head=575349460100000000000000"00000000"
plant 0 $ok_head 'a socket of another user' 'no other: the running server does not answer: Operation not permitted'
plant 3007 $ok_head 'a server that hands nothing over' 'no other: the running server refuses'
plant 3007 00 'a server that talks nonsense' 'no other: the running server does not answer'
mkdir -m 700 "$rt/sif" && touch "$socket" && chown -R 3007:3007 "$rt/sif"
elsewhere 'a file where the socket would be' /dev/shm/sif-3007

# Others.
by 3007 >d.7
by 3008 >d.8
equal 'another user has another server' 2 "$(sort -u d.7 d.8 | grep -c :)"
mkdir -m 777 world/h65534
by 65534 >d.1 &
by 65534 >d.2
wait
equal 'the overflow id shares with nobody: it runs' 2 "$(cat d.1 d.2 | grep -c :)"
equal 'and has no socket' "$(sockets | grep -v sif-3008)" "$socket"
cat >sibling.sh <<'INNER'
"$SIF" exec "$1" awk '$5 == "/" { print $3 }' /proc/self/mountinfo
"$SIF" exec "$1" awk '$5 == "/" { print $3 }' /proc/self/mountinfo
INNER
as 3007 unshare -Ur sh sibling.sh "$sif" >d.sibling
equal 'a sibling user namespace: two launches, one server' '2 1' "$(grep -c : d.sibling) $(sort -u d.sibling | wc -l)"
equal 'which is not the one outside' 2 "$(sort -u d.7 d.sibling | wc -l)"

# A process in a chroot can make no user namespace, and would leave the chroot
# with the mount namespace of another.
mkdir world/root && mount --rbind / world/root
in_chroot() {
	XDG_RUNTIME_DIR=$rt HOME=$T/world/h3007 chroot --userspec=3007:3007 --groups= world/root "$SIF" exec "$sif" true
}
refuse 'a caller in a chroot, while a server runs' 125 'chroot' in_chroot
end_servers
refuse 'a caller in a chroot, first' 125 'chroot' in_chroot
umount -l world/root
in_time 20 all_ended
end_servers
equal 'nothing is left' '' "$(sockets)$(servers)"
cd / && umount "$T/world" && rmdir "$T/world"
