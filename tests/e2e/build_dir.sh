# A directory becomes an image; what cannot be read is named, never left out.
. "$top_srcdir/tests/lib/e2e.sh"
need python3 unsquashfs setfattr rdsquashfs
cd "$T" || exit 1
TZ=UTC LC_ALL=C.UTF-8
export TZ LC_ALL
mkdir -p d/sub/empty d/locked
printf hello >d/file
head -c 300000 /dev/urandom >d/sub/large
truncate -s 5M d/sub/holes && printf x >>d/sub/holes
ln d/sub/large d/another_name
ln -s sub/large d/link
ln -s /nowhere d/dangling
mkfifo d/fifo
python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("d/socket")'
python3 -c 'import os; open(b"d/caf\xe9\xff", "w").write("x"); open(b"d/new\nline", "w")'
printf suid >d/suid
chmod 4711 d/suid
chmod 500 d/locked
setfattr -n user.color -v blue d/file 2>/dev/null && attrs=1
touch -h -d @1700000000 d/link d/file
check "build of a directory" "$SIF" build d.sif d
unsquashfs -q -o 32768 -d u d.sif >/dev/null 2>&1
rm -rf u/.singularity.d u/.run u/.exec u/.test u/.shell u/singularity u/environment
rmdir u/dev u/proc u/root u/sys u/home u/tmp u/var/tmp u/var && rm -r u/etc
check "contents and names" diff -r --no-dereference -x fifo -x socket d u
equal "the setuid bit" 1 "$(unsquashfs -o 32768 -lln d.sif | grep -c '^-rws--x--x.*/suid$')"
fields() { (cd "$1" && find . -mindepth 1 ! -name suid -printf '%P\t%y\t%m\t%U\t%G\t%s\t%n\t%Ts\t%l\n' |
	awk -F'\t' -v OFS='\t' '$2 == "d" { $6 = "-" } { print }' | LC_ALL=C sort); }
fields d | sed 's/\.[0-9]*\t/\t/' >want
fields u | sed 's/\.[0-9]*\t/\t/' >have
equal "types, modes, owners, sizes, links, times" "$(cat want)" "$(cat have)"
if [ -n "${attrs-}" ]; then
	tail -c +32769 d.sif >d.sqfs
	equal "attributes" user.color=blue "$(rdsquashfs -x file d.sqfs)"
else
	skip_one attributes "no user.* attributes on this file system"
fi
check "holes are not read as data" test "$(stat -c %s d.sif)" -lt 400000

# The tree as a tar gives the same files.
tar -C d --exclude=./socket -cf d.tar --format=pax . 2>/dev/null
"$SIF" build -q dt.sif d.tar
# what sif adds has the time of the newest file, and a socket is no file of a tar
listing() { unsquashfs -o 32768 -lln "$1" | grep -a 'squashfs-root/\(file\|suid\|caf\|sub\|link\|dangl\|anoth\|fifo\|locked\)'; }
equal "a tar of it shows the same" "$(listing d.sif)" "$(listing dt.sif)"

# The image stands in its own source.
check "an image inside of its source" "$SIF" build -q d/self.sif d
check "built again, it does not hold itself" "$SIF" build -qF d/self.sif d
equal "the old image is not packed" 0 "$(unsquashfs -o 32768 -l d/self.sif | grep -c self.sif)"
rm d/self.sif

# Unreadable files
chmod 0 d/sub/holes d/sub/empty
refuse "unreadable files are named" 3 "cannot read 'sub/empty', 'sub/holes' in 'd'$" "$SIF" build no.sif d
refuse "with a way out" 3 'name it by --exclude' "$SIF" build no.sif d
check "no image is left" test ! -e no.sif
check "--exclude leaves them out" "$SIF" build --exclude sub/holes --exclude empty no.sif d
equal "and only them" "squashfs-root/sub/large" "$(unsquashfs -o 32768 -l no.sif | grep sub/)"
for i in 1 2 3 4 5 6 7 8; do : >d/sub/x$i; chmod 0 d/sub/x$i; done
refuse "many are counted" 3 "and 5 more in 'd'" "$SIF" build no2.sif d
chmod 700 d/sub/empty d/locked
refuse "a source that is not there" 3 "'none'.*No such file" "$SIF" build no2.sif none
refuse "a destination that exists" 2 "'no.sif' exists already" "$SIF" build no.sif d
refuse "a destination in no directory" 3 "none/no.sif" "$SIF" build none/no.sif d
