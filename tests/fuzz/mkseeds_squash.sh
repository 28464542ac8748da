#!/bin/sh
# Seeds for fuzz_squash: tiny images, most with metadata that is not packed, so
# that changed bytes reach the parser. usage: mkseeds_squash.sh FOLDER
set -eu
out=${1:?folder}
mkdir -p "$out"
t=$(mktemp -d)
trap 'rm -rf "$t"' EXIT

pack() { # tree name options
	tree=$1 name=$2
	shift 2
	mksquashfs "$tree" "$out/$name" -noappend -quiet -no-progress -all-root -processors 1 -mkfs-time 0 \
		-all-time 0 -nopad "$@" >/dev/null
}
raw='-noI -noD -noF -noX'

mkdir -p "$t/all/d/e" "$t/big" "$t/none"
printf 'hello\n' >"$t/all/f"
ln "$t/all/f" "$t/all/d/g"
ln -s d "$t/all/l"
ln -s ../f "$t/all/d/up"
mkfifo "$t/all/p"
head -c 9000 /dev/zero | tr '\0' x >"$t/all/d/blocks"
truncate -s 20000 "$t/all/d/hole"
printf 'tail' >>"$t/all/d/hole"
setfattr -n user.a -v one "$t/all/f"
setfattr -n user.b -v one "$t/all/d/e"
i=0
while [ $i -lt 150 ]; do
	: >"$t/big/$(printf 'name-%0100d' $i)"
	i=$((i + 1))
done
mkdir "$t/long" "$t/many"
# 300 blocks, each of one letter: '!' + number % 90
awk 'BEGIN { for (i = 0; i < 300; i++) { for (j = 0; j < 4096; j++) printf "%c", 33 + i % 90 } printf "tail" }' \
	>"$t/many/many"

# shellcheck disable=SC2086 # a list of options
{
	pack "$t/all" raw -b 4096 $raw -p 'c c 600 1 2 1 3' -p 'b b 600 0 0 8 1'
	pack "$t/all" raw-fragments -b 4096 $raw -always-use-fragments
	pack "$t/all" raw-plain -b 8192 $raw -no-fragments -no-exports -no-xattrs
	pack "$t/big" raw-index -b 4096 $raw
	pack "$t/none" raw-empty -b 4096 $raw
	truncate -s 300000 "$t/long/holes"
	pack "$t/long" raw-holes -b 4096 $raw -no-fragments
}
for c in gzip xz lz4 zstd; do
	pack "$t/all" $c -b 4096 -comp $c
	pack "$t/big" $c-index -b 131072 -comp $c
done
pack "$t/many" zstd-many -b 4096 -comp zstd
ls -l "$out"
