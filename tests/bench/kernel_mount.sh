#!/bin/sh
# kernel_mount.sh DIR: the kernel's SquashFS for benchmarks of an ordinary user.
# run.sh starts it as root and ends it by SIGTERM. Lines that are written to the
# fifo DIR/ask are done one by one, and answered by "ok" or "failed" in DIR/answer:
#	mount OFFSET IMAGE	a fresh loop mount at DIR/mnt, read only
#	umount			its end, and that of its loop device
# A copy of the mount in another namespace keeps both for a moment, and the next
# mount would find them again, with all that is cached.
set -u
dir=$1
mkdir -p "$dir/mnt" && mkfifo "$dir/ask" "$dir/answer" && chmod 666 "$dir/ask" "$dir/answer" || exit 1
exec 3<>"$dir/ask" 4<>"$dir/answer"
trap 'umount -l "$dir/mnt" 2>/dev/null; exit 0' INT TERM HUP
gone() { # IMAGE, within 10 s
	tries=1000
	while [ -n "$(losetup -j "$1")" ]; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || return 1
		sleep 0.01
	done
}
mounted=
while read -r what offset image <&3; do
	case $what in
	mount) mount -t squashfs -o "ro,nosuid,nodev,loop,offset=$offset" "$image" "$dir/mnt" && mounted=$image ;;
	umount) umount "$dir/mnt" && gone "$mounted" ;;
	*) false ;;
	esac && echo ok >&4 || echo failed >&4
done
