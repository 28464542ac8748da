# What sif build writes into an image is evaluated without a shell, and gives
# the values that were asked for, as the image's own sh would.
. "$top_srcdir/tests/lib/e2e.sh"
need_fuse
need busybox
cd "$T" || exit 1

mkdir -p root/bin root/etc root/tmp root/proc root/sys root/dev root/home
cp "$(command -v busybox)" root/bin/env
root/bin/env true 2>/dev/null || skip "busybox is not static"
VALUE='say "hi" 100$ `id` \n it'"'"'s  two'
build() { "$SIF" build --force --environment "WEIRD=$VALUE" --environment PLAIN=1 --environment EMPTY= "$@" root; }
# without what shells set, and without the image's own name
plain() { grep -vE '^(SHLVL|_|OLDPWD|[A-Z]*_(CONTAINER|NAME))=' "$T/.out" | sort; }

check "build an image without a shell" build -c 'exec env "$@"' a.sif
check "exec" "$SIF" exec a.sif env
cp "$T/.out" seen
equal "a value with every special character" "WEIRD=$VALUE" "$(grep ^WEIRD= seen)"
equal "a plain value" PLAIN=1 "$(grep ^PLAIN= seen)"
equal "an empty value" EMPTY= "$(grep ^EMPTY= seen)"
check "run: a runscript that ends in exec needs no shell" "$SIF" run a.sif
equal "and passes the environment on" "WEIRD=$VALUE" "$(grep ^WEIRD= "$T/.out")"

cp root/bin/env root/bin/sh
check "build one with a shell" build b.sif
check "in this process" "$SIF" exec b.sif env
plain >here
check "unpack it" "$SIF" cp -r b.sif:/ tree
echo ': $(:)' >tree/.singularity.d/env/00-force.sh
check "by its sh" "$SIF" exec tree env
equal "both ways agree" "$(cat here)" "$(plain)"
"$SIF" -v exec tree true 2>said
check "-v says which script needs a shell, and why" grep -q "00-force.sh.*expansion" said
rm tree/bin/sh
refuse "without one there is a message" 125 'need a shell' "$SIF" exec tree env
