# sif inspect: the same answers from a SIF's metadata object, from the files in
# a SquashFS file, and from those in a directory.
. "$top_srcdir/tests/lib/e2e.sh"
need mksquashfs jq
cd "$T" || exit 1
ln -s "$SIF" apptainer

# An image's files, with what builders write and authors may.
d=tree/.singularity.d
mkdir -p $d/env tree/scif/apps/foo/scif/env tree/bin
printf '{\n\t"B": "two words \\u0026 more",\n\t"A": "one"\n}' >$d/labels.json
printf '#!/bin/sh\n\necho run "$@"\n\n\n' >$d/runscript
printf '#!/bin/sh\necho test\n' >$d/test
printf '    Help of the image.\n' >$d/runscript.help
printf 'bootstrap: scratch\n' >$d/Singularity
printf 'export X=1\n' >$d/env/90-environment.sh
printf 'export Y=2\n' >$d/env/91-environment.sh
printf 'PATH=/opt\n' >$d/env/10-docker2singularity.sh
printf '# of every image\n' >$d/env/99-base.sh
printf '{"C": "of foo"}' >tree/scif/apps/foo/scif/labels.json
printf 'Help of foo.\n' >tree/scif/apps/foo/scif/runscript.help
printf 'export F=3\n' >tree/scif/apps/foo/scif/env/90-environment.sh
mksquashfs tree tree.sqfs -noappend -quiet -no-progress -all-root >/dev/null 2>&1
"$SIF" object new tree.sif
"$SIF" object add --datatype partition --partfs squashfs --parttype primary --partarch arm64 --groupid 1 tree.sif tree.sqfs
cp tree.sif meta.sif
jq -nc '{data: {attributes: {labels: {A: "one", B: "two words & more"}, runscript: "#!/bin/sh\n\necho run \"$@\"",
	test: "#!/bin/sh\necho test", helpfile: "    Help of the image.", deffile: "bootstrap: scratch",
	environment: {"/.singularity.d/env/10-docker2singularity.sh": "PATH=/opt",
		"/.singularity.d/env/90-environment.sh": "export X=1",
		"/.singularity.d/env/91-environment.sh": "export Y=2"},
	apps: {foo: {labels: {C: "of foo"}, helpfile: "Help of foo.",
		environment: {"/scif/apps/foo/scif/env/90-environment.sh": "export F=3"}}}}}, type: "container"}' |
	"$SIF" object add --datatype json --filename inspect-metadata.json meta.sif -

for image in tree tree.sqfs tree.sif meta.sif; do
	i() { "$SIF" inspect "$@" $image; }
	prints "$image: labels" 'A: one
B: two words & more' i -l
	prints "$image: runscript" '#!/bin/sh

echo run "$@"' i --runscript
	prints "$image: test" '#!/bin/sh
echo test' i -t
	prints "$image: help" '    Help of the image.' i -H
	prints "$image: run-help" '    Help of the image.' "$SIF" run-help $image
	prints "$image: definition" 'bootstrap: scratch' i -d
	prints "$image: no startscript" '' i -s
	prints "$image: environment" '=== /.singularity.d/env/10-docker2singularity.sh ===
PATH=/opt

=== /.singularity.d/env/90-environment.sh ===
export X=1

=== /.singularity.d/env/91-environment.sh ===
export Y=2' i -e
	prints "$image: apps" foo i --list-apps
	prints "$image: an app's labels" 'C: of foo' i --app foo
	prints "$image: an app's help" 'Help of foo.' "$SIF" run-help --app foo $image
	refuse "$image: no such app" 1 "no app 'bar' in '$image'" "$SIF" inspect --app bar $image
	i --json | jq -cS .data >"$image.json"
	check "$image: as JSON the same as of the directory" cmp tree.json "$image.json"
	prints "$image: apptainer shows labels" 'A: one
B: two words & more' ./apptainer inspect $image
	equal "$image: and as JSON labels only" '["labels"]' \
		"$(./apptainer inspect --json $image | jq -c '.data.attributes | keys')"
	equal "$image: --all is JSON" '["apps","deffile","environment","helpfile","labels","runscript","test"]' \
		"$(./apptainer inspect --all $image | jq -c '.data.attributes | keys')"
done
equal "the overview has the architecture" arm64 "$("$SIF" inspect tree.sif | sed -n 's/^architecture *//p')"
equal "and the compression" "gzip, blocks of 128 KiB" "$("$SIF" inspect tree.sqfs | sed -n 's/^compression *//p')"
equal "JSON has partitions" '[["primary","squashfs","arm64"]]' \
	"$("$SIF" inspect -j tree.sif | jq -c '[.image.partitions[] | [.use, .fs, .arch]]')"

refuse "a file that is no image" 3 "neither a SIF nor a SquashFS" "$SIF" inspect apptainer
refuse "a missing file" 3 "'none'" "$SIF" inspect none
mkfifo fifo
refuse "a FIFO" 3 "neither a file nor a directory" timeout 5 "$SIF" inspect fifo
head -c 600 tree.sqfs >cut.sqfs
refuse "a SquashFS that is cut off" 3 "cut off at 600" "$SIF" inspect cut.sqfs

# Links in an image lead nowhere outside of it.
mkdir -p links/.singularity.d
printf secret >secret
ln -s "$T/secret" links/.singularity.d/runscript
ln -s ../../secret links/.singularity.d/test
prints "links of a directory stay inside" '' "$SIF" inspect -r -t links
mkfifo links/.singularity.d/startscript
prints "a FIFO inside is no script" '' timeout 5 "$SIF" inspect -s links

# Metadata that are none.
cp tree.sif odd.sif
printf '{"data": 7' | "$SIF" object add --datatype json --filename inspect-metadata.json odd.sif -
prints "a broken metadata object: the files count" 'A: one
B: two words & more' "$SIF" inspect -l odd.sif
cp tree.sif odd.sif
printf '{"data":{"attributes":{"labels":[1],"runscript":{"a":1},"apps":"x","environment":{"p":5},"test":"%s"}}}' '\u001b[2J' |
	"$SIF" object add --datatype json --filename inspect-metadata.json odd.sif -
prints "members of a wrong kind are not printed" '' "$SIF" inspect -l -r -e --list-apps odd.sif
check "nor do they hurt the overview" "$SIF" inspect odd.sif

# Texts and names are bytes; JSON is not.
mkdir -p latin/.singularity.d/env "latin/scif/apps/$(printf 'b\344r')/scif"
printf 'echo \344\n' >latin/.singularity.d/runscript
printf 'N=\374\n' >latin/.singularity.d/env/90-environment.sh
printf 'H\344\n' >"latin/scif/apps/$(printf 'b\344r')/scif/runscript.help"
equal "text that is no UTF-8 is printed as it is" 'echo e4' \
	"$("$SIF" inspect -r latin | head -c 6 | od -An -tx1 | sed 's/ 65 63 68 6f 20 /echo /')"
"$SIF" inspect --json latin >latin.json
equal "JSON has its bytes beside it" '["6563686f20e4","4e3dfc",["b\\xe4r","48e4"]]' "$(jq -c '.data.attributes |
	[.runscript_bytes, .environment_bytes["/.singularity.d/env/90-environment.sh"],
	(.apps | to_entries[] | [.key, .value.helpfile_bytes])]' latin.json)"
equal "and only what needs it" 1 "$(grep -c runscript_bytes latin.json)"
equal "of a part that was asked for, too" '6563686f20e4' "$("$SIF" inspect -r --json latin | jq -r .data.attributes.runscript_bytes)"
