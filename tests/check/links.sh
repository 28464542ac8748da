#!/bin/sh
# What each program links: sif starts with libc alone, the image readers have
# no code of other SquashFS implementations.
cd "${top_builddir:-.}" || exit 1
bad=0
if grep -q '^#define WITH_SANITIZERS 1' config.h 2>/dev/null || grep -q -e --coverage Makefile; then
	echo 'links: not looked at in an instrumented build'
	exit 77
fi

needed() { readelf -d "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'; }

others=$(needed ./sif | grep -vE '^(libc\.so|ld-linux|ld64)')
[ -z "$others" ] || { echo "sif links $others"; bad=1; }
for program in sif-fuse sif-read; do
	[ -x "./$program" ] || continue
	foreign=$(needed "./$program" | grep -iE 'squash|fuse|archive|curl')
	[ -z "$foreign" ] || { echo "$program links $foreign"; bad=1; }
	foreign=$(readelf -sW "./$program" | grep -oE '\b(sqfs_[a-z_]+|fuse_session_[a-z]+)\b' | sort -u)
	[ -z "$foreign" ] || { echo "$program contains $foreign"; bad=1; }
done
# nothing of ours is visible to other objects (libc's own copies are)
for program in sif sif-fuse sif-read sif-pack sif-sign sif-account; do
	[ -x "./$program" ] || continue
	exported=$(readelf --dyn-syms -W "./$program" | awk '$5 != "LOCAL" && $7 != "UND" && $8 ~ /./ && $8 !~ /@/ { print $8 }' |
		grep -vE '^(Name|_init|_fini|__bss_start|_end|_edata|environ|__environ)$')
	[ -z "$exported" ] || { echo "$program exports $exported"; bad=1; }
done
# a position-independent program whose relocations are read-only
readelf -lW ./sif | grep -q GNU_RELRO || { echo 'sif has no read-only relocations'; bad=1; }
[ $bad = 0 ] && echo 'links: sif needs libc only'
exit $bad
