# Random trees: what a tar says is what the image shows to unsquashfs, whatever
# the compressor, the block size and the number of threads.
# ROUNDS=N takes more of them, SEED=N others.
. "$top_srcdir/tests/lib/e2e.sh"
need python3 unsquashfs
cd "$T" || exit 1
TZ=UTC LC_ALL=C.UTF-8
export TZ LC_ALL
tree() { python3 "$top_srcdir/tests/lib/tartree.py" "$@"; }
seed=${SEED:-1}
last=$((seed + ${ROUNDS:-20} - 1))
bad=
while [ "$seed" -le "$last" ]; do
	set -- zstd:3 gzip:1 xz lz4 none
	shift $((seed % 5))
	how=$1
	set -- 4K 16K 128K 1M
	shift $((seed % 4))
	size=$1
	tree random t.tar "$seed"
	"$SIF" build -qF --compress "$how" --block-size "$size" -j 3 a.sif t.tar || bad="$bad $seed:build"
	"$SIF" build -qF --compress "$how" --block-size "$size" -j 1 b.sif t.tar
	cmp -s a.sif b.sif || bad="$bad $seed:threads"
	tree want t.tar >want
	unsquashfs -o 32768 -lln a.sif | tree have t.tar >have
	cmp -s want have || { bad="$bad $seed:listing"; diff -a want have | head -n 5; }
	rm -rf u
	unsquashfs -q -n -o 32768 -d u a.sif >/dev/null 2>&1
	# contents, from the tar: the last entry of each name
	python3 - "$T" <<'END' || bad="$bad $seed:contents"
import os, sys, tarfile
want = {}
with tarfile.open("t.tar", encoding="utf-8", errors="surrogateescape") as t:
    for m in t:
        name = m.name.strip("/")
        if m.isreg():
            want[name] = t.extractfile(m).read()
        elif m.islnk() and m.linkname in want:
            want[name] = want[m.linkname]
bad = 0
for name, data in want.items():
    path = os.path.join("u", name)
    try:
        have = open(path, "rb").read()
    except OSError as why:
        have = why
    if have != data:
        print("differs:", ascii(name))
        bad = 1
sys.exit(bad)
END
	seed=$((seed + 1))
done
equal "random trees" '' "$bad"
