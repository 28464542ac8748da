#!/bin/sh
# What a person types: help, typing errors, exit statuses, the three names.
# shellcheck source=tests/lib/e2e.sh
. "$top_srcdir/tests/lib/e2e.sh"

ln -s "$SIF" apptainer
ln -s "$SIF" singularity
ln -s "$SIF" run-singularity

# help: on stdout, by every way to ask for it
for words in --help -h help 'help exec' 'exec --help' 'exec -e --help' 'config show -h'; do
	# shellcheck disable=SC2086 # several words
	check "help: sif $words" sh -c '"$SIF" "$@" | grep -q ^Usage:' sh $words
done
refuse 'no words at all' 2 '' "$SIF"
refuse 'no words at all, as apptainer' 1 '' ./apptainer
refuse 'help about nothing' 2 "unknown command 'nothing'" "$SIF" help nothing

# typing errors: the subject, the nearest word, the exit status
refuse 'unknown command' 2 "unknown command 'exce'" "$SIF" exce
refuse 'the nearest command' 2 "did you mean 'sif exec'" "$SIF" exce
refuse 'half a command' 2 "'object' needs a second word: list, info" "$SIF" object
refuse 'the second word' 2 "did you mean 'sif object list'" "$SIF" object lst
refuse 'half a command, as apptainer' 1 "'sif' needs a second word: list, info" ./apptainer sif
refuse 'unknown option' 125 "unknown option '--clenenv'" "$SIF" exec --clenenv x true
refuse 'the nearest option' 125 "did you mean '--cleanenv'" "$SIF" exec --clenenv x true
refuse 'missing argument' 125 "'--home' needs an argument" "$SIF" exec --home
refuse 'no image' 125 'which image' "$SIF" run
refuse 'no program' 125 'which program' "$SIF" exec x
refuse 'words behind the image of a shell' 125 'takes no words' "$SIF" shell x -c y
refuse 'image from a registry' 125 "'docker' is not a source of images" "$SIF" run docker://alpine
refuse 'what this version cannot do' 125 '--overlay: not in this version' "$SIF" run --overlay o x
refuse 'nor from the environment' 125 "environment variable 'APPTAINER_FAKEROOT'" env APPTAINER_FAKEROOT=1 "$SIF" run x
refuse 'a value that is no value' 125 "'maybe' is neither yes nor no" env SIF_CONTAIN=maybe "$SIF" run x
refuse 'a command of Apptainer that is to come' 2 "'pull' is not in this version" "$SIF" pull x
refuse 'image is missing' 125 "none.sif" "$SIF" exec none.sif true

# the other names
refuse 'apptainer: unknown option' 1 "^apptainer: error\[usage\]: unknown option '--nope'" ./apptainer exec --nope x true
refuse 'singularity: unknown command' 1 "^singularity: error\[usage\]: unknown command 'nope'" ./singularity nope
refuse 'apptainer: everything else is 255' 255 'none.sif' ./apptainer exec none.sif true
refuse 'run-singularity runs an image' 255 '^run-singularity: .*none.sif' ./run-singularity none.sif --nope
check 'version: sif' sh -c '"$SIF" --version | grep -Eqx "sif version [0-9]+\.[0-9]+\.[0-9]+"'
check 'version: as cwltool reads it' sh -c './apptainer --version | grep -Eqx "apptainer version [0-9]+\.[0-9]+.*"'
check 'version: as snakemake reads it' sh -c './singularity --version | grep -Eq "^singularity-ce version [0-9.]+"'
check 'version: a command' sh -c './apptainer version | grep -Eqx "[0-9]+\.[0-9]+\S*"'


# standard output that cannot be written is an error, never a success
[ ! -w /dev/full ] || refuse 'full standard output' 3 'cannot write to standard output' sh -c '"$SIF" --help >/dev/full'
refuse 'closed standard output' 3 'cannot write to standard output' sh -c '"$SIF" config show >&-'
