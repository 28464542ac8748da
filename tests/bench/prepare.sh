#!/bin/sh
# prepare.sh SIF|tar DIR: what the benchmarks run on, made once in DIR:
#	numpy.tar	Debian's python3 and numpy, as mmdebstrap writes it
#	numpy.dir	the same tree as a directory (no device nodes)
#	numpy.sif	sif build of the tar (zstd 3)
#	numpy.sqfs	the SquashFS in it, byte for byte, for the peers
# "tar" in place of the program makes the tar alone, as root may do for a user.
set -eu
sif=$1
dir=$2
mkdir -p "$dir"
cd "$dir"
if [ ! -f numpy.tar ]; then
	command -v mmdebstrap >/dev/null || { echo "prepare.sh: mmdebstrap is not installed"; exit 1; }
	mmdebstrap --quiet --format=tar --variant=minbase --include=python3,python3-numpy \
		--dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
		--dpkgopt='path-exclude=/usr/share/locale/*' bookworm numpy.tar.part
	mv numpy.tar.part numpy.tar
fi
[ "$sif" != tar ] || exit 0
if [ ! -d numpy.dir ]; then
	rm -rf numpy.dir.part
	mkdir numpy.dir.part
	tar -C numpy.dir.part --no-same-owner --exclude='./dev/*' -xf numpy.tar
	chmod -R u+rwX numpy.dir.part
	mv numpy.dir.part numpy.dir
fi
[ -f numpy.sif ] || "$sif" build --compress zstd:3 numpy.sif numpy.tar
if [ ! -f numpy.sqfs ]; then
	id=1
	while "$sif" object dump $id numpy.sif >numpy.sqfs.part && [ "$(head -c 4 numpy.sqfs.part)" != hsqs ]; do
		id=$((id + 1))
	done
	unsquashfs -s numpy.sqfs.part >/dev/null # fails where no object was one
	mv numpy.sqfs.part numpy.sqfs
fi
