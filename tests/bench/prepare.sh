#!/bin/sh
# prepare.sh SIF|tar DIR [NAME]...: what the benchmarks run on, made once in DIR:
#	NAME.tar	Debian with the packages of NAME, as mmdebstrap writes it
#	NAME.dir	the same tree as a directory (no device nodes); not of torch
#	NAME.sif	sif build of the tar (zstd 3)
#	NAME.sqfs	the SquashFS in it, byte for byte, for the peers
# NAME is numpy (also when none is named), scipy (numpy, too, 36,000 files) or torch.
# "tar" in place of the program makes the tars alone, as root may do for a user;
# where .dir and .sif are there, none is needed.
set -eu
sif=$1
dir=$2
shift 2
[ $# != 0 ] || set -- numpy
mkdir -p "$dir"
cd "$dir"

make_tar() { # NAME PACKAGES [OPTION...]
	command -v mmdebstrap >/dev/null || { echo "prepare.sh: mmdebstrap is not installed"; exit 1; }
	name=$1
	packages=$2
	shift 2
	mmdebstrap --quiet --format=tar --variant=minbase --include="$packages" "$@" bookworm "$name.tar.part"
	mv "$name.tar.part" "$name.tar"
}

make_dir() {
	rm -rf "$1.dir.part"
	mkdir "$1.dir.part"
	tar -C "$1.dir.part" --no-same-owner --exclude='./dev/*' -xf "$1.tar"
	chmod -R u+rwX "$1.dir.part"
	mv "$1.dir.part" "$1.dir"
}

make_sqfs() {
	id=1
	while "$sif" object dump $id "$1.sif" >"$1.sqfs.part" && [ "$(head -c 4 "$1.sqfs.part")" != hsqs ]; do
		id=$((id + 1))
	done
	unsquashfs -s "$1.sqfs.part" >/dev/null # fails where no object was one
	mv "$1.sqfs.part" "$1.sqfs"
}

for name; do
	tree=$name.dir
	[ "$name" != torch ] || tree=.
	if [ ! -f "$name.tar" ] && ! { [ -f "$name.sif" ] && [ -d "$tree" ]; }; then
		case $name in
		numpy) make_tar numpy python3,python3-numpy --dpkgopt='path-exclude=/usr/share/doc/*' \
			--dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' ;;
		*) make_tar "$name" "python3,python3-numpy,python3-$name" ;;
		esac
	fi
	[ "$sif" != tar ] || continue
	[ -d "$tree" ] || make_dir "$name"
	[ -f "$name.sif" ] || "$sif" build --compress zstd:3 "$name.sif" "$name.tar"
	[ -f "$name.sqfs" ] || make_sqfs "$name"
done
