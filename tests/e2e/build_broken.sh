# A source that is not whole never becomes an image, and hostile ones are refused
# or kept beneath the image's root.
. "$top_srcdir/tests/lib/e2e.sh"
need python3 unsquashfs gzip zstd xz
cd "$T" || exit 1
mkdir d out
head -c 5000 /dev/urandom >d/a
head -c 20000 /dev/zero >d/b
printf c >d/c
tar -C d --sort=name -cf whole.tar .
snapshot

# Every border of a tar and places in between; the last 1024 zero bytes of the
# archive proper begin behind c's block.
end=$(python3 -c '
import tarfile
with tarfile.open("whole.tar") as t:
    last = t.getmembers()[-1]
print(last.offset_data + (last.size + 511) // 512 * 512)')
accepted=
for n in 0 1 100 511 512 513 1024 1536 2000 5000 6656 7168 7680 20000 27000 $((end - 512)) $((end - 1)) "$end" \
	$((end + 1)) $((end + 512)) $((end + 1023)); do
	head -c "$n" whole.tar >cut.tar
	"$SIF" build -q out/cut.sif cut.tar 2>err && accepted="$accepted file:$n"
	grep -q '^sif: error\[format\]: ' err || accepted="$accepted message:$n"
	head -c "$n" whole.tar | "$SIF" build -q out/cut.sif - 2>/dev/null && accepted="$accepted pipe:$n"
	head -c "$n" whole.tar | gzip -c | "$SIF" build -q out/cut.sif - 2>/dev/null && accepted="$accepted gzip:$n"
done
equal "a tar cut short is never accepted" '' "$accepted"
check "nor does it leave anything" sh -c '[ -z "$(ls -A out)" ]'
head -c $((end + 1024)) whole.tar >cut.tar
check "with both zero blocks it is whole" "$SIF" build -q ok.sif cut.tar
check "with all its padding, too" "$SIF" build -qF ok.sif whole.tar
accepted=
for program in gzip xz zstd; do
	$program -c <whole.tar >whole.z
	z=$(stat -c %s whole.z)
	for n in 1 10 100 1000 $((z / 2)) $((z - 100)) $((z - 20)) $((z - 9)); do
		head -c "$n" whole.z >cut.z
		"$SIF" build -q out/cut.sif cut.z 2>/dev/null && accepted="$accepted $program:$n"
	done
done
equal "a compressed tar cut short is never accepted" '' "$accepted"
# one bit, at 40 places of each, the checksum at the end among them
accepted=
for program in gzip xz 'zstd --check'; do
	$program -c <whole.tar >whole.z
	for n in $(seq 40); do
		python3 -c '
import sys
d, n = bytearray(open("whole.z", "rb").read()), int(sys.argv[1])
d[max(20, len(d) - 7 if n == 40 else len(d) * n // 41)] ^= 1 << n % 8
open("bad.z", "wb").write(d)' $n
		"$SIF" build -qF ok2.sif bad.z 2>/dev/null || continue
		"$SIF" build -qF ok3.sif whole.tar
		cmp -s ok2.sif ok3.sif || accepted="$accepted $program:$n"
	done
done
equal "a damaged one never becomes another image" '' "$accepted"
refuse "an empty file" 3 "'/dev/null' is empty|is empty" "$SIF" build out/no.sif /dev/null
: >empty
refuse "an empty stream" 3 "'empty' is empty" "$SIF" build out/no.sif empty
refuse "a writer that died is named in the hint" 3 "look at the program that wrote it" \
	sh -c 'head -c 7000 whole.tar | "$1" build out/no.sif -' sh "$SIF"
refuse "something else" 3 "is not a tar archive" "$SIF" build out/no.sif "$SIF"
printf 'GARBAGE' | cat whole.tar - >tail.tar
"$SIF" build -F ok.sif tail.tar 2>err
equal "bytes behind the end are told" 1 "$(grep -c 'behind the end of the archive were ignored' err)"

# What names may do
cat >names.py <<'END'
import io, sys, tarfile
def one(path, *entries):
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as t:
        for name, kind, data in entries:
            i = tarfile.TarInfo(name)
            i.type = kind
            if kind == tarfile.REGTYPE:
                i.size = len(data)
                t.addfile(i, io.BytesIO(data))
            else:
                i.linkname = data.decode()
                t.addfile(i)
F, L, H, D = tarfile.REGTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE
one("dotdot.tar", ("a/../../x", F, b"x"))
one("root.tar", (".", L, b"/etc"))
one("hard.tar", ("x", H, b"nope"))
one("hardup.tar", ("x", H, b"../../etc/passwd"))
one("harddir.tar", ("d", D, b""), ("x", H, b"d"))
one("parent.tar", ("a", F, b"x"), ("a/b", F, b"x"))
one("loop.tar", ("a", L, b"b"), ("b", L, b"a"), ("a/x", F, b"x"))
one("long.tar", ("n" * 256, F, b""))
one("excluded.tar", ("a", F, b"x"), ("b", H, b"a"))
one("through.tar", ("etc", D, b""), ("abs", L, b"/etc"), ("up", L, b"../../../../etc"), ("abs/one", F, b"1"),
    ("up/two", F, b"2"), ("/absolute", F, b"3"), ("out", L, b"/nowhere/yet"), ("out/three", F, b"4"))
END
python3 names.py
refuse "'..' in a name" 3 "'a/../../x' leaves the image's root" "$SIF" build out/no.sif dotdot.tar
for program in cat gzip; do
	mkfifo pipe
	{ { { cat dotdot.tar; head -c 1000000 /dev/zero; } | $program; exec sleep 30; } >pipe & } 2>/dev/null
	refuse "the same, at once, though the writer stays ($program)" 3 "'a/../../x' leaves" \
		sh -c 'exec timeout 10 "$1" build out/no.sif - <pipe' sh "$SIF"
	kill $! 2>/dev/null
	rm pipe
done
refuse "the root as a link" 3 "entry '.'.*the root of the image is not a directory" "$SIF" build out/no.sif root.tar
refuse "a hard link to nothing" 3 "entry 'x': it is a hard link to 'nope'" "$SIF" build out/no.sif hard.tar
refuse "a hard link out of the image" 3 "entry 'x': '../../etc/passwd' leaves" "$SIF" build out/no.sif hardup.tar
refuse "a hard link to a directory" 3 "a hard link to the directory 'd'" "$SIF" build out/no.sif harddir.tar
refuse "a file as a parent" 3 "'a/b' is not possible: 'a' is not a directory" "$SIF" build out/no.sif parent.tar
refuse "a loop of links" 3 "too many symbolic links" "$SIF" build out/no.sif loop.tar
refuse "a name of 256 bytes" 3 "longer than 255 bytes" "$SIF" build out/no.sif long.tar
refuse "an excluded name of a hard link" 3 "leave out all of its names" "$SIF" build --exclude a out/no.sif excluded.tar
check "links are followed beneath the root" "$SIF" build -q through.sif through.tar
equal "files are where a container would see them" "/absolute /etc/one /etc/two /nowhere/yet/three" \
	"$(unsquashfs -o 32768 -l through.sif | sed -n 's/^squashfs-root//p' | grep -E '(one|two|three|absolute)$' | xargs)"
rm -f ./*.sif ./*.tar ./*.z err names.py empty
settled "nothing is left behind"

# The shared corpus of hostile tars, judged by its own program.
[ -f "${SIF_SHARED:-/nonexistent}/adversarial/tar/tarcases.py" ] ||
	{ skip_one "hostile tars" "../shared is not here"; exit 0; }
mkdir canary tab && echo keep >canary/keep
python3 "$SIF_SHARED/adversarial/tar/tarcases.py" tab "$T/canary" --big >/dev/null
# A plain tar has no whiteouts: .wh.NAME is an ordinary name in it. A pax name
# with a NUL inside comes out of libarchive as what stands before the NUL.
grep -v -e '^wh_' -e '^path_nul_in_pax' tab/cases.tsv >cases && mv cases tab/cases.tsv
check "hostile tars" env WORK="$T/work" python3 "$SIF_SHARED/adversarial/tar/run_tar.py" tab "$T/canary" -- \
	"$SIF" build -q '{dst}' '{tar}'
