# The same input gives the same bytes: on any number of threads, however it is
# compressed, whatever order the directory has.
. "$top_srcdir/tests/lib/e2e.sh"
need python3 unsquashfs gzip xz bzip2 zstd lz4 siftool
cd "$T" || exit 1
cat >tree.py <<'END'
import os, random, sys
rng = random.Random(int(sys.argv[1]))
names = list(range(120))
if sys.argv[3:] == ["backwards"]:
    names.reverse()
contents = {}
for i in sorted(names):  # the same contents in either order
    kind = rng.random()
    size = rng.randrange(3000) if kind < .7 else rng.choice([4095, 4096, 131072, 131073, 262144, rng.randrange(200000)])
    data = rng.randbytes(size) if rng.random() < .5 else bytes([rng.randrange(3)]) * size
    contents[i] = contents[rng.randrange(i)] if i and rng.random() < .2 else data
for i in names:
    d = os.path.join(sys.argv[2], "d%d" % (i % 17), "e%d" % (i % 3))
    os.makedirs(d, exist_ok=True)
    path = os.path.join(d, "f%d" % i)
    with open(path, "wb") as f:
        f.write(contents[i])
    os.utime(path, (1700000000 + i, 1700000000 + i))
for top, dirs, files in os.walk(sys.argv[2]):
    os.utime(top, (1700000000, 1700000000))
END
python3 tree.py 1 one
python3 tree.py 1 two backwards
tar -C one --sort=name --owner=7 --group=8 -cf t.tar .
"$SIF" build -q --jobs 1 want.sif t.tar
same() { check "$1" cmp want.sif "$2"; }
for jobs in 2 3 4 16; do
	"$SIF" build -qF -j $jobs have.sif t.tar
	same "$jobs threads" have.sif
done
"$SIF" build -qF have.sif t.tar
same "a second time" have.sif
"$SIF" build -qF have.sif - <t.tar
same "from standard input" have.sif
cat t.tar | "$SIF" build -qF have.sif -
same "through a pipe" have.sif
{ head -c 100; sleep 0.3; head -c 200000; sleep 0.3; cat; } <t.tar | "$SIF" build -qF have.sif -
same "from a pipe that gives a part of the first header" have.sif
for program in gzip bzip2 xz 'xz --format=lzma' zstd lz4; do
	$program -c <t.tar >t.z
	"$SIF" build -qF have.sif t.z
	same "compressed by $program" have.sif
	$program -c <t.tar | "$SIF" build -qF have.sif -
	same "and from a pipe" have.sif
done
(cd one && gzip -c ../t.tar | { head -c 20000; sleep 0.3; cat; } | "$SIF" build -qF ../have.sif -)
same "from a slow pipe" have.sif

"$SIF" build -q -j 1 one.sif one
"$SIF" build -q -j 4 two.sif two
check "a directory in any order" cmp one.sif two.sif
touch -d @1800000000 one two
SOURCE_DATE_EPOCH=1600000000 "$SIF" build -qF one.sif one
SOURCE_DATE_EPOCH=1600000000 "$SIF" build -qF two.sif two
check "SOURCE_DATE_EPOCH" cmp one.sif two.sif
equal "is the latest time of all" 2020-09-13 \
	"$(TZ=UTC unsquashfs -o 32768 -lln one.sif | awk '{ print $4 }' | grep ^20 | sort -u)"
equal "and the image's" "2020-09-13 12:26:40 +0000 UTC" "$(siftool header one.sif | sed -n 's/^Created At: *//p')"
touch two/d0/e0/f0
SOURCE_DATE_EPOCH=1600000000 "$SIF" build -qF have.sif two
check "other times are cut to it" cmp two.sif have.sif
printf x >>two/d0/e0/f0
SOURCE_DATE_EPOCH=1600000000 "$SIF" build -qF have.sif two
id() { siftool header "$1" | sed -n 's/^ID: *//p'; }
check "another content is another identity" test "$(id two.sif)" != "$(id have.sif)"
refuse "a wrong SOURCE_DATE_EPOCH" 2 "SOURCE_DATE_EPOCH: .*'soon'" env SOURCE_DATE_EPOCH=soon "$SIF" build -F have.sif two

"$SIF" build -qF --deterministic=reference have.sif t.tar
equal "reference: no identity, no time" "0 0" \
	"$(siftool header have.sif | grep -Ec '^(ID|Created At):') $(od -An -tx1 -j48 -N16 have.sif | tr -d ' 0' | wc -w)"

# Every compressor and block size unpacks to the same.
for how in zstd zstd:1 zstd:19 gzip gzip:1 xz lz4 none; do
	"$SIF" build -qF --compress $how have.sif t.tar
	rm -rf u && unsquashfs -q -o 32768 -d u have.sif >/dev/null 2>&1
	for f in .singularity.d .run .exec .test .shell singularity environment dev proc root sys home tmp var etc; do
		rm -rf "u/$f"
	done
	check "--compress $how" diff -r one u
done
for size in 4K 64k 131072 1M; do
	"$SIF" build -qF --block-size $size have.sif t.tar
	rm -rf u && unsquashfs -q -o 32768 -d u have.sif >/dev/null 2>&1
	check "--block-size $size" diff -r one/d3 u/d3
done
equal "is what the image has" 1048576 "$(unsquashfs -o 32768 -s have.sif | sed -n 's/^Block size //p')"
refuse "--compress zstd:23" 2 "the level is 1 to 22" "$SIF" build --compress zstd:23 no.sif t.tar
refuse "--compress brotli" 2 "unknown compressor 'brotli'" "$SIF" build --compress brotli no.sif t.tar
refuse "--block-size 100K" 2 "block size '100K' is not possible" "$SIF" build --block-size 100K no.sif t.tar
refuse "--jobs 0" 2 "--jobs '0' is not between" "$SIF" build -j 0 no.sif t.tar
check "nothing was made" test ! -e no.sif

# More small files than fit into one fragment block, each twice, all of them
# incompressible, with full fragment blocks: equal tails are found and compared.
python3 -c '
import os, random
os.mkdir("tails")
for i in range(600):
    data = random.Random(i % 300).randbytes(2048)
    open("tails/%03d" % i, "wb").write(data)'
"$SIF" build -qF --block-size 4K have.sif tails
rm -rf u && unsquashfs -q -o 32768 -d u have.sif >/dev/null 2>&1
check "equal tails" sh -c 'for f in tails/*; do cmp $f u/${f#tails/} || exit 1; done'
check "are stored once" test "$(stat -c %s have.sif)" -lt 700000
