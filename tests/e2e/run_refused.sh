#!/bin/sh
# Each thing that cannot work has its own message and hint, and leaves nothing.
# shellcheck source=tests/lib/e2e.sh
. "$top_srcdir/tests/lib/e2e.sh"
need_fuse
need busybox mksquashfs python3

sif=$(small_image) || exit 1
sqfs=$(small_sqfs) || exit 1
cd "$T" || exit 1
run() { "$SIF" exec "$@"; }
says() { # says NAME PATTERN IMAGE: refused with 125
	refuse "$1" 125 "$2" "$SIF" exec "$3" true
}

mkdir empty.d noshell.d
cp "$IMAGES/small.dir/bin/busybox" noshell.d/program
: >empty
python3 -c 'open("foreign", "wb").write(b"\177ELF\2\2\1" + bytes(9) + b"\0\2\0\x16" + bytes(100))' && chmod +x foreign
echo 'hello world' >text
cp "$sif" unreadable && chmod 0 unreadable
head -c 3000 "$sif" >cut-table
head -c $(($(stat -c %s "$sif") - 20000)) "$sif" >cut-data
head -c $(($(stat -c %s "$sqfs") - 20000)) "$sqfs" >cut-sqfs
head -c 50 "$sqfs" >cut-super
gzip -c text >text.gz
tar cf a.tar text
mkfifo fifo
python3 - "$sif" <<'PY'
import sys
d = bytearray(open(sys.argv[1], "rb").read())
def descriptors():
    off, total = int.from_bytes(d[96:104], "little"), int.from_bytes(d[88:96], "little")
    return [off + 585 * i for i in range(total) if d[off + 585 * i + 4]]
part = next(o for o in descriptors() if int.from_bytes(d[o:o + 4], "little") == 0x4004)
extra = part + 585 - 384
def variant(name, fn):
    c = bytearray(d); fn(c); open(name, "wb").write(c)
def put(c, at, v): c[at:at + 4] = v.to_bytes(4, "little")
variant("ext3.sif", lambda c: put(c, extra, 2))
variant("encrypted.sif", lambda c: put(c, extra, 5))
variant("data-only.sif", lambda c: put(c, extra + 4, 3))
def arch(c): c[extra + 8:extra + 11] = b"06\0"
variant("foreign.sif", arch)
start = d.find(b"hsqs")
def super_(c): c[start + 28:start + 30] = b"\x09\x00"
variant("version.sif", super_)
def root(c):
    table = int.from_bytes(c[start + 64:start + 72], "little") # inode table
    for i in range(table, table + 40): c[start + i] ^= 0x5a
variant("inodes.sif", root)
b = bytearray(4096); b[1080:1082] = b"\x53\xef"
open("ext3.img", "wb").write(b)
PY

snapshot
says 'missing' "image 'none.sif': No such file" none.sif
says 'missing, with a hint' "hint: nothing with a similar name is in this directory" none.sif
says 'mistyped: the name that was meant' "hint: did you mean 'ext3.sif'" ext4.sif
says 'without its suffix' "hint: did you mean 'ext3.sif'|hint: did you mean 'ext3.img'" ext3
says 'in another directory' "hint: did you mean '$T/ext3.sif'" "$T/etx3.sif"
says 'in a directory that is not there' "hint: there is no directory 'nowhere' either" nowhere/a.sif
refuse 'swapped words' 125 "hint: the image stands before the program: is it '$sif'" run true "$sif"
refuse 'not swapped: mistyped' 125 "hint: did you mean 'ext3.sif'" run ext4.sif "$sif"
refuse 'run: neither runscript nor shell' 127 'hint: .*sif exec IMAGE PROGRAM' "$SIF" run noshell.d
says 'empty' "'empty' is empty" empty
says 'no image' "no known image format" text
says 'not readable' 'unreadable.*Permission denied' unreadable
says 'a compressed file' 'gzip file.*not an image' text.gz
says 'a tar file' 'tar file' a.tar
says 'a FIFO does not hang' 'neither a file nor a directory' fifo
says 'a program in the place of the image' 'is a program' "$SIF"
says 'cut in the header' 'cut-table' cut-table
says 'cut in the data' 'cut-data' cut-data
says 'a cut SquashFS' "'cut-sqfs' is truncated" cut-sqfs
says 'a cut superblock' 'cut off' cut-super
says 'ext3 in a SIF' 'ext3.*only the kernel' ext3.sif
says 'a bare ext3' 'ext3.*only the kernel' ext3.img
says 'encrypted' 'is encrypted' encrypted.sif
says 'no system partition' 'no system partition' data-only.sif
says 'another architecture' 'made for ppc64le, and this node is' foreign.sif
says 'a SquashFS of another version' 'version.sif. is damaged' version.sif
says 'damaged inodes' '(Input/output|I/O) error' inodes.sif
refuse 'an empty directory has no program' 127 'not in the image' run empty.d /bin/true
refuse 'a program of another architecture' 126 'is a program for s390x' run "$sif" ./foreign
refuse 'hints stand below' 125 'hint: ' run none.sif true
settled 'nothing is left'

# the node
no_userns() { # in a user namespace that allows no other
	unshare -Ur sh -c 'echo 0 >/proc/sys/user/max_user_namespaces && exec "$SIF" exec "$1" true' sh "$sif"
}
refuse 'no user namespaces: the switch is named' 125 'user.max_user_namespaces' no_userns

no_fuse() { # a /dev/fuse that nobody may open
	unshare -Urm sh -c 'mount --bind /etc/shadow /dev/fuse && exec "$SIF" exec "$@"' sh "$@"
}
if unshare -Urm mount --bind /etc/shadow /dev/fuse 2>/dev/null; then
	export SIF_TMPDIR="$T/store"
	mkdir "$T/store"
	refuse 'no /dev/fuse: unpacks, and says so' 0 "is unpacked to .*/dev/fuse" no_fuse "$sif" true
	prints 'no /dev/fuse: the second time is quiet' 'NAME=small' no_fuse "$sif" sed -n 1p /etc/os-release
	equal 'quiet indeed' '' "$(cat "$T/.err")"
	refuse 'no /dev/fuse: read-only all the same' 1 'Read-only' no_fuse "$sif" touch /new
	chmod -R u+rwX "$T/store" && rm -rf "$T/store" && mkdir "$T/store"
	refuse 'no /dev/fuse: a damaged image' 125 'inode .*impossible size' no_fuse inodes.sif true
	equal 'no /dev/fuse: no half tree is left' '' "$(find "$T/store" -name '*.part')"
	refuse '--unsquash' 0 'is unpacked' "$SIF" exec --unsquash "$sif" true
	unset SIF_TMPDIR
	chmod -R u+rwX "$T/store" && rm -rf "$T/store"
else
	fail 'a /dev/fuse that nobody may open' 'cannot be made'
fi
settled 'nothing is left in the end'
