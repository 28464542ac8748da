# ls, cat, cp, du: what a user sees of an image without mounting it.
. "$top_srcdir/tests/lib/e2e.sh"
need mksquashfs jq
cd "$T" || exit 1

mkdir -p tree/d/e tree/empty
printf 'hello\n' >tree/f
ln tree/f tree/d/again
ln -s d tree/link
ln -s /f tree/d/absolute
ln -s ../../../../f tree/d/up
printf secret >tree/.hidden
truncate -s 3M tree/d/e/hole
printf end >>tree/d/e/hole
chmod 4750 tree/f
touch -d @1000000000 tree/f tree/d
mksquashfs tree a.sqfs -quiet -no-progress -mkfs-time 0 -all-root >/dev/null
cp a.sqfs 'odd:name'

prints "ls" 'd
empty
f
link' "$SIF" ls a.sqfs
prints "ls of a directory" 'absolute
again
e
up' "$SIF" ls a.sqfs:/d
prints "ls through a link" 'absolute
again
e
up' "$SIF" ls a.sqfs:link/
prints "ls -a shows hidden names" '.hidden' sh -c '"$SIF" ls -a a.sqfs | head -n 1'
prints "ls -l" '-rwsr-x---   2     0     0            6 2001-09-09T01:46:40Z f' sh -c '"$SIF" ls -l a.sqfs | grep " f\$"'
prints "ls -l shows a link" '/link -> d' sh -c '"$SIF" ls -l a.sqfs:/link | sed "s/.*Z //"'
prints "ls -R" 9 sh -c '"$SIF" ls -R a.sqfs | wc -l'
prints "ls --json" '["4750",6,2]' sh -c '"$SIF" ls --json a.sqfs:f | jq -c ".[0] | [.mode, .size, .links]"'
mkdir latin
odd=$(printf 'latin/\303\251-\377\201')
: >"$odd"
ln -s "$(printf 'to-\376')" latin/link
mksquashfs latin odd.sqfs -quiet -no-progress >/dev/null
# shellcheck disable=SC2016 # jq's variable
prints "ls --json: a name that is no UTF-8 is told in full" "$(printf '\303\251-\357\277\275\357\277\275 c3a92dff81')" \
	sh -c '"$SIF" ls --json odd.sqfs | jq -r ".[] | select(.type == \"file\") | .path + \" \" + .path_bytes"'
prints "ls --json: a link's target, too" '[false,"746f2dfe"]' \
	sh -c '"$SIF" ls -l --json odd.sqfs:link | jq -c ".[0] | [has(\"path_bytes\"), .target_bytes]"'
prints "du --json: so does this" '"2fff"' sh -c 'mkdir latin/"$(printf "\377")" && mksquashfs latin odd2.sqfs -quiet -no-progress >/dev/null &&
	"$SIF" du --json odd2.sqfs | jq ".[] | .path_bytes // empty"'
prints "a file's name with a colon" 'hello' "$SIF" cat 'odd:name:/f'
refuse "a path that is not there" 1 "there is no '/g' in image 'a.sqfs'" "$SIF" ls a.sqfs:/g
refuse "an image that is not there" 3 "'b.sqfs'" "$SIF" ls b.sqfs:/
printf 'not an image, but long enough to be looked at %0200d' 0 >junk
refuse "a file that is no image" 3 "'junk': not a SquashFS" "$SIF" ls junk

prints "cat" hello "$SIF" cat a.sqfs:/f
prints "cat through an absolute link stays in the image" hello "$SIF" cat a.sqfs:/d/absolute
prints "cat through .. stays in the image" hello "$SIF" cat a.sqfs:/d/up
refuse "cat of a directory" 2 "is not a file" "$SIF" cat a.sqfs:/d
refuse "cat into a full disk" 3 "standard output" sh -c '"$SIF" cat a.sqfs:/d/e/hole >/dev/full'

prints "du" "$(printf '3145743\t/')" "$SIF" du -s a.sqfs
prints "du -h" "$(printf '3.0M\t/d/e')" "$SIF" du -sh a.sqfs:/d/e
prints "du --json" 3145731 sh -c '"$SIF" du --json a.sqfs | jq ".[] | select(.path == \"/d/e\") .bytes"'

check "cp of a file" "$SIF" cp a.sqfs:/f .
equal "its mode without setuid, and its time" '750 1000000000' "$(stat -c '%a %Y' f)"
check "cp replaces a file" "$SIF" cp a.sqfs:/.hidden f
equal "with the other one" secret "$(cat f)"
refuse "cp of a directory needs -r" 2 'is a directory' "$SIF" cp a.sqfs:/d copy
check "cp -r" "$SIF" cp -r a.sqfs:/ copy
check "the copy is the tree" diff -r --no-dereference tree copy
equal "names of one file stay so" "$(stat -c %i copy/f)" "$(stat -c %i copy/d/again)"
check "holes stay holes" test "$(stat -c %b copy/d/e/hole)" -lt 100
equal "a directory's time" 1000000000 "$(stat -c %Y copy/d)"
refuse "cp -r writes into nothing that exists" 3 "'copy/d'|exists" "$SIF" cp -r a.sqfs:/d copy
mkdir elsewhere
ln -s elsewhere copy2
check "cp -r into a link to a directory makes a new name there" "$SIF" cp -r a.sqfs:/d copy2
check "and only there" test -d elsewhere/d
ln -s nowhere dangling
refuse "cp -r does not follow a link that leads nowhere" 3 "exists" "$SIF" cp -r a.sqfs:/d dangling
check "nothing was made there" test ! -e nowhere

unpack() {
	mkdir "$1"
	"$(dirname "$SIF")/../libexec/sif/sif-read" unpack --image-fd 3 --size "$(stat -c %s a.sqfs)" --into-fd 4 3<a.sqfs 4<"$1"
}
check "unpack below a descriptor" unpack out
check "it is the tree" diff -r --no-dereference tree out
refuse "unpack into what is not empty" 3 'cannot make' sh -c "$(dirname "$SIF")/../libexec/sif/sif-read unpack \
	--image-fd 3 --size $(stat -c %s a.sqfs) --into-fd 4 3<a.sqfs 4<out"

add() { "$SIF" object add --datatype partition --partarch amd64 --parttype "$1" --partfs "$2" a.sif "$3"; }
check "a SIF" "$SIF" object new a.sif
refuse "one without a partition" 3 "'a.sif' has no primary partition" "$SIF" ls a.sif
check "with a partition that is not the primary one" add data squashfs junk
check "and one that is" add primary squashfs a.sqfs
prints "cat from its primary partition" hello "$SIF" cat a.sif:/f
equal "ls of it" "$("$SIF" ls -lR a.sqfs)" "$("$SIF" ls -lR a.sif)"
check "another SIF" "$SIF" object new --force a.sif
check "whose file system is ext3" add primary ext3 a.sqfs
refuse "says so" 3 "is not SquashFS but Ext3" "$SIF" ls a.sif
