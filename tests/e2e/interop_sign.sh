# Signatures of other programs: every signed image of the shared test data has
# the verdict that its index says.
. "$top_srcdir/tests/lib/e2e.sh"
need_shared
need gpgv
data=$SIF_SHARED/interop-data
images=$data/sif
keys=$data/keys/sylabs-sif
pgp_a="--keyring $data/keys/sylabs-sif/pgp-public.asc"
pgp_b="--keyring $data/keys/apptainer/pgp-public.asc"

# good IMAGE WORD...; bad IMAGE PATTERN WORD...
good() {
	image=$1
	shift
	check "verified: $image $(echo "$*" | sed "s,$data/,,g")" "$SIF" verify "$@" "$data/$image"
}
bad() {
	image=$1 pattern=$2
	shift 2
	refuse "not verified: $image $(echo "$*" | sed "s,$data/,,g")" 1 "$pattern" "$SIF" verify "$@" "$data/$image"
}
# shellcheck disable=SC2086 # pgp_a, pgp_b are two words
{
	bad sif/sylabs-sif/empty.sif 'no groups found' $pgp_a
	for each in generic-json crypt-message sbom oci-root-index oci-blob time; do
		bad "sif/sylabs-sif/one-object-$each.sif" 'signature not found for object group 1' $pgp_a
	done
	bad sif/sylabs-sif/one-group.sif 'signature not found for object group 1' $pgp_a
	good sif/sylabs-sif/one-group-signed-pgp.sif $pgp_a
	good sif/sylabs-sif/two-groups-signed-pgp.sif $pgp_a
	good sif/sylabs-sif/two-groups-signed-pgp.sif $pgp_a --group-id 2
	good sif/sylabs-sif/two-groups-signed-pgp.sif $pgp_a --sif-id 1
	bad sif/sylabs-sif/one-group-signed-pgp.sif 'signed by unknown key 12045C8C0B1004D058DE4BEDA20C27EE7FF7BA84' $pgp_b
	bad sif/sylabs-sif/one-group-signed-pgp.sif 'OpenPGP signature' --key "$keys/rsa-public.pem"
	for each in sylabs-sif/one-group sylabs-sif/two-groups apptainer/one-group singularity/one-group singularity/two-groups; do
		[ -f "$images/$each-signed-dsse.sif" ] || continue
		good "sif/$each-signed-dsse.sif" --key "$keys/rsa-public.pem"
		good "sif/$each-signed-dsse.sif" --key "$keys/ed25519-public.pem"
		bad "sif/$each-signed-dsse.sif" 'unknown key' --key "$keys/ecdsa-public.pem"
		good "sif/$each-signed-dsse.sif" --key "$keys/ecdsa-public.pem" --key "$keys/rsa-public.pem"
	done
	good sif/apptainer/one-group-signed-pgp.sif $pgp_b
	good own/own-one-group-sha384-rsa.sif $pgp_a
	good own/dsse-ecdsa.sif --key "$keys/ecdsa-public.pem"
	bad sif/apptainer/busybox_amd64.sif 'signed by unknown key 1137E72E6816BFC06D9CAA0D15F3F4F4F14B03B2' $pgp_b

	for each in sylabs-sif apptainer; do
		dir=sif/$each ring=$pgp_a
		[ "$dir" = sif/sylabs-sif ] || ring=$pgp_b
		[ -f "$data/$dir/one-group-signed-legacy.sif" ] || continue
		bad $dir/one-group-signed-legacy.sif 'signature not found for object group 1' $ring
		good $dir/one-group-signed-legacy.sif $ring --legacy-insecure
		good $dir/one-group-signed-legacy.sif $ring --legacy-insecure --sif-id 2
		bad $dir/one-group-signed-legacy.sif 'signature not found for object group 1' $ring --legacy-insecure --group-id 1
		bad $dir/one-group-signed-legacy.sif 'signature not found for object 1' $ring --legacy-insecure --all
		good $dir/one-group-signed-legacy-group.sif $ring --legacy-insecure --group-id 1
		good $dir/one-group-signed-legacy-all.sif $ring --legacy-insecure --all
	done
	good sif/sylabs-sif/two-groups-signed-legacy-group.sif $pgp_a --legacy-insecure --group-id 1
	bad sif/sylabs-sif/two-groups-signed-legacy-group.sif 'signature not found for object group 2' $pgp_a --legacy-insecure --group-id 2
	bad sif/sylabs-sif/two-groups-signed-legacy-all.sif 'signature not found for object 3' $pgp_a --legacy-insecure --all
}
