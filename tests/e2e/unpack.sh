# Unpacked images: one unpacker at a time, and nothing grows without a limit.
. "$top_srcdir/tests/lib/e2e.sh"
need_userns
need busybox
small_image >/dev/null || exit 1
cd "$T" || exit 1
export SIF_TMPDIR="$T/store" XDG_CONFIG_HOME="$T/config"
mkdir -p store config/sif
store=$T/store/sif-$(id -u)/unpacked
for name in a b c d; do
	mkdir -p tree/odd && echo "$name" >tree/name && : >tree/odd/file
	mkdir -p tree/bin tree/dev tree/etc tree/proc tree/sys tree/tmp
	cp "$IMAGES/small.dir/bin/busybox" tree/bin/busybox
	for applet in cat sleep sh true; do ln -sf busybox "tree/bin/$applet"; done
	chmod 555 tree/odd
	"$SIF" build -q $name.sif tree || exit 1
	chmod 755 tree/odd
done
run() { "$SIF" exec --unsquash "$@"; }
# the trees that are there, by the names in them
there() { cat "$store"/*/name 2>/dev/null | sort | tr -d '\n'; }
limit() { echo "unpack limit = $1" >config/sif/sif.conf; }

run a.sif cat /name >out 2>said
equal 'unpacked' a "$(cat out)"
check 'with the reason' grep -q "'a.sif' is unpacked to '$store/.*--unsquash" said
run a.sif cat /name 2>again
equal 'once' '' "$(cat again)"
size=$(sed -n 's/^bytes //p' "$store"/*.use)
check 'its size is known' test "$size" -gt "$(stat -c %s tree/bin/busybox)"
equal 'nobody else may look' 700 "$(stat -c %a "$store")"

for i in 1 2 3 4; do run b.sif cat /name >"out.$i" 2>"err.$i" & done
wait
equal 'four at once' bbbb "$(cat out.? | tr -d '\n')"
equal 'one of them unpacks' 1 "$(cat err.? | grep -c 'is unpacked')"

# room for two and a half
limit $((size * 5 / 2))
run a.sif true
prints 'a third one' c run c.sif cat /name
equal 'the one used longest ago made room, read-only directories and all' ac "$(there)"

# in use: by a mount; as the lower layer of an overlay; in a pid namespace
hold() { # hold IMAGE OPTION...
	image=$1
	shift
	rm -f up
	"$SIF" exec --unsquash --bind "$T:/tmp" "$@" "$image" sh -c 'echo up >/tmp/up; while [ ! -e /tmp/end ]; do sleep 0.1; done; cat /name' >"held.$image" 2>&1 &
	for _ in $(seq 100); do [ -s up ] && return; sleep 0.1; done
}
hold a.sif
hold c.sif --writable-tmpfs
refuse 'no room: all are in use' 125 "error\[environment\].*limit of .*MiB" run d.sif true
refuse 'the key is named' 125 "^hint: 'unpack limit' in sif.conf" run d.sif true
equal 'nothing was taken away' ac "$(there)"
: >end
wait
equal 'they had their root to the end' 'ac' "$(cat held.a.sif held.c.sif | tr -d '\n')"
rm end
check 'then there is room' run d.sif true
equal 'for one' cd "$(there)"
hold c.sif --pid
run d.sif true
check 'again' run b.sif true
equal 'one in use stays, though it is the older one' bc "$(there)"
: >end
wait
rm end

limit 1M
refuse 'larger than the limit' 125 'limit of 1 MiB' run d.sif true
limit 10G

# what nobody needs any more
mkdir -p "$store/12-34.part/sub"
: >"$store/12-34.part/sub/file"
chmod 555 "$store/12-34.part/sub"
b=$(grep -l '^b$' "$store"/*/name)
c=$(grep -l '^c$' "$store"/*/name)
b=$(dirname "$b") c=$(dirname "$c")
echo "job $(dirname "$(find /sys/fs/cgroup -maxdepth 1 -mindepth 1 | head -n 1)")/job_0" >>"$b.use"
echo "job /nowhere/slurm/job_0" >>"$c.use"
check 'an unpacking' run d.sif true
check 'what was begun and not finished is removed' test ! -e "$store/12-34.part"
check 'a tree of a job that is over' test ! -e "$b"
check 'with its record' test ! -e "$b.use"
check 'not one of a job of which nobody knows' test -e "$c"

# another file under the same name
cp b.sif x.sif
prints 'a copy' b run x.sif cat /name
cp a.sif x.sif
prints 'written over: the new contents' a run x.sif cat /name
chmod -R u+rwX "$T/store" && rm -rf "$T/store"
