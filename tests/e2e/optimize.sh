# sif optimize: the same tree in another order, a list that the server reads
# ahead, and nothing written when the command fails.
. "$top_srcdir/tests/lib/e2e.sh"
need_fuse
need unsquashfs jq python3 setfattr siftool
small_tree "$T/tree"
cd "$T" || exit 1

# Files of several blocks, of one, with holes, of names with blanks, with two
# names, equal ones, one that is read in its middle only.
mkdir tree/data
for name in a b c d; do
	head -c 300000 /dev/urandom >"tree/data/$name"
	echo "small $name" >"tree/data/tiny $name"
done
cp tree/data/a tree/data/same
ln tree/data/b tree/data/link
ln "tree/data/tiny c" tree/data/tinylink
truncate -s 700000 tree/data/hole
printf end >>tree/data/hole
head -c 3000000 /dev/urandom >tree/data/middle
: >tree/data/empty
setfattr -n user.color -v blue tree/data/d 2>/dev/null || skip_one "attributes" "no user.* in $T"
touch -d 2001-02-03T04:05:06 tree/data/c tree/data
chmod 4751 tree/data/d
check "build" "$SIF" -q build in.sif tree
part_of() { "$SIF" object list --json "$1" | jq '.objects[] | select(.type == "partition") | .id'; }
list_of() { "$SIF" object list --json "$1" | jq '.objects[] | select(.name == "sif.hot") | .id'; }

read_them='cd /data && cat d "tiny d" hole b "tiny a" && dd if=middle bs=4096 skip=400 count=1 && cat "tiny c"'
wanted=$( (cd tree/data && cat d "tiny d" hole b "tiny a" && dd if=middle bs=4096 skip=400 count=1 2>/dev/null &&
	cat "tiny c") | cksum)
"$SIF" optimize in.sif out.sif -- sh -c "$read_them" >said 2>err
equal "the command's exit status" 0 $?
equal "the command's output is shown" "$wanted" "$(cksum <said)"
check "a line says what was done" grep -Eq '^out.sif: [0-9]+ blocks of [0-9]+ files come first, in [0-9.]+ of' err

# The tree, to the reader of others.
for image in in out; do
	"$SIF" object dump "$(part_of $image.sif)" $image.sif >$image.sqfs
	# without the inodes' order: sizes, owners, modes, times, names, targets
	unsquashfs -lln $image.sqfs | sort >$image.list
	unsquashfs -q -n -no-progress -d $image.dir $image.sqfs >/dev/null 2>&1
done
check "names, modes, owners, sizes and times are the same" cmp in.list out.list
check "contents are the same" diff -r --no-dereference in.dir out.dir
equal "two names of one file stay so" \
	"$(stat -c '%h %i' in.dir/data/b | cut -d' ' -f1) $(stat -c %i out.dir/data/b)" \
	"$(stat -c %h out.dir/data/link) $(stat -c %i out.dir/data/link)"
equal "holes stay holes" "$(stat -c %b in.dir/data/hole)" "$(stat -c %b out.dir/data/hole)"
equal "attributes stay" "$(getfattr -d -m user in.dir/data/d | tail -n +2)" \
	"$(getfattr -d -m user out.dir/data/d | tail -n +2)"
equal "compressor and block size stay" "$(unsquashfs -s in.sqfs | grep -E '^(Compression|Block size)|level')" \
	"$(unsquashfs -s out.sqfs | grep -E '^(Compression|Block size)|level')"
check "the hash tree is right" "$SIF" verity check out.sif
check "the reference's tool lists it" siftool list out.sif
siftool dump "$(list_of out.sif)" out.sif >list
equal "the list's magic" sif-hot "$(head -c 7 list)"

# Where the contents stand: the list's blocks are in its range, which has the
# files that were read and not the others. (od: u32 at 8 version, u32 at 12 n,
# u64 at 24 and 32 the range, entries from 40 on.)
number() { od -An -tu"$3" -j"$2" -N"$3" "$1" | tr -d ' '; }
start=$(number list 24 8) size=$(number list 32 8)
equal "the list's length" $((40 + 12 * $(number list 12 4))) "$(stat -c %s list)"
read_bytes=$((4 * 300000 + 3000000))
if [ "$size" -gt $((300000 * 2 + 3000000)) ] && [ "$size" -lt $((read_bytes + $(stat -c %s tree/bin/busybox))) ]; then
	ok "the range has what was read, and little else"
else
	fail "the range has what was read, and little else" "$size bytes from $start on"
fi
# Random bytes are stored as they are: d was read before b before middle.
places() { python3 -c 'import sys
image = open(sys.argv[1], "rb").read()
print(*[image.find(open("tree/data/" + n, "rb").read(64)) for n in sys.argv[2:]], sep="\n")' "$@"; }
places out.sqfs d b middle a >found
sort -n found >sorted
check "files stand in the order of the reads" cmp found sorted

# It runs, that command and another one, and from an empty cache and again.
for turn in 1 2; do
	equal "the command runs, $turn" "$wanted" "$("$SIF" exec --no-share out.sif sh -c "$read_them" 2>/dev/null | cksum)"
done
equal "another command runs" "$(cat tree/data/a tree/data/c tree/data/link tree/data/same tree/data/tinylink | cksum)" \
	"$("$SIF" exec out.sif sh -c 'cd /data && cat a c link same tinylink' | cksum)"
equal "everything can be read" "$(cd tree && cat data/* bin/busybox etc/os-release | cksum)" \
	"$("$SIF" exec --no-share out.sif sh -c 'cd / && cat data/* bin/busybox etc/os-release' | cksum)"

check "for another command" "$SIF" -q optimize in.sif again.sif -- cat /data/a /data/middle
check "in place, of one that was optimized" "$SIF" -q optimize --force again.sif again.sif cat /data/c
equal "it has one list" 1 "$(list_of again.sif | wc -l)"
prints "it runs" "small b" "$SIF" exec again.sif cat '/data/tiny b'

# A damaged list is a line in the log and nothing else.
id=$(list_of out.sif)
at=$("$SIF" object list --json out.sif | jq ".objects[] | select(.id == $id) | .offset")
cp out.sif lies.sif
printf '\377\377\377\377\377\377\377\377' | dd of=lies.sif bs=1 seek=$((at + 40)) conv=notrunc 2>/dev/null
prints "a list that lies is harmless" "small b" "$SIF" exec --no-share lies.sif cat '/data/tiny b'
printf '\377' | dd of=lies.sif bs=1 seek=$((at + 8)) conv=notrunc 2>/dev/null
prints "one of another version is passed over" "small b" "$SIF" exec --no-share lies.sif cat '/data/tiny b'
check "without the list it runs as well" "$SIF" object delete "$id" out.sif
prints "indeed" "small b" "$SIF" exec out.sif cat '/data/tiny b'

# A signature over bytes that change.
cp in.sif signed.sif
printf sig >sig
"$SIF" object add --datatype signature --signhash 1 --signentity 12045C8C0B1004D058DE4BEDA20C27EE7FF7BA84 \
	--link-group 1 signed.sif sig
check "a signed image" "$SIF" optimize signed.sif unsigned.sif -- true
cp "$T/.err" said
check "it says that the signature is gone" grep -q "1 signature of 'signed.sif' cannot hold" said
equal "it is gone" 0 "$("$SIF" object list --json unsigned.sif | jq '[.objects[] | select(.type == "signature")] | length')"

# Refused, with nothing written.
rm -f none.sif
refuse "a command that fails" 7 "'none.sif' was not written: the command ended with status 7" \
	"$SIF" optimize in.sif none.sif -- sh -c 'exit 7'
refuse "a command that is not there" 127 "status 127" "$SIF" optimize in.sif none.sif -- /nope
refuse "a command that a signal ends" 137 "status 137" "$SIF" optimize in.sif none.sif -- sh -c 'kill -9 $$'
refuse "an image that is not there" 3 "nope.sif" "$SIF" optimize nope.sif none.sif -- true
refuse "no SIF" 3 "" "$SIF" optimize in.sqfs none.sif -- true
refuse "a directory" 2 "is not a file" "$SIF" optimize tree none.sif -- true
refuse "no command" 2 "which command" "$SIF" optimize in.sif none.sif
refuse "no image" 2 "which images" "$SIF" optimize in.sif
refuse "nowhere to write" 3 "nowhere" "$SIF" optimize in.sif nowhere/none.sif -- true
check "nothing was written" test ! -e none.sif
cp in.sif kept.sif
refuse "an image that is there" 2 "'kept.sif' exists already" "$SIF" optimize in.sif kept.sif -- true
check "it is as it was" cmp in.sif kept.sif
refuse "where images are unpacked" 3 "nothing was read through the image server" \
	env SIF_UNSQUASH=1 "$SIF" optimize in.sif none.sif -- true
refuse "the helper's half, by hand" 2 "not by hand" "$(dirname "$SIF")/../libexec/sif/sif-pack" repack in.sif none.sif
