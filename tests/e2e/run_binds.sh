#!/bin/sh
# Binds: their grammar at work, read-only, files, devices, links, other images,
# and what is refused.
# shellcheck source=tests/lib/e2e.sh
. "$top_srcdir/tests/lib/e2e.sh"
need_fuse
need busybox mksquashfs

sif=$(small_image) || exit 1
cd "$T" || exit 1
mkdir -p d/sub e real
echo host >d/f
echo deep >d/sub/g
echo single >one
echo through >real/f
ln -s real linked
run() { "$SIF" exec "$@"; }

prints 'SRC' host run -B "$T/d" "$sif" cat "$T/d/f"
prints 'SRC:DEST' deep run -B "$T/d:/mnt" "$sif" cat /mnt/sub/g
prints 'a relative source' host run -B d:/mnt "$sif" cat /mnt/f
prints 'two in one word' 'host single' run -B d:/mnt,one:/srv/one "$sif" sh -c 'echo $(cat /mnt/f /srv/one)'
refuse 'ro' 1 'Read-only' run -B d:/mnt:ro "$sif" touch /mnt/x
refuse 'ro, of what is mounted below, too' 1 'Read-only' run -B /dev:/mnt:ro "$sif" touch /mnt/shm/x
prints 'a file' single run -B one:/etc/os-release "$sif" cat /etc/os-release
prints 'over a default' single run -B one:/etc/resolv.conf "$sif" cat /etc/resolv.conf
prints 'a child named before its parent' 'host deep' run -B d/sub:/mnt/sub,d:/mnt "$sif" sh -c 'echo $(cat /mnt/f /mnt/sub/g)'
prints 'a device works' '0' run -B /dev/null:/x "$sif" sh -c 'wc -c </x'
refuse 'other binds are nodev and nosuid' 0 '' run -B d:/mnt "$sif" grep -qE ' /mnt .*nosuid,nodev' /proc/self/mountinfo
prints 'a link as source: its own name' through run -B "$T/linked:/mnt" "$sif" cat /mnt/f
mkdir outside && ln -s "$T/outside" "$HOME/away" && echo there >outside/f
prints 'a link without destination: both names' 'there there' run --contain -B "$HOME/away" "$sif" sh -c \
	"cat '$HOME/away/f' '$T/outside/f' | tr '\n' ' ' | sed 's/ \$//'"
prints 'into an empty directory of ours' host run --contain -B d:/tmp/made/for/it "$sif" cat /tmp/made/for/it/f
prints '--mount' host run --mount type=bind,source=d,destination=/mnt "$sif" cat /mnt/f
prints 'the same destination twice: the first' host sh -c '"$SIF" exec -q -B d:/mnt -B e:/mnt "$0" cat /mnt/f' "$sif"

mksquashfs d data.sqfs -quiet -no-progress -noappend -all-root >/dev/null
prints 'a directory of another image' deep run -B data.sqfs:/mnt:image-src=/sub "$sif" cat /mnt/g
prints 'a file of another image' host run -B data.sqfs:/mnt/new:image-src=/f "$sif" cat /mnt/new
prints 'two of one image' 'host deep' run -B data.sqfs:/a:image-src=/,data.sqfs:/b:image-src=/sub "$sif" sh -c 'echo $(cat /a/f /b/g)'
refuse 'not in the other image' 125 'nowhere' run -B data.sqfs:/mnt:image-src=/nowhere "$sif" true
refuse 'no other image' 125 'one' run -B one:/mnt:image-src=/ "$sif" true

refuse 'a missing source' 125 "bind source 'nope' does not exist" run -B nope:/mnt "$sif" true
refuse 'four fields' 125 'too many fields|no option' run -B d:/mnt:ro:x "$sif" true
refuse '/' 125 'hide the whole image' run -B d:/ "$sif" true
refuse 'a file upon a directory' 125 'directory and a file' run -B one:/opt "$sif" true
refuse 'below a file' 125 'passwd' run -B d:/etc/passwd/x "$sif" true
refuse 'a mount point that a bind of the host hides' 125 'make it first in the directory' run -B d:/mnt -B e:/mnt/new "$sif" true
check 'and is not made there' test ! -e d/new
refuse 'a missing working directory' 125 "working directory '/nope'" run --cwd /nope "$sif" true
refuse 'a missing home' 125 'nope' run --home "$T/nope" "$sif" true
check 'and is not made' test ! -e nope
prints '--home SRC:DEST' '/h host' run --home "$T/d:/h" "$sif" sh -c 'echo $HOME $(cat ~/f)'
prints '$TMPDIR is there' "$TMPDIR" run "$sif" sh -c 'cd "$TMPDIR" && echo $TMPDIR'

# configuration
mkdir -p "$HOME/.config/sif" "${XDG_CONFIG_HOME:-$HOME/.config}/sif"
conf=${XDG_CONFIG_HOME:-$HOME/.config}/sif/sif.conf
echo "bind path = $T/d:/site" >"$conf"
prints 'bind path of the configuration' host run "$sif" cat /site/f
echo "bind path = $T/nowhere:/site" >"$conf"
refuse 'a missing one' 125 "nowhere', a 'bind path'" run "$sif" true
echo "bind path = -$T/nowhere:/site" >"$conf"
check 'a missing optional one' run "$sif" true
rm -f "$conf"
