# What sif adds to an image, what options change, and what siftool makes of it.
. "$top_srcdir/tests/lib/e2e.sh"
need python3 unsquashfs siftool mksquashfs
cd "$T" || exit 1
mkdir -p d/bin d/etc
printf '127.0.0.1 here\n' >d/etc/hosts
cp "$SIF" d/bin/prog
touch -d @1700000000 d/etc/hosts d/bin/prog d/bin d/etc d
cat >run.txt <<'END'
echo "runscript <&> $*"
END
check "build with all options" "$SIF" build -c 'echo "<&> $*"' --environment 'PATH=/opt/bin:$PATH' \
	--environment 'Q=a"b`c\d$(e) $' --label Version=1.2 --label 'org.x=<a&b>' x.sif d
unsquashfs -q -o 32768 -d u x.sif >/dev/null 2>&1
equal "directories" "dev etc home proc root sys tmp var/tmp" \
	"$(cd u && for f in dev etc home proc root sys tmp var/tmp; do [ -d $f ] && echo $f; done | xargs)"
equal "the source's own files stay" "127.0.0.1 here" "$(cat u/etc/hosts)"
check "resolv.conf is there to be bound over" test -f u/etc/resolv.conf
equal "links" "/.singularity.d/runscript" "/$(readlink u/singularity)"
equal "links to the actions" ".singularity.d/actions/exec .singularity.d/actions/run" "$(readlink u/.exec) $(readlink u/.run)"
equal "runscript" '#!/bin/sh

echo "<&> $*"' "$(cat u/.singularity.d/runscript)"
for script in u/.singularity.d/runscript u/.singularity.d/actions/* u/.singularity.d/env/*; do
	check "sh reads ${script#u/.singularity.d/}" sh -n "$script"
done
equal "modes" "755 755 644" "$(stat -c %a u/.singularity.d/runscript u/.singularity.d/env/90-environment.sh u/.singularity.d/labels.json | xargs)"
equal "--environment expands names only" '/opt/bin:/usr/bin|a"b`c\d$(e) $' \
	"$(PATH=/usr/bin sh -c '. u/.singularity.d/env/90-environment.sh; printf "%s|%s" "$PATH" "$Q"')"
equal "LD_LIBRARY_PATH" "/a:/.singularity.d/libs" \
	"$(LD_LIBRARY_PATH=/a sh -c '. u/.singularity.d/env/99-base.sh; echo "$LD_LIBRARY_PATH"')"
equal "labels.json" "1.2 <a&b> amd64 1.0 Tuesday_14_November_2023_22:13:20_UTC" "$(python3 -c '
import json
l = json.load(open("u/.singularity.d/labels.json"))
assert list(l) == sorted(l)
print(l["Version"], l["org.x"], "amd64" if l["org.label-schema.build-arch"] else "", l["org.label-schema.schema-version"],
      l["org.label-schema.build-date"])')"
siftool dump 1 x.sif >meta.json
equal "the metadata object repeats them" '1.2 #!/bin/sh|echo "<&> $*" True container' "$(python3 -c '
import json
text = open("meta.json").read()
m = json.loads(text)
a = m["data"]["attributes"]
print(a["labels"]["Version"], a["runscript"].replace("\n\n", "|"),
      "export PATH" in a["environment"]["/.singularity.d/env/90-environment.sh"], m["type"])
assert "\\u003c\\u0026\\u003e" in text and "<" not in text')"
equal "the metadata stands first, the partition is primary, the hash tree follows" "JSON.Generic FS Generic/Raw JSON.Generic" \
	"$(siftool list x.sif | awk -F'|' '/^[0-9]/ { print $5 }' | sed 's/ (.*//' | xargs)"
equal "the partition begins at 32768" 1 "$(siftool list x.sif | grep -c '|32768-')"

# An unpacked image packed again keeps what it had.
chmod -R u+w u
check "an unpacked image" "$SIF" build --label Version=2 --label New=yes --environment MORE=1 y.sif u
unsquashfs -q -o 32768 -d v y.sif >/dev/null 2>&1
check "keeps its runscript" cmp u/.singularity.d/runscript v/.singularity.d/runscript
equal "its environment grows" 1 "$(grep -c '^export MORE="1"$' v/.singularity.d/env/90-environment.sh)"
check "its labels change" python3 -c '
import json
l = json.load(open("v/.singularity.d/labels.json"))
assert l["Version"] == "2" and l["New"] == "yes" and l["org.x"] == "<a&b>"'
check "--runscript FILE" "$SIF" build -qF --runscript run.txt y.sif d
rm -rf v && unsquashfs -q -o 32768 -d v y.sif .singularity.d >/dev/null 2>&1
equal "is taken" "runscript <&> 1 2" "$(sh v/.singularity.d/runscript 1 2)"
printf '#!/bin/cat\nx' >other
"$SIF" build -qF --runscript other y.sif d
rm -rf v && unsquashfs -q -o 32768 -d v y.sif .singularity.d >/dev/null 2>&1
equal "with its own interpreter" '#!/bin/cat' "$(head -n 1 v/.singularity.d/runscript)"
"$SIF" build -qF y.sif d
rm -rf v && unsquashfs -q -o 32768 -d v y.sif .singularity.d >/dev/null 2>&1
equal "without one, the words are run" "hello there" "$(sh v/.singularity.d/runscript echo hello there)"

# Architecture: of the programs inside
printf '\177ELF\002\001\001\0\0\0\0\0\0\0\0\0\002\0\267\0rest' >arm
mkdir -p a/bin && for i in 1 2; do cp arm a/bin/$i; done
"$SIF" build -q a.sif a
equal "the programs tell the architecture" arm64 "$(siftool header a.sif | sed -n 's/^Primary Architecture: *//p')"
"$SIF" build -qF --arch riscv64 a.sif a
equal "--arch says otherwise" riscv64 "$(siftool header a.sif | sed -n 's/^Primary Architecture: *//p')"
refuse "an unknown one" 2 "there is no architecture 'pdp11'" "$SIF" build --arch pdp11 no.sif a

# A SquashFS file
mksquashfs d d.sqfs -quiet -no-progress -comp gzip >/dev/null 2>&1
check "a SquashFS file" "$SIF" build --label A=b s.sif d.sqfs
tail -c +32769 s.sif | head -c "$(stat -c %s d.sqfs)" >have.sqfs
check "is wrapped as it is" cmp d.sqfs have.sqfs
check "siftool reads it" siftool list s.sif
equal "with labels" b "$(siftool dump 1 s.sif | python3 -c 'import json, sys; print(json.load(sys.stdin)["data"]["attributes"]["labels"]["A"])')"
head -c 3000 d.sqfs >cut.sqfs
refuse "one that is cut short" 3 "'cut.sqfs'" "$SIF" build no.sif cut.sqfs
refuse "one that is to be changed" 2 "becomes a partition as it is" "$SIF" build -c true no.sif d.sqfs
refuse "a SIF as source" 2 "'x.sif' is a SIF image already" "$SIF" build no.sif x.sif

# Words
refuse "one word" 2 "build takes two words" "$SIF" build no.sif
refuse "an environment without a value" 2 "environment 'A' is not NAME=VALUE" "$SIF" build --environment A no.sif d
refuse "a label without a key" 2 "label '=x' is not KEY=VALUE" "$SIF" build --label =x no.sif d
refuse "a registry" 2 "'docker' is not a source of images in this version" "$SIF" build no.sif docker://alpine
printf '# comment\n\nBootstrap: docker\nFrom: alpine\n' >x.def
refuse "a definition file" 2 "'x.def' is a definition file" "$SIF" build no.sif x.def
refuse "--sandbox" 2 "not as a directory" "$SIF" build --sandbox no.sif d
refuse "--deterministic" 2 "the only word is 'reference'" "$SIF" build --deterministic=yes no.sif d
check "nothing was made" test ! -e no.sif
ln -s "$SIF" apptainer
check "called as apptainer" ./apptainer build --force --fakeroot no.sif d
refuse "apptainer's exit code" 255 "exists" ./apptainer build no.sif d
printf data >data.txt
refuse "a progress line is for terminals only" 3 "" "$SIF" build no2.sif data.txt
equal "no carriage return" 0 "$("$SIF" build -F no.sif d 2>&1 | grep -c "$(printf '\r')")"
if command -v script >/dev/null; then
	equal "but there it is" 1 "$(head -c 30000000 /dev/urandom >d/big; script -qec "'$SIF' build -F --compress xz no.sif d" /dev/null </dev/null |
		tr '\r' '\n' | grep -c 'MiB out, [0-9]* %' | sed 's/[1-9][0-9]*/1/')"
fi
