# Tampered variants of a signed image: what a signature covers is refused when it
# is changed, what it does not cover is not, and nothing crashes, hangs or takes
# much memory. For native and OpenPGP signatures, each with a hash tree.
. "$top_srcdir/tests/lib/e2e.sh"
need_shared
need python3 mksquashfs
attack=$SIF_SHARED/adversarial/sig/sigattack.py
judge=$SIF_SHARED/adversarial/run_cases.py
cd "$T" || exit 1
mkdir tree other && echo text >tree/file && head -c 200000 /dev/urandom >tree/big && echo other >other/file
"$SIF" key new >/dev/null 2>&1
"$SIF" key export default >default.pub
mkdir canary

# hostile NAME TABLE COMMAND: every case of the table as expected
hostile() {
	if python3 "$judge" --table "$2" --cmd "$3" --canary "$T/canary" --timeout 20 >said 2>&1; then
		ok "$1: $(tail -n 1 said)"
	else
		fail "$1" "$(grep -v '^PASS' said | tail -n 40)"
	fi
}

# The variants want the partition behind the other objects, as the peers have it.
new_image() {
	rm -f "$1.sif" "$1.sqfs"
	mksquashfs "$1" "$1.sqfs" -quiet -no-progress -noappend -nopad -all-root >/dev/null
	"$SIF" object new "$1.sif"
	echo 'bootstrap: scratch' | "$SIF" object add --datatype definition --groupid 1 "$1.sif" -
	"$SIF" object add --datatype partition --partfs squashfs --parttype primary --partarch amd64 --groupid 1 \
		"$1.sif" "$1.sqfs"
}

# attack_all NAME WORD...: both tables against images signed by sif sign WORD...
attack_all() {
	kind=$1
	shift
	for each in tree other; do
		new_image $each
		"$SIF" sign "$@" $each.sif >/dev/null 2>&1 || fail "$kind: cannot sign"
	done
	python3 "$attack" tree.sif "cases.$kind" --other other.sif >/dev/null 2>&1 || fail "$kind: no cases"
	hostile "$kind" "cases.$kind/cases.tsv" "$SIF verify $believe {f}"
	hostile "$kind, strict" "cases.$kind/cases_strict.tsv" "$SIF verify $believe {f}"
	hostile "$kind, as JSON" "cases.$kind/cases_strict.tsv" "$SIF verify --json $believe {f}"
	rm -rf "cases.$kind"
}
believe="--key $T/default.pub"
attack_all native --key default
for type in ecdsa-p256 rsa-2048; do
	"$SIF" key new --type $type $type >/dev/null 2>&1 && "$SIF" key export $type >$type.pub
	believe="--key $T/$type.pub"
	attack_all $type --key $type
done
if command -v gpg >/dev/null && command -v gpgv >/dev/null; then
	GNUPGHOME=$T/gnupg
	export GNUPGHOME
	mkdir -m 700 gnupg
	gpg --batch --quiet --passphrase '' --quick-generate-key 'Test <test@example.org>' rsa3072 sign never 2>/dev/null
	gpg --export >ring.gpg 2>/dev/null
	believe="--keyring $T/ring.gpg"
	attack_all openpgp --pgp
	gpgconf --kill all
else
	skip_one openpgp "GnuPG is not installed"
fi

# Every byte of an envelope, and of its descriptor.
"$SIF" build -qF --no-verity tree.sif tree && "$SIF" sign --no-verity tree.sif >/dev/null 2>&1
cat >flip.py <<'END'
import json, subprocess, sys
sif, image, key, step = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
raw = open(image, "rb").read()
objects = json.loads(subprocess.check_output([sif, "object", "list", "--json", image]))["objects"]
sig = next(o for o in objects if o["type"] == "signature")
slot = 4096 + 585 * (sig["id"] - 1)
places = list(range(sig["offset"], sig["offset"] + sig["size"], step)) + list(range(slot, slot + 41, 3))
bad = 0
for at in places:
    b = bytearray(raw)
    b[at] ^= 1 << (at % 8)
    open("flip.sif", "wb").write(b)
    p = subprocess.run([sif, "verify", "--key", key, "flip.sif"], capture_output=True, timeout=20)
    ok = p.returncode in (0, 1, 3) and b"Sanitizer" not in p.stderr and (p.returncode == 0 or p.stderr)
    # what may change without harm: base64 in another alphabet, JSON blanks, what a descriptor does not sign
    if p.returncode == 0 and at < slot or p.returncode == 0 and sig["offset"] <= at and bytes(b[at:at+1]) not in b"+-/_":
        ok = False
    if not ok:
        bad += 1
        print(at, at - sig["offset"], p.returncode, p.stderr[:200])
print(len(places), "places")
sys.exit(bad != 0)
END
check "bit flips in the envelope" python3 flip.py "$SIF" tree.sif default.pub "${STEP:-7}"
