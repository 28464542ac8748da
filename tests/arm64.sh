#!/bin/sh
# arm64.sh FOLDER: build sif and the image readers for arm64 in FOLDER/build and
# run their unit tests under qemu-user. Exits 77 with FOLDER/skip saying why when
# the cross compiler or the libraries cannot be had.
#
# The libraries come from the distribution's arm64 packages, unpacked into
# FOLDER/sysroot through a package state of its own: the machine's list of
# architectures and its installed packages stay as they are, and no root is needed.
set -u
src=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P) || exit 1
mkdir -p "$1" && cd "$1" || exit 1
dir=$(pwd -P)
target=aarch64-linux-gnu
sysroot=$dir/sysroot
packages="libcmocka0 libcmocka-dev libzstd1 libzstd-dev zlib1g zlib1g-dev liblzma5 liblzma-dev
	liblz4-1 liblz4-dev libdeflate0 libdeflate-dev"

skip() {
	echo "$1" | tee "$dir/skip"
	exit 77
}

own_apt() {
	apt-get -qq -o APT::Architecture=arm64 -o APT::Architectures=arm64 -o APT::Sandbox::User= \
		-o Dir::State="$dir/apt/state" -o Dir::State::status="$dir/apt/status" \
		-o Dir::Cache="$dir/apt/cache" -o Dir::Log="$dir/apt" \
		-o Acquire::Languages=none -o Acquire::Retries=3 -o APT::Update::Post-Invoke= \
		-o APT::Update::Post-Invoke-Success= "$@"
}

fetch() {
	mkdir -p apt/state/lists/partial apt/cache/archives/partial debs
	: >apt/status
	# A foreign source without arm64 packages may fail; what counts is the download.
	own_apt update >apt/log 2>&1
	# shellcheck disable=SC2086 # a list of words
	(cd debs && own_apt download $packages >>../apt/log 2>&1)
}

unpack() {
	rm -rf sysroot.new && mkdir sysroot.new || return 1
	for deb in debs/*.deb; do
		dpkg-deb -x "$deb" sysroot.new || return 1
	done
	mv sysroot.new sysroot
}

for tool in $target-gcc qemu-aarch64 pkg-config; do
	command -v $tool >/dev/null 2>&1 || skip "$tool is not installed"
done
[ -d sysroot ] || { fetch && unpack; } || skip "the arm64 libraries could not be downloaded: $(tail -n 1 apt/log)"

libs=$sysroot/usr/lib/$target
export PKG_CONFIG_LIBDIR="$libs/pkgconfig" PKG_CONFIG_SYSROOT_DIR="$sysroot"
mkdir -p build && cd build || exit 1
if [ ! -f Makefile ]; then
	"$src/configure" -q --host=$target --disable-helpers --enable-werror \
		CPPFLAGS="-I$sysroot/usr/include" \
		LDFLAGS="-L$libs -L$sysroot/lib/$target -Wl,-rpath-link,$libs:$sysroot/lib/$target" || exit 1
fi
make -s -j2 || exit 1
# SIF_EMULATED: this machine's shells cannot run the test program again.
make -s -j2 check TESTS_ENVIRONMENT='SIF_EMULATED=1; export SIF_EMULATED;' SH_LOG_COMPILER=true \
	LOG_COMPILER="qemu-aarch64 -L /usr/$target -E LD_LIBRARY_PATH=$libs:$sysroot/lib/$target"
