# sif verity: trees for images of other programs, and damage found by them.
. "$top_srcdir/tests/lib/e2e.sh"
need jq mksquashfs
cd "$T" || exit 1
mkdir tree && head -c 900000 /dev/urandom >tree/big
mksquashfs tree plain.sqfs -quiet -no-progress -noappend -nopad -all-root >/dev/null
new_image() { # as another program would make it: no tree
	rm -f "$1"
	"$SIF" object new "$1" &&
		"$SIF" object add --datatype partition --partfs squashfs --parttype primary --partarch amd64 \
			--groupid 1 "$1" plain.sqfs
}
new_image a.sif
refuse "an image without a tree" 1 'has no hash tree' "$SIF" verity check a.sif
check "add" "$SIF" verity add a.sif
check "check" "$SIF" verity check a.sif
refuse "a second tree is not added" 1 'already' "$SIF" verity add a.sif
equal "tree and JSON are in the partition's group" '1 1 1' \
	"$("$SIF" object list --json a.sif | jq -r '[.objects[].group | tostring] | join(" ")')"
equal "the partition's bytes are the same" "$(sha256sum <plain.sqfs)" "$("$SIF" object dump 1 a.sif | sha256sum)"

at=$("$SIF" object list --json a.sif | jq '.objects[0].offset')
cp a.sif b.sif
printf X | dd of=b.sif bs=1 seek=$((at + 500000)) conv=notrunc 2>/dev/null
refuse "a changed byte" 1 "error\[verify\]: 'b.sif' is damaged: block 122 " "$SIF" verity check b.sif
cp a.sif b.sif
tree=$("$SIF" object list --json a.sif | jq '.objects[1].offset')
printf X | dd of=b.sif bs=1 seek=$((tree + 4096 + 50)) conv=notrunc 2>/dev/null
refuse "a changed byte of the tree" 1 "'b.sif' is damaged: block of the hash tree 1 " "$SIF" verity check b.sif
printf X | dd of=b.sif bs=1 seek=$((tree + 9)) conv=notrunc 2>/dev/null
refuse "a changed superblock" 3 "superblock" "$SIF" verity check b.sif

refuse "no such object" 1 'object 9 not found' "$SIF" verity add -i 9 a.sif
refuse "an object that is no partition" 2 'no partition' "$SIF" verity add -i 2 a.sif
"$SIF" object new empty.sif
refuse "nothing to add to" 1 'no partition that is run' "$SIF" verity add empty.sif
: >void
"$SIF" object add --datatype partition --partfs squashfs --parttype primary --partarch amd64 --groupid 1 empty.sif void
refuse "an empty partition" 3 'no hash tree over 0 bytes' "$SIF" verity add empty.sif

# A signature over the group keeps its bytes and its group.
printf sig >sig
new_image c.sif
"$SIF" object add --datatype signature --signhash 1 --signentity 12045C8C0B1004D058DE4BEDA20C27EE7FF7BA84 \
	--link-group 1 c.sif sig
"$SIF" object info 2 c.sif >before
check "add to a signed group" "$SIF" verity add c.sif
"$SIF" object info 2 c.sif >after
check "the signature is as it was" cmp before after
equal "tree and JSON have a group of their own" '1 null 2 2' \
	"$("$SIF" object list --json c.sif | jq -r '[.objects[].group | tostring] | join(" ")')"
equal "which names the partition's digest" "sha256:$(sha256sum <plain.sqfs | cut -d' ' -f1)" \
	"$("$SIF" object dump 4 c.sif | jq -r .partition.digest)"
check "and its tree holds" "$SIF" verity check c.sif
if command -v siftool >/dev/null; then
	check "siftool lists it" siftool list c.sif
else
	skip_one "siftool lists it" "siftool is not installed"
fi
"$SIF" build -q d.sif tree
check "the tree of a build" "$SIF" verity check d.sif
chmod 444 a.sif
"$SIF" build -qF --no-verity e.sif tree && chmod 444 e.sif
refuse "an image that may not be written" 3 'e.sif' "$SIF" verity add e.sif
