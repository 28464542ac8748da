#!/bin/sh
# What only root can set up, used by an ordinary user: a disk that is unmounted
# while a shared server lives on, an automount that expires between two launches.
# shellcheck source=tests/lib/e2e.sh
. "$top_srcdir/tests/lib/e2e.sh"
[ "$(id -u)" = 0 ] || skip 'only root can mount disks and start an automounter'
need busybox setpriv
unshare --mount true 2>/dev/null || skip 'root may not mount here'
if [ -z "${IN_OWN_MOUNTS-}" ]; then
	# A mount table of its own, which behaves like a host's: nothing stays.
	trap - EXIT
	IN_OWN_MOUNTS=1 exec unshare --mount --propagation shared sh "$0"
fi
# shellcheck source=tests/lib/share.sh
. "$top_srcdir/tests/lib/share.sh"
. "$top_srcdir/packaging/host.sh"
host_init
host_fuse
host_user
cd "$T" || exit 1
mkdir -p points auto data ours && mkdir -m 700 ours/run ours/home && chown -R "$run_user:" ours || exit 1
chmod 755 "$T" && chmod 644 "$sif"
automount_pid=
device=
clean_up() {
	code=$?
	trap - EXIT
	if [ -n "$automount_pid" ]; then kill "$automount_pid" && wait "$automount_pid"; fi
	for each in $(cat up up2 2>/dev/null) $(servers); do kill -9 "$each"; done
	umount -l "$T/points" 2>/dev/null
	[ -z "$device" ] || losetup -d "$device" 2>/dev/null
	(exit "$code")
	e2e_end
}
trap clean_up EXIT

launch() { as_user env HOME="$T/ours/home" XDG_RUNTIME_DIR="$T/ours/run" "$SIF" exec "$@"; }
look='$5 == "/" { print $3 }'
launch "$sif" awk "$look" /proc/self/mountinfo >d.first

truncate -s 8M disk && mkfs.ext4 -q disk
if device=$(losetup -f --show disk 2>errors) && mount "$device" points; then
	echo words >points/file
	prints 'a disk of the caller' words launch --bind "$T/points" "$sif" cat "$T/points/file"
	check 'is unmounted' umount points
	# A program that came later keeps the server.
	launch "$sif" sh -c "echo \$\$; exec sleep 60" >up &
	in_time 20 test -s up
	losetup -d "$device"
	detached() { [ -z "$(losetup -j disk)" ]; }
	if in_time 5 detached; then ok 'and free while the server lives'; else fail 'and free while the server lives' "$(losetup -j disk)"; fi
	equal 'which it does' 1 "$(servers | wc -l)"
	device=
else
	skip_one 'a disk of the caller' "no loop device: $(head -n 1 errors)"
	device=
fi

echo words >data/file
echo "$T/auto/one -fstype=bind :$T/data" >direct
echo "/- $T/direct --timeout=1" >auto.master
mounted() { grep -q " $T/auto/one .* - autofs" /proc/self/mountinfo; }
used() { [ "$(grep -c " $T/auto/one " /proc/self/mountinfo)" -gt 1 ]; }
unused() { ! used; }
if command -v automount >/dev/null; then
	# Not in the process group of those that are to trigger it.
	setsid automount -f -C --pid-file "$T/pid" "$T/auto.master" >errors 2>&1 &
	automount_pid=$!
else
	echo 'it is not installed' >errors
fi
if in_time 10 mounted; then
	prints 'an automount that is bound' words launch --bind "$T/auto/one" "$sif" cat "$T/auto/one/file"
	launch "$sif" sh -c "echo \$\$; exec sleep 60" >up2 &
	in_time 20 test -s up2
	if in_time 20 unused; then ok 'expires while the server lives'; else fail 'expires while the server lives'; fi
	prints 'and comes again for the next launch' words launch --bind "$T/auto/one" "$sif" cat "$T/auto/one/file"
	in_time 20 unused
	prints 'also from inside, below what is bound' words launch --bind "$T/auto" "$sif" cat "$T/auto/one/file"
else
	skip_one 'an automount' "automount (package autofs) cannot mount here: $(head -n 1 errors)"
fi
launch "$sif" awk "$look" /proc/self/mountinfo >d.last
same_server 'all by one server' 2 d.first d.last
