# OpenPGP signatures: made by GnuPG, judged by gpgv, and told apart: expired,
# revoked, unknown. The oracle is gpgv itself on the object's bytes.
. "$top_srcdir/tests/lib/e2e.sh"
need gpg gpgv jq
cd "$T" || exit 1
mkdir tree && echo text >tree/file
"$SIF" build -q built.sif tree
new_home() { # a GnuPG of its own, with one key
	GNUPGHOME=$T/$1
	export GNUPGHOME
	mkdir -m 700 "$GNUPGHOME"
	gpg --batch --quiet --passphrase '' --quick-generate-key "$1 <$1@example.org>" "${2-rsa3072}" sign "${3-never}" 2>/dev/null
	fpr=$(gpg --list-keys --with-colons 2>/dev/null | awk -F: '/^fpr/ { print $10; exit }')
}
export_ring() { gpg --export >"$1" 2>/dev/null; }

new_home alice
export_ring alice.gpg
gpg --armor --export >alice.asc 2>/dev/null
gpgconf --kill gpg-agent
cp built.sif a.sif
check "sign" "$SIF" sign --pgp a.sif
equal "no agent is left" 0 "$(pgrep -u "$(id -u)" -f "gpg-agent --homedir $T/alice" | wc -l)"
check "verify" "$SIF" verify --keyring alice.gpg a.sif
equal "it says by whom" 1 "$(grep -c "good, by OpenPGP key $fpr (alice <alice@example.org>)" "$T/.out")"
check "an armored ring" "$SIF" verify --keyring alice.asc a.sif
equal "the descriptor has the fingerprint" "$fpr" "$("$SIF" object list --json a.sif | jq -r '.objects[-1].entity')"
"$SIF" object dump 5 a.sif >a.asc
check "gpgv accepts the object" gpgv --keyring ./alice.gpg a.asc
refuse "not trusted by itself" 1 "signed by unknown key $fpr" "$SIF" verify a.sif
check "trust" "$SIF" key trust alice.asc
check "then it is" "$SIF" verify a.sif
check "untrust" "$SIF" key untrust alice
mkdir -p "$HOME/.apptainer/keys" && cp alice.gpg "$HOME/.apptainer/keys/pgp-public"
check "Apptainer's ring is read" "$SIF" verify a.sif
ln -s "$SIF" apptainer
check "called as apptainer" ./apptainer verify a.sif
equal "its words" "[LOCAL]            Signing entity: alice <alice@example.org>
[LOCAL]            Fingerprint: $fpr" "$(head -n 2 "$T/.out")"
equal "its JSON" "1 true true true $(echo "$fpr" | tr A-F a-f)" "$(./apptainer verify --json a.sif 2>/dev/null |
	jq -r '"\(.Signatures) \(.SignerKeys[0].Signer.KeyLocal) \(.SignerKeys[0].Signer.KeyCheck) \(.SignerKeys[0].Signer.DataCheck) \(.SignerKeys[0].Signer.Fingerprint)"')"
rm -r "$HOME/.apptainer"

# An elliptic key, and a subkey that signs: the descriptor has the primary's.
new_home ed ed25519
cp built.sif b.sif
check "Ed25519" "$SIF" sign --pgp --fingerprint ed@example.org b.sif
export_ring ed.gpg
check "verify Ed25519" "$SIF" verify --keyring ed.gpg b.sif
gpg --batch --passphrase '' --quick-add-key "$fpr" rsa3072 sign never 2>/dev/null
export_ring ed.gpg
cp built.sif b.sif
check "a subkey" "$SIF" sign --pgp b.sif
equal "its descriptor names the primary key" "$fpr" "$("$SIF" object list --json b.sif | jq -r '.objects[-1].entity')"
check "verify the subkey's" "$SIF" verify --keyring ed.gpg b.sif
sub=$(gpg --list-keys --with-colons 2>/dev/null | awk -F: '/^sub/ { s = 1 } s && /^fpr/ { print $10; exit }')
printf 'key %s\nrevkey\ny\n1\n\ny\nsave\n' "$sub" |
	gpg --no-tty --command-fd 0 --status-fd 2 --pinentry-mode loopback --passphrase '' --edit-key "$fpr" >edit.log 2>&1
export_ring revsub.gpg
refuse "a revoked subkey" 1 'was revoked' "$SIF" verify --keyring revsub.gpg b.sif
gpgconf --kill all

# Two signers, by the words of the peers all must be known.
cp a.sif two.sif
new_home bob
check "a second signature" "$SIF" sign --pgp two.sif
export_ring bob.gpg
check "both known" "$SIF" verify --keyring alice.gpg --keyring bob.gpg two.sif
refuse "one unknown" 1 "unknown key $fpr" "$SIF" verify --keyring alice.gpg two.sif

# Revoked, by the owner.
sed 's/^:---/---/' "$GNUPGHOME/openpgp-revocs.d/$fpr.rev" >bob.rev
cp built.sif c.sif
"$SIF" sign --pgp c.sif >/dev/null 2>&1
gpg --batch --import bob.rev 2>/dev/null
export_ring bob-revoked.gpg
check "before the revocation" "$SIF" verify --keyring bob.gpg c.sif
refuse "a revoked key" 1 "key $fpr was revoked" "$SIF" verify --keyring bob-revoked.gpg c.sif
equal "as a verdict" revoked-key "$("$SIF" verify --json --keyring bob-revoked.gpg c.sif 2>/dev/null | jq -r '.signatures[0].verdict')"
equal "although gpgv exits with 0" 0 "$("$SIF" object dump 5 c.sif | gpgv --keyring ./bob-revoked.gpg - >/dev/null 2>&1; echo $?)"
gpgconf --kill all

# Expired: the key, and the signature. Made in the past by GnuPG's own clock.
GNUPGHOME=$T/old
export GNUPGHOME
mkdir -m 700 "$GNUPGHOME"
past='--faked-system-time 20200101T000000'
# shellcheck disable=SC2086 # words
gpg $past --batch --quiet --passphrase '' --quick-generate-key 'old <old@example.org>' rsa3072 sign 2021-01-01 2>/dev/null
echo "faked-system-time 20200102T000000" >"$GNUPGHOME/gpg.conf"
cp built.sif d.sif
check "sign with a key of old" "$SIF" sign --pgp d.sif
rm "$GNUPGHOME/gpg.conf"
export_ring old.gpg
refuse "an expired key" 1 'has expired' "$SIF" verify --keyring old.gpg d.sif
equal "as a verdict of its own" expired-key "$("$SIF" verify --json --keyring old.gpg d.sif 2>/dev/null | jq -r '.signatures[0].verdict')"
gpgconf --kill all
GNUPGHOME=$T/brief
mkdir -m 700 "$GNUPGHOME"
# shellcheck disable=SC2086 # words
gpg $past --batch --quiet --passphrase '' --quick-generate-key 'brief <brief@example.org>' rsa3072 sign never 2>/dev/null
printf '%s\n' 'faked-system-time 20200102T000000' 'default-sig-expire 1d' >"$GNUPGHOME/gpg.conf"
cp built.sif e.sif
check "sign for a day" "$SIF" sign --pgp e.sif
rm "$GNUPGHOME/gpg.conf"
export_ring brief.gpg
refuse "an expired signature" 1 'signature has expired' "$SIF" verify --keyring brief.gpg e.sif
equal "as a verdict of its own, too" expired "$("$SIF" verify --json --keyring brief.gpg e.sif 2>/dev/null | jq -r '.signatures[0].verdict')"
gpgconf --kill all

# What is not exactly one message.
repack() { # FILE: an image whose signature is FILE
	cp built.sif x.sif
	"$SIF" object add --datatype signature --signhash 1 --signentity "$fpr_a" --link-group 1 x.sif "$1"
}
fpr_a=$(gpgv --status-fd 1 --keyring ./alice.gpg a.asc 2>/dev/null | awk '$2 == "VALIDSIG" { print $3 }')
repack a.asc
check "a signature that was taken out and put in" "$SIF" verify --keyring alice.gpg x.sif
{ echo text; cat a.asc; } >y && repack y
refuse "text before it" 1 'format not recognized' "$SIF" verify --keyring alice.gpg x.sif
{ cat a.asc; echo text; } >y && repack y
refuse "text behind it" 1 'bytes behind' "$SIF" verify --keyring alice.gpg x.sif
cat a.asc a.asc >y && repack y
refuse "two messages" 1 'bytes behind' "$SIF" verify --keyring alice.gpg x.sif
sed 's/"version":1/"version":2/' a.asc >y && repack y
refuse "another text" 1 'GnuPG says that it is wrong' "$SIF" verify --keyring alice.gpg x.sif
sed '/^Hash:/d' a.asc >y && repack y
refuse "no hash named" 1 '' "$SIF" verify --keyring alice.gpg x.sif
sed 's/^Hash:.*/&\nComment: x/' a.asc >y && repack y
refuse "another header" 1 'malformed header' "$SIF" verify --keyring alice.gpg x.sif
: >empty.gpg
refuse "an empty ring" 1 'unknown key' "$SIF" verify --keyring empty.gpg a.sif
refuse "no ring" 3 'none.gpg' "$SIF" verify --keyring none.gpg a.sif
mkdir nopath && ln -s "$(command -v gpg)" nopath/gpg
refuse "without gpgv" 3 "'gpgv' is not installed" env PATH="$T/nopath" "$SIF" verify --keyring alice.gpg a.sif
