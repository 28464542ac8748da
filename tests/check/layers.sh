#!/bin/sh
# Who may include whom (docs/ARCHITECTURE.md, "Layers"): fails on the first
# include that climbs. Third-party headers have one home each.
cd "${top_srcdir:-.}" || exit 1
bad=0

# layer: what its files may include
allow() {
	case $1 in
	base) echo 'base/' ;;
	image) echo 'base/|image/' ;;
	runtime) echo 'base/|image/|runtime/' ;;
	cmd) echo 'base/|image/|runtime/|cmd/' ;;
	slurm-plugin) echo 'base/|runtime/(options|spec)|slurm-plugin/' ;;
	esac
}
for layer in base image runtime cmd slurm-plugin; do
	[ -d "$layer" ] || continue
	found=$(grep -rnE '^#include "[a-z-]+/' "$layer" --include='*.[ch]' |
		grep -vE "#include \"($(allow $layer))") && {
		printf '%s may not include:\n%s\n' "$layer" "$found"
		bad=1
	}
done

# header: the only folder or file that may include it
home() {
	found=$(grep -rnE "^#include <$1" base image runtime cmd --include='*.[ch]' | grep -vE "^($2)") && {
		printf '<%s> belongs in %s:\n%s\n' "$1" "$2" "$found"
		bad=1
	}
	return 0
}
home 'archive' 'image/pack/|image/squash/codec'
home 'sqfs/' 'image/pack/'
home '(zstd|lz4|lzma|libdeflate|lzo/)' 'image/squash/codec'
home 'zlib' 'image/squash/codec|image/pack/ahead'
home 'jansson' 'image/|cmd/'
home 'openssl/' 'image/'
home 'nettle/' 'image/(digest|sign)/'
home 'curl/' 'cmd/sif_fetch'
home 'linux/fuse' 'runtime/serve/'
home 'sys/mount.h' 'runtime/mount|runtime/server/server'

# The mount family is called where its header is at home, and in no other way.
found=$(grep -rnE 'SYS_(mount|umount2|fsopen|fsconfig|fsmount|open_tree|move_mount|mount_setattr|pivot_root)\b' \
	base image runtime cmd --include='*.[ch]' | grep -vE '^(base/sys\.h|runtime/(mount|server/server))') && {
	printf 'mounting belongs in runtime/{mount,server/server}.c:\n%s\n' "$found"
	bad=1
}

# The name service may hang: one place asks it, with a deadline, and never for lists.
found=$(grep -rnE '\<(get(pw|gr)(uid|nam|gid)(_r)?|(set|get|end)(pw|gr)ent(_r)?|getgrouplist|initgroups)\>' \
	base image runtime cmd --include='*.[ch]' | grep -vE '^cmd/sif_account\.c:|^runtime/account\.h:') && {
	printf 'users and groups are looked up in cmd/sif_account.c:\n%s\n' "$found"
	bad=1
}

[ $bad = 0 ] && echo 'layers: as documented'
exit $bad
