# sif verify --certificate: chains, what a certificate is for, dates, revocation.
# The certificate authority is openssl's.
. "$top_srcdir/tests/lib/e2e.sh"
need openssl python3
cd "$T" || exit 1
mkdir tree && echo text >tree/file
"$SIF" build -q built.sif tree

cat >ca.cnf <<'END'
[req]
distinguished_name = dn
prompt = no
[dn]
CN = x
[root]
basicConstraints = critical,CA:true
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[middle]
basicConstraints = critical,CA:true,pathlen:0
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
authorityInfoAccess = OCSP;URI:http://127.0.0.1:PORT/
[code]
basicConstraints = CA:false
keyUsage = critical,digitalSignature
extendedKeyUsage = codeSigning
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
authorityInfoAccess = OCSP;URI:http://127.0.0.1:PORT/
[silent]
extendedKeyUsage = codeSigning
[tls]
extendedKeyUsage = serverAuth
[none]
basicConstraints = CA:false
[responder]
extendedKeyUsage = OCSPSigning
END
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
sed -i "s/PORT/$port/" ca.cnf
key() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1.key" 2>/dev/null; }
# issue NAME SECTION ISSUER SERIAL [DAYS]
issue() {
	key "$1"
	openssl req -new -key "$1.key" -subj "/CN=$1" -config ca.cnf -out "$1.csr" &&
		openssl x509 -req -in "$1.csr" -CA "$3.pem" -CAkey "$3.key" -set_serial "$4" -days "${5-30}" \
			-extfile ca.cnf -extensions "$2" -out "$1.pem" 2>/dev/null
}
for each in root stranger; do
	key $each
	openssl req -new -x509 -key $each.key -subj "/CN=$each" -days 30 -config ca.cnf -extensions root -out $each.pem
done
issue middle middle root 2
issue code code middle 3
issue silent silent middle 4
issue tls tls middle 5
issue none none middle 6
issue responder responder middle 7
issue revoked code middle 8
issue wrongresponder tls middle 9
sign() { cp built.sif "$1.sif" && "$SIF" sign --key "./$1.key" "$1.sif" 2>/dev/null; }
for each in code silent tls none revoked; do
	sign $each
done
believe="--certificate-intermediates middle.pem --certificate-roots root.pem"
# shellcheck disable=SC2086 # believe is a list of words
{
	check "a chain" "$SIF" verify --certificate code.pem $believe code.sif
	check "a root that is not self-signed" "$SIF" verify --certificate code.pem --certificate-roots middle.pem code.sif
	refuse "the key of another" 1 'unknown key' "$SIF" verify --certificate code.pem $believe silent.sif
	refuse "no intermediate" 1 'not to be believed' "$SIF" verify --certificate code.pem --certificate-roots root.pem code.sif
	refuse "another root" 1 'not to be believed' "$SIF" verify --certificate code.pem \
		--certificate-intermediates middle.pem --certificate-roots stranger.pem code.sif
	refuse "the system's roots" 1 'not to be believed' "$SIF" verify --certificate code.pem \
		--certificate-intermediates middle.pem code.sif
	refuse "for servers" 1 'not for signing code' "$SIF" verify --certificate tls.pem $believe tls.sif
	refuse "for nothing said" 1 'not for signing code' "$SIF" verify --certificate none.pem $believe none.sif
	if command -v faketime >/dev/null; then
		refuse "tomorrow's tomorrow" 1 'expired' faketime '+60 days' "$SIF" verify --certificate code.pem $believe code.sif
	else
		skip_one "tomorrow's tomorrow" "faketime is not installed"
	fi
	refuse "no certificate in the file" 3 'holds no certificate' "$SIF" verify --certificate code.key $believe code.sif
	refuse "roots without a certificate" 2 'no certificate' "$SIF" verify $believe code.sif

	# OCSP: stored answers first.
	index() { # STATUS lines of openssl's database
		: >index.txt
		for each in 2:middle 3:code 4:silent; do
			printf 'V\t991231235959Z\t\t0%s\tunknown\t/CN=%s\n' "${each%:*}" "${each#*:}" >>index.txt
		done
		printf 'R\t991231235959Z\t200101000000Z\t08\tunknown\t/CN=revoked\n' >>index.txt
	}
	index
	# answer ISSUER CERT SIGNER OUT [WORD...]
	answer() {
		issuer=$1 cert=$2 signer=$3 out=$4
		shift 4
		openssl ocsp -sha1 -issuer "$issuer.pem" -cert "$cert.pem" -no_nonce -reqout req.der >/dev/null 2>&1
		openssl ocsp -index index.txt -CA "$issuer.pem" -rsigner "$signer.pem" -rkey "$signer.key" \
			-reqin req.der -respout "$out" -ndays 5 "$@" >/dev/null 2>&1
	}
	answer middle code responder code.der
	answer root middle root middle.der
	answer middle revoked responder revoked.der
	answer middle code wrongresponder wrong.der
	answer middle code stranger strange.der
	stored="--ocsp-response middle.der --ocsp-response"
	check "required, and stored" "$SIF" verify --certificate code.pem $believe --ocsp=require $stored code.der code.sif
	check "the peers' word" "$SIF" verify --certificate code.pem $believe --ocsp-verify $stored code.der code.sif
	refuse "revoked" 1 'was revoked' "$SIF" verify --certificate revoked.pem $believe --ocsp=require $stored revoked.der revoked.sif
	refuse "revoked, soft" 1 'was revoked' "$SIF" verify --certificate revoked.pem $believe --ocsp=soft $stored revoked.der revoked.sif
	check "revoked, off" "$SIF" verify --certificate revoked.pem $believe --ocsp=off revoked.sif
	refuse "a responder of no right" 1 'not to be believed' "$SIF" verify --certificate code.pem $believe --ocsp=require $stored wrong.der code.sif
	refuse "a stranger's answer" 1 'not to be believed' "$SIF" verify --certificate code.pem $believe --ocsp=require $stored strange.der code.sif
	refuse "no answer" 3 'OCSP verification has failed' "$SIF" verify --certificate code.pem $believe --ocsp=require $stored revoked.der code.sif
	check "no answer, soft" "$SIF" verify --certificate code.pem $believe --ocsp=soft --ocsp-response middle.der code.sif
	equal "is a warning" 1 "$(grep -c 'warning: OCSP' "$T/.err")"
	refuse "no responder is named" 1 'names no responder' "$SIF" verify --certificate silent.pem $believe --ocsp=require --ocsp-response middle.der silent.sif
	echo junk >junk.der
	refuse "junk" 3 'no OCSP response' "$SIF" verify --certificate code.pem $believe --ocsp=require $stored junk.der code.sif
	refuse "another word" 2 'require, soft, off' "$SIF" verify --certificate code.pem $believe --ocsp=maybe code.sif
	if command -v faketime >/dev/null; then
		refuse "an old answer" 1 'not of now' faketime '+10 days' "$SIF" verify --certificate code.pem $believe --ocsp=require $stored code.der code.sif
	else
		skip_one "an old answer" "faketime is not installed"
	fi

	# The network: openssl as a responder of one answer.
	openssl ocsp -index index.txt -CA middle.pem -rsigner responder.pem -rkey responder.key -port "$port" \
		-nrequest 1 >responder.log 2>&1 &
	responder=$!
	tries=0
	until grep -q -i waiting responder.log || [ $tries -gt 50 ]; do
		sleep 0.1
		tries=$((tries + 1))
	done
	check "a responder is asked" "$SIF" verify --certificate code.pem $believe --ocsp=require --ocsp-response middle.der code.sif
	kill $responder 2>/dev/null
	wait $responder 2>/dev/null
}
if [ -n "$SIF_SHARED" ]; then
	data=$SIF_SHARED/interop-data
	for each in certs-apptainer certs-singularity; do
		if [ "$(date +%Y)" -lt 2030 ]; then
			check "interop $each" "$SIF" verify --certificate "$data/keys/$each/leaf.pem" \
				--certificate-intermediates "$data/keys/$each/intermediate.pem" \
				--certificate-roots "$data/keys/$each/root.pem" "$data/sif/sylabs-sif/one-group-signed-dsse.sif"
		fi
	done
else
	skip_one "interop certificates" "../shared is not here"
fi
