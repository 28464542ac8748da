# The hash tree of random builds is the one that veritysetup makes of the
# partition, byte for byte, and veritysetup accepts it. Files that come twice
# make the packer go back over what was hashed already.
# ROUNDS=N takes more of them, SEED=N others.
. "$top_srcdir/tests/lib/e2e.sh"
PATH=$PATH:/usr/sbin:/sbin
need python3 jq veritysetup
cd "$T" || exit 1
object() { "$SIF" object list --json "$1" | jq -r ".objects[] | select(.name == \"$2\" or .partition == \"$2\") | .$3"; }

# same_tree IMAGE: both tools make the same of its primary partition
same_tree() {
	at=$(object "$1" primary offset) size=$(object "$1" primary size)
	tail -c +$((at + 1)) "$1" | head -c "$size" >part
	truncate -s %4096 part
	"$SIF" object dump "$(object "$1" sif.verity.tree id)" "$1" >tree
	root=$("$SIF" object dump "$(object "$1" sif.verity.json id)" "$1" | jq -r .root)
	rm -f theirs
	said=$(veritysetup format --salt - --uuid 00000000-0000-0000-0000-000000000000 part theirs) || return 1
	[ "$(echo "$said" | sed -n 's/^Root hash:[[:space:]]*//p')" = "$root" ] || { echo "another root"; return 1; }
	if [ -s theirs ]; then cmp tree theirs || return 1; fi
	veritysetup verify part tree "$root"
}

seed=${SEED:-1}
last=$((seed + ${ROUNDS:-12} - 1))
while [ "$seed" -le "$last" ]; do
	python3 - "$seed" <<'END'
import io, random, sys, tarfile
r = random.Random(int(sys.argv[1]))
pool = [r.randbytes(r.choice([0, 1, 4095, 4096, 70000, 131072, 400000, 1500000])) for _ in range(6)]
pool += [bytes(n) for n in (5, 131072, 3 << 20)]
with tarfile.open("t.tar", "w") as t:
    for i in range(r.choice([1, 8, 60, 300])):
        data = r.choice(pool) + (bytes([i & 255]) if r.random() < 0.3 else b"")
        e = tarfile.TarInfo("d%d/f%d" % (i % 7, i))
        e.size = len(data)
        t.addfile(e, io.BytesIO(data))
END
	set -- zstd:1 none gzip:1
	shift $((seed % 3))
	check "build $seed" "$SIF" build -qF --compress "$1" -j 3 a.sif t.tar
	"$SIF" build -qF --no-verity --compress "$1" -j 1 b.sif t.tar
	check "build $seed has veritysetup's tree" same_tree a.sif
	"$SIF" build -qF --compress "$1" -j 1 c.sif t.tar
	check "build $seed is the same with one thread" cmp a.sif c.sif
	seed=$((seed + 1))
done
equal "--no-verity leaves both objects out" 0 "$("$SIF" object list b.sif | grep -c verity)"
