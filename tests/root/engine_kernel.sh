#!/bin/sh
# The engine kernel: the same as of the others (tests/e2e/engines.sh), and no loop
# device is left, however a launch ends.
# shellcheck source=tests/lib/e2e.sh
. "$top_srcdir/tests/lib/e2e.sh"
# shellcheck source=tests/lib/engine.sh
. "$top_srcdir/tests/lib/engine.sh"
[ "$(id -u)" = 0 ] || skip 'only root can have the kernel read an image'
need busybox mksquashfs losetup unshare
[ -c /dev/loop-control ] || skip 'no loop devices here'
losetup -f >/dev/null 2>&1 || skip 'no loop device can be had here'
modprobe squashfs 2>/dev/null
grep -qw squashfs /proc/filesystems || skip 'this kernel has no SquashFS'

cd "$T" || exit 1
engine_images
loops() { losetup --noheadings -O BACK-FILE -a | grep -c "$T/"; }
no_loops() { # NAME: autoclear follows the last unmount at once, but not before it
	tries=50
	while [ "$(loops)" != 0 ] && [ $tries -gt 0 ]; do
		tries=$((tries - 1))
		sleep 0.1
	done
	equal "$1" 0 "$(loops)"
}

engine_body kernel
no_loops 'no loop device is left'
prints 'it is the kernel that reads' squashfs engine_run "$sif" awk '$5 == "/" { for (i = 7; $i != "-"; i++); print $(i + 1); exit }' /proc/self/mountinfo
prints 'no capability in any set' 5 engine_run "$sif" grep -c '^Cap[A-Za-z]*:.0000000000000000' /proc/self/status
prints 'the host has no mount of it' 0 sh -c 'grep -c " squashfs " /proc/self/mountinfo || :'

# Sixteen at once: one device.
for n in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do
	"$SIF" exec --engine kernel "$sif" sh -c "echo up >$T/up.$n; exec sleep 30" &
	echo $! >>pids
done
for n in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do appears "up.$n"; done
equal 'sixteen launches at once share a loop device' 1 "$(loops)"
equal 'it is read only and clears itself' '1 1' \
	"$(losetup --noheadings -O RO,AUTOCLEAR,BACK-FILE -a | awk -v f="$T/" 'index($3, f) == 1 { print $1, $2 }')"
xargs kill -9 <pids
wait
no_loops 'kill -9 of all of them leaves no loop device'
# A launch that fails has no program that could end.
refuse 'no such program' 127 "'nope' is not on" engine_run "$sif" nope
no_loops 'a launch that fails leaves none'
# Another device on the same file, that is no device of ours.
losetup -r -f --offset 32768 "$sif"
foreign=$(losetup --noheadings -O NAME -j "$sif")
prints 'a device that does not clear itself is not taken' "$want" engine_run "$sif" sh -c 'md5sum </random'
losetup -d "$foreign"
no_loops 'nor kept'

refuse 'root in a user namespace is not enough' 125 "engine 'kernel' needs root, outside of containers" \
	unshare -rm "$SIF" exec --engine kernel "$sif" true
refuse 'it does not linger' 125 "'kernel' cannot linger" engine_run --linger 60 "$sif" true
export XDG_CONFIG_HOME="$T/config"
mkdir -p "$T/config/sif"
echo 'mount cpus = 0' >"$T/config/sif/sif.conf"
refuse 'it cannot be kept to CPUs' 125 "'kernel' cannot be kept to the CPUs '0' .mount cpus.: the kernel unpacks where" \
	engine_run "$sif" true
echo 'mount engine = kernel' >"$T/config/sif/sif.conf"
prints 'mount engine in sif.conf' squashfs "$SIF" exec "$sif" awk '$5 == "/" { for (i = 7; $i != "-"; i++); print $(i + 1); exit }' /proc/self/mountinfo
rm "$T/config/sif/sif.conf"
mksquashfs "$T/tree" "$T/nopad.sqfs" -quiet -no-progress -all-root -nopad -comp zstd >/dev/null 2>&1
if [ $(($(stat -c %s "$T/nopad.sqfs") % 512)) = 0 ]; then
	skip_one 'an image without padding' 'its length happens to be one of whole sectors'
else
	refuse 'an image without padding' 125 'padded to 4 KiB: dmesg tells; the engine sif can' engine_run "$T/nopad.sqfs" true
fi
no_loops 'at the end'
