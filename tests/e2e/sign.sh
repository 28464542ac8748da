# sif sign, sif verify, sif key: what a user types, and what others make of it.
. "$top_srcdir/tests/lib/e2e.sh"
need jq openssl mksquashfs
cd "$T" || exit 1
mkdir tree && echo text >tree/file && head -c 300000 /dev/urandom >tree/big
"$SIF" build -q built.sif tree
new() { cp -f built.sif "$1"; }

# The first time.
new a.sif
refuse "without a key" 2 "you have no key.*|sif key new" "$SIF" sign a.sif
check "key new" "$SIF" key new
equal "a private key is its owner's alone" 600 "$(stat -c %a "$HOME/.config/sif/keys/default.pem")"
refuse "a key is not made twice" 2 "a key 'default' already" "$SIF" key new
refuse "not yet signed" 1 'signature not found for object group 1' "$SIF" verify a.sif
check "sign" "$SIF" sign a.sif
check "verify" "$SIF" verify a.sif
equal "it says by whom, and what" "1 1 1" "$(grep -c 'good, by ed25519 key SHA256:' "$T/.out") $(grep -c '^hash tree' "$T/.out") $(grep -c '^a.sif: verified$' "$T/.out")"
"$SIF" verify --json a.sif >json
equal "the same as JSON" 'true good [1,2,3,4] [2] null' "$(jq -r '"\(.verified) \(.signatures[0].verdict) \(.signatures[0].verified) \(.hash_trees) \(.error)"' <json)"

# OpenSSL is the oracle of our signatures, and we of its keys.
object() { "$SIF" object list --json "$1" | jq -r ".objects[] | select(.type == \"$2\") | .id" | tail -n 1; }
envelope_holds() { # IMAGE PUBLIC_KEY: openssl accepts the envelope's signature
	"$SIF" object dump "$(object "$1" signature)" "$1" >envelope || return 1
	jq -r .payload envelope | base64 -d >payload
	jq -r '.signatures[0].sig' envelope | base64 -d >sig
	{ printf 'DSSEv1 40 application/vnd.sylabs.sif-metadata+json %d ' "$(wc -c <payload)"; cat payload; } >pae
	if grep -q ed25519 "$2.kind"; then
		openssl pkeyutl -verify -pubin -inkey "$2" -rawin -in pae -sigfile sig
	else
		openssl dgst -sha256 -verify "$2" -signature sig pae
	fi
}
for kind in ed25519 ecdsa-p256 ecdsa-p384 ecdsa-p521 rsa-2048; do
	check "key new --type $kind" "$SIF" key new --no-trust --type $kind k-$kind
	"$SIF" key export k-$kind >k.pub
	echo $kind >k.pub.kind
	new b.sif
	check "$kind: sign" "$SIF" sign --key k-$kind b.sif
	check "$kind: openssl accepts it" envelope_holds b.sif k.pub
	check "$kind: verify" "$SIF" verify --key k.pub b.sif
	refuse "$kind: not trusted" 1 'unknown key' "$SIF" verify b.sif
	if [ $kind != ed25519 ] && command -v ssh-keygen >/dev/null; then
		equal "$kind: the key id is ssh-keygen's" "$(ssh-keygen -i -m PKCS8 -f k.pub 2>/dev/null | ssh-keygen -lf - 2>/dev/null | cut -d' ' -f2)" \
			"$(jq -r '.signatures[0].keyid' envelope)"
	fi
done
for how in "genpkey -algorithm ed25519" "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:3072" \
	"ecparam -name secp384r1 -genkey -noout" "genrsa -traditional 2048"; do
	# shellcheck disable=SC2086 # a list of words
	openssl ${how%% *} -out o.pem ${how#* } 2>/dev/null && openssl pkey -in o.pem -pubout -out o.pub
	new b.sif
	check "a key of openssl $how" "$SIF" sign --key ./o.pem b.sif
	check "verified by its public half" "$SIF" verify --key o.pub b.sif
done
openssl rsa -in o.pem -RSAPublicKey_out -out o1.pub 2>/dev/null
check "PKCS #1" "$SIF" verify --key o1.pub b.sif
openssl genrsa -out small.pem 1024 2>/dev/null
refuse "a short RSA key" 3 'has 1024 bits, fewer than 2048' "$SIF" sign --key ./small.pem b.sif
openssl genpkey -algorithm x25519 -out x.pem
refuse "a key that cannot sign" 3 'does not sign images' "$SIF" sign --key ./x.pem b.sif
echo junk >junk.pem
refuse "no key at all" 3 'holds no private key' "$SIF" sign --key ./junk.pem b.sif
refuse "no public key at all" 3 'holds no public key' "$SIF" verify --key junk.pem b.sif
refuse "a key that is not there" 3 'none.pem' "$SIF" sign --key none.pem b.sif

# Encrypted keys.
printf 'correct horse\nsecond line\n' >pass
check "an encrypted key" "$SIF" key new --no-trust --passphrase-file pass secret
check "is encrypted" grep -q 'BEGIN ENCRYPTED PRIVATE KEY' "$HOME/.config/sif/keys/secret.pem"
check "which openssl opens" openssl pkey -in "$HOME/.config/sif/keys/secret.pem" -passin file:pass -noout
new c.sif
check "signs with its passphrase" "$SIF" sign --key secret --passphrase-file pass c.sif
echo wrong >wrong
refuse "and not without it" 2 'passphrase of the key' "$SIF" sign --key secret --passphrase-file wrong c.sif
refuse "and does not ask where there is no terminal" 2 'no terminal' setsid "$SIF" sign --key secret c.sif

# Names and folders.
refuse "a name that is a path" 2 'cannot be the name' "$SIF" key new ../x
"$SIF" key export --private secret >copy.pem
check "import a private key" "$SIF" key import --passphrase-file pass copy.pem copy
check "which is the same" cmp copy.pem "$HOME/.config/sif/keys/copy.pem"
refuse "import does not replace" 2 'already' "$SIF" key import --passphrase-file pass copy.pem copy
check "import a public key" "$SIF" key import o.pub partner
check "trust it" "$SIF" key trust partner
check "verify by trust" "$SIF" verify b.sif
check "untrust it" "$SIF" key untrust partner
refuse "no longer trusted" 1 'unknown key' "$SIF" verify b.sif
refuse "a private key is not removed by accident" 2 'nothing brings it back' "$SIF" key remove copy
check "remove" "$SIF" key remove --force copy
refuse "it is gone" 1 "no key 'copy'" "$SIF" key remove copy
equal "list" 'default true true ed25519' "$("$SIF" key list --json | jq -r '.[] | select(.name == "default") | "\(.name) \(.private) \(.trusted) \(.type)"')"
check "export to a file" "$SIF" key export -o out.pub default
refuse "does not overwrite" 2 'exists' "$SIF" key export -o out.pub default
chmod g+w "$HOME/.config/sif/trust.d/default.pub"
refuse "a trusted key that others can write" 3 'can be written by others' "$SIF" verify a.sif
chmod g-w "$HOME/.config/sif/trust.d/default.pub"

# More signatures, parts, other people's images.
new d.sif
check "two signers" "$SIF" sign d.sif
check "the second" "$SIF" sign --key k-rsa-2048 d.sif
"$SIF" key export k-rsa-2048 >k.pub
refuse "one key alone" 1 'unknown key' "$SIF" verify --key k.pub d.sif
"$SIF" key export default >default.pub
check "both keys" "$SIF" verify --key k.pub --key default.pub d.sif
new e.sif
check "one object" "$SIF" sign --sif-id 2 e.sif
check "verify that object" "$SIF" verify --sif-id 2 e.sif
refuse "not another" 1 'object 1: object not signed' "$SIF" verify --sif-id 1 e.sif
refuse "nor all" 1 'object 1: object not signed' "$SIF" verify e.sif
refuse "a group that is not there" 2 'has no group 7' "$SIF" sign -g 7 e.sif
refuse "verify a group that is not there" 1 'group 7 not found' "$SIF" verify -g 7 e.sif
"$SIF" build -qF --no-verity f.sif tree
check "sign an image without a tree" "$SIF" sign f.sif
equal "gives it one" 1 "$("$SIF" object list f.sif | grep -c sif.verity.tree)"
"$SIF" build -qF --no-verity g.sif tree
check "unless told not to" "$SIF" sign --no-verity g.sif
equal "then there is none" 0 "$("$SIF" object list g.sif | grep -c sif.verity.tree)"
check "verify without a tree" "$SIF" verify g.sif
check "add one later" "$SIF" verity add g.sif
check "the old signature still holds" "$SIF" verify -g 1 g.sif
refuse "the new group is not signed yet" 1 'signature not found for object group 2' "$SIF" verify g.sif
check "sign it" "$SIF" sign -g 2 g.sif
check "verify both" "$SIF" verify g.sif
equal "with the tree" 1 "$(grep -c '^hash tree' "$T/.out")"

# Environment twins; what is typed counts more.
new h.sif
"$SIF" sign h.sif 2>/dev/null
check "SIF_SIGN_KEY" env SIF_SIGN_KEY=k-rsa-2048 "$SIF" sign h.sif
check "SIF_VERIFY_KEY" env SIF_VERIFY_KEY=default.pub "$SIF" verify a.sif
refuse "a typed key in place of the variable's" 1 'unknown key' env SIF_VERIFY_KEY=k.pub "$SIF" verify --key default.pub h.sif
check "both typed" "$SIF" verify --key k.pub --key default.pub h.sif

# Damage.
tamper() { # IMAGE OFFSET
	cp -f a.sif "$1" && printf X | dd of="$1" bs=1 seek="$2" conv=notrunc 2>/dev/null
}
at=$("$SIF" object list --json a.sif | jq '.objects[1].offset')
tamper t.sif $((at + 150000))
refuse "a changed byte" 1 'data object integrity compromised: 2' "$SIF" verify t.sif
equal "JSON says so, too" 'false [1]' "$("$SIF" verify --json t.sif 2>/dev/null | jq -r '"\(.verified) \(.signatures[0].verified)"')"
tamper t.sif 50
refuse "a changed header" 1 'header integrity compromised' "$SIF" verify t.sif
tamper t.sif $((4096 + 585 + 73))
refuse "a changed descriptor" 1 'descriptor integrity compromised: 2' "$SIF" verify t.sif
cp -f a.sif t.sif && echo evil | "$SIF" object add --datatype generic --groupid 1 t.sif -
refuse "one object more" 1 'object 6: object not signed' "$SIF" verify t.sif
cp -f a.sif t.sif && "$SIF" object delete 1 t.sif
refuse "one object less" 1 'signed object not found|descriptor integrity' "$SIF" verify t.sif
cp -f a.sif t.sif && echo evil | "$SIF" object add --datatype generic t.sif -
refuse "an object in no group" 1 'not associated with object group' "$SIF" verify t.sif
refuse "a directory" 3 '' "$SIF" verify tree
chmod 444 b.sif
refuse "an image that may not be written" 3 "'b.sif'" "$SIF" sign b.sif

# Called as Apptainer.
ln -s "$SIF" apptainer
check "as apptainer" ./apptainer verify --key default.pub a.sif
equal "its table" 'Objects verified:
ID  |GROUP   |LINK    |TYPE
------------------------------------------------
1   |1       |NONE    |JSON.Generic
2   |1       |NONE    |FS
3   |1       |2       |Generic/Raw
4   |1       |2       |JSON.Generic' "$(cat "$T/.out")"
refuse "its exit code" 255 "not associated" ./apptainer verify --key default.pub t.sif
