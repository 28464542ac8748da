# SIF files of other tools: what their listings print, we print; golden outputs
# of the reference tool, byte for byte.
. "$top_srcdir/tests/lib/e2e.sh"
need_shared

golden=$SIF_SHARED/interop-data/golden/siftool
images=$SIF_SHARED/interop-data/sif/sylabs-sif
ln -s "$SIF" "$T/apptainer"
rt() { "$T/apptainer" sif "$@"; }

# The image of a golden output: TwoGroupsSignedPGP = two-groups-signed-pgp.sif
image_of() {
	case $1 in
	*SBOM) echo one-object-sbom ;;
	*OCIBlob) echo one-object-oci-blob ;;
	*OCIRootIndex) echo one-object-oci-root-index ;;
	*GenericJSON) echo one-object-generic-json ;;
	EmptyID) echo empty-id ;;
	*SignedPGP) echo "$(image_of "${1%SignedPGP}")-signed-pgp" ;;
	*) printf '%s\n' "$1" | sed 's/\([A-Z]\)/-\1/g; s/^-//' | tr 'A-Z' 'a-z' ;;
	esac
}

same() { # same NAME GOLDEN-FILE CMD...
	same_name=$1 same_file=$2
	shift 2
	"$@" >"$T/got" 2>"$T/said"
	if cmp -s "$same_file" "$T/got"; then
		ok "$same_name"
	else
		fail "$same_name" "$(diff "$same_file" "$T/got" | head; cat "$T/said")"
	fi
}

for file in "$golden"/TestApp_List/*.golden; do
	name=$(basename "$file" .golden)
	same "list $name" "$file" rt list "$images/$(image_of "$name").sif"
done
for file in "$golden"/TestApp_Header/*.golden; do
	name=$(basename "$file" .golden)
	same "header $name" "$file" rt header "$images/$(image_of "$name").sif"
done
info() { same "info $1" "$golden/TestApp_Info/$1.golden" rt info "$2" "$images/$3.sif"; }
info CryptMessage 1 one-object-crypt-message
info DataPartitionRaw 1 two-groups-signed-pgp
info DataPartitionSquashFS 2 two-groups-signed-pgp
info DataPartitionEXT3 3 two-groups-signed-pgp
info DataSignature 4 two-groups-signed-pgp
info GenericJSON 1 one-object-generic-json
info OCIBlob 1 one-object-oci-blob
info OCIRootIndex 1 one-object-oci-root-index
info SBOM 1 one-object-sbom
info Time 1 one-object-time
same "dump One" "$golden/TestApp_Dump/One.golden" rt dump 1 "$images/one-group-signed-pgp.sif"
same "dump Two" "$golden/TestApp_Dump/Two.golden" rt dump 2 "$images/one-group-signed-pgp.sif"

# The same steps as the reference's, through the command line.
mk() { "$SIF" object new --deterministic=reference "$@"; }
add() { "$SIF" object add --deterministic=reference "$@"; }
writer=$SIF_SHARED/interop-data/golden/writer
w2() {
	mk "$T/w2.sif" || return 1
	for each in a b c; do
		printf %s%s%s%s $each $each $each $each |
			add --datatype generic --groupid 1 --filename $each "$T/w2.sif" - || return 1
	done
	"$SIF" object delete --deterministic=reference 2 "$T/w2.sif" && cat "$T/w2.sif"
}
same "new, add and delete give the reference's bytes" "$writer/w2-del-middle.sif" w2
w4() {
	mk "$T/w4.sif" && printf aaaa | add --datatype 7 --groupid 1 "$T/w4.sif" - &&
		printf pppp | add --datatype 4 --partfs raw --parttype data --partarch arm64 --groupid 1 "$T/w4.sif" - &&
		"$SIF" object delete --compact 2 "$T/w4.sif" && cat "$T/w4.sif"
}
same "a deterministic image stays deterministic" "$writer/w4-del-last-compact.sif" w4
w1() {
	mk --capacity 2 "$T/w1.sif" && printf 'bootstrap: scratch\n' | add --datatype 1 --groupid 1 "$T/w1.sif" - &&
		printf 0123456789 | add --datatype 4 --partfs 1 --parttype 2 --partarch 2 --groupid 1 "$T/w1.sif" - &&
		cat "$T/w1.sif"
}
same "few descriptors give the reference's bytes" "$writer/w1-two-descr-capacity.sif" w1
refuse "a full table is refused" 2 'no free descriptor' "$SIF" object add --datatype 7 "$T/w1.sif" "$top_srcdir/tests/lib/e2e.sh"
same "and left as it was" "$writer/w1-two-descr-capacity.sif" cat "$T/w1.sif"
