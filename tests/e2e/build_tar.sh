# A tar becomes an image in which everything is as the tar says it, though the
# caller is not root. Shown by other programs than ours.
. "$top_srcdir/tests/lib/e2e.sh"
need python3 unsquashfs rdsquashfs siftool
cd "$T" || exit 1
TZ=UTC LC_ALL=C.UTF-8
export TZ LC_ALL
tree() { python3 "$top_srcdir/tests/lib/tartree.py" "$@"; }
listing() { unsquashfs -o 32768 -lln "$1"; }

for format in pax gnu ustar; do
	tree make $format.tar $format
	check "build of a $format tar" "$SIF" build $format.sif $format.tar
	tree want $format.tar >want
	listing $format.sif | tree have $format.tar >have
	equal "$format: owners, modes, sizes, devices, times, links" "$(cat want)" "$(cat have)"
	check "siftool reads it" siftool list $format.sif
done
[ "$(wc -l <want)" -gt 30 ] || fail "the tree has all kinds of entries" "$(cat want)"
equal "the line that tells the result" 1 "$("$SIF" build -F pax.sif pax.tar 2>&1 >/dev/null |
	grep -Ec '^pax.sif: [0-9]+ files, [0-9.]+ MiB in, [0-9.]+ MiB out, [0-9.]+ s$')"
equal "and none with --quiet" '' "$("$SIF" build -F --quiet pax.sif pax.tar 2>&1)"

# Contents and hard links: what unsquashfs unpacks is what GNU tar unpacks.
mkdir gnutar
tar -C gnutar --exclude='./dev' -xf pax.tar 2>/dev/null
unsquashfs -q -o 32768 -d unpacked pax.sif data late bin >/dev/null 2>&1
chmod -R u+rwX gnutar unpacked
# GNU tar never replaces a directory by a file
rm -r gnutar/data/was_dir
equal "a file in a directory's place" "now a file" "$(cat unpacked/data/was_dir)"
check "contents" diff -r --no-dereference -x was_dir gnutar/data unpacked/data
check "contents of a directory whose entry came late" diff -r gnutar/late unpacked/late
equal "hard links are one file" 3 "$(stat -c %h unpacked/data/large)"
equal "a name that was replaced is another file" "first, with other bytes second" \
	"$(cat unpacked/data/kept) $(cat unpacked/data/twice)"

# Extended attributes and device numbers, as rdsquashfs shows them.
cat >special.py <<'END'
import io, tarfile
def add(t, name, kind=tarfile.REGTYPE, data=b"", **kw):
    i = tarfile.TarInfo(name)
    i.type, i.size = kind, len(data)
    for k, v in kw.items():
        setattr(i, k, v)
    t.addfile(i, io.BytesIO(data))
caps = bytes([1, 0, 0, 2, 0, 0x20] + [0] * 14).decode("latin-1")
with tarfile.open("special.tar", "w", format=tarfile.PAX_FORMAT) as t:
    add(t, "ping", data=b"x", mode=0o755, pax_headers={"SCHILY.xattr.security.capability": caps,
        "SCHILY.xattr.user.color": "blue"})
    add(t, "overlay", tarfile.DIRTYPE, mode=0o755, pax_headers={"SCHILY.xattr.trusted.overlay.opaque": "y",
        "SCHILY.xattr.user.overlay.redirect": "/etc", "SCHILY.xattr.security.selinux": "label"})
    add(t, "link", tarfile.SYMTYPE, linkname="ping", pax_headers={"SCHILY.xattr.user.on_link": "1"})
    add(t, "second", tarfile.LNKTYPE, linkname="ping")
    add(t, "many", tarfile.CHRTYPE, mode=0o600, devmajor=511, devminor=0xfedcb)
END
python3 special.py
"$SIF" build special.sif special.tar 2>warning
equal "attributes left out are counted" 1 "$(grep -c '^sif: warning: 3 extended attributes were left out' warning)"
tail -c +32769 special.sif >special.sqfs
equal "user.* and file capabilities" 'security.capability=0x0100000200200000000000000000000000000000
user.color=blue' "$(rdsquashfs -x ping special.sqfs | sort)"
equal "the second name of the same file" "$(rdsquashfs -x ping special.sqfs)" "$(rdsquashfs -x second special.sqfs)"
equal "none that would steer an overlay" '' "$(rdsquashfs -x overlay special.sqfs 2>&1)"
equal "attributes of a symbolic link" 'user.on_link=1' "$(rdsquashfs -x link special.sqfs)"
equal "large device numbers" 1 "$(rdsquashfs -d special.sqfs | grep -c '^nod many 0600 0 0 c 511 1043915')"

# Holes: GNU tar's three sparse formats give the same image as the plain file.
truncate -s 40M hole && printf middle | dd of=hole bs=1 seek=20000000 conv=notrunc 2>/dev/null && printf end >>hole
touch -d @1700000000 hole
for version in 0.0 0.1 1.0; do
	tar -cf sparse.tar --format=pax --sparse --sparse-version=$version hole
	"$SIF" build -qF sparse$version.sif sparse.tar
	unsquashfs -q -f -o 32768 -d sparse sparse$version.sif hole >/dev/null 2>&1
	check "sparse format $version" cmp hole sparse/hole
done
tar -cf sparse.tar --format=gnu --sparse hole
"$SIF" build -qF sparse.sif sparse.tar
check "the old sparse format gives the same bytes" cmp sparse.sif sparse1.0.sif
check "holes take no room" test "$(stat -c %s sparse.sif)" -lt 70000
