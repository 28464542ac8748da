#!/bin/sh
# limit: 400 s
# Who reads the image: the same for sif's own reader and the distribution's
# squashfuse_ll. The kernel's reader needs root: tests/root/engine_kernel.sh.
# shellcheck source=tests/lib/e2e.sh
. "$top_srcdir/tests/lib/e2e.sh"
# shellcheck source=tests/lib/engine.sh
. "$top_srcdir/tests/lib/engine.sh"
need_fuse
need busybox mksquashfs squashfuse_ll jq

export XDG_STATE_HOME="$T/state" XDG_CONFIG_HOME="$T/config"
mkdir -p "$T/config/sif" "$T/state/sif"
: >"$T/state/sif/server.log"
cd "$T" || exit 1
engine_images
engine_body sif
engine_body squashfuse
snapshot

# Two processes for one mount.
# The server of the image, and its child.
keeper() { ps -e -o pid=,stat=,args= | awk -v t="$sif" '$2 !~ /^Z/ && $3 == "sif-fuse" && index($0, t) && /squashfuse/ { print $1; exit }'; }
reader() { ps -e -o pid=,ppid=,args= | awk -v p="$1" '$2 == p && $3 == "squashfuse_ll" { print $1; exit }'; }
engine=squashfuse
start() {
	rm -f up go
	mkfifo go
	engine_run "$sif" sh -c "echo up >$T/up; read -r x <$T/go; md5sum </random" >sum 2>errors &
	job=$!
	appears up
	keeper=$(keeper)
	reader=$(reader "$keeper")
}
end() {
	timeout 10 sh -c 'echo x >go'
	wait "$job"
}

"$SIF" exec "$sif" true
start
snapshot_engines=$("$SIF" mounts | awk -v t="$sif" 'index($0, t) { print $7 }' | sort | tr '\n' ' ')
equal 'servers of two engines stand beside each other' 'sif squashfuse ' "$snapshot_engines"
if [ "$("$SIF" mounts --json | jq '[.[] | select(.engine == "squashfuse")][0].memory')" -gt 2000000 ]; then
	ok 'the memory of the reader counts'
else
	fail 'the memory of the reader counts' "$("$SIF" mounts --json)"
fi
for sig in HUP INT QUIT USR1 USR2 PIPE ALRM TERM TSTP TTIN TTOU 34 64; do kill -"$sig" "$keeper" "$reader"; done
end
equal 'both are deaf to signals' "$want" "$(cat sum)"

start
killed=$keeper
kill -9 "$keeper"
end
equal 'without its keeper the reader serves on' "$want" "$(cat sum)"
start
equal 'the next launch has another' 1 "$([ -n "$reader" ] && [ "$keeper" != "$killed" ] && echo 1)"
kill -9 "$reader"
end
equal 'without its reader it is an error' 1 "$([ $? != 0 ] && [ ! -s sum ] && echo 1)"
prints 'and the next launch starts another' "$want" engine_run "$sif" sh -c 'md5sum </random'
check 'the log says what happened' grep -q 'squashfuse_ll was killed by signal 9' "$T/state/sif/server.log"

rm -f up go sum errors

# What is asked for and cannot be had.
refuse 'no such engine' 125 "'warp' is no engine" "$SIF" exec --engine warp "$sif" true
refuse 'it records nothing' 125 "engine 'squashfuse' cannot write down what is read first" \
	sh -c '"$SIF" exec --engine squashfuse --record-fd 9 "$0" true 9>record' "$sif"
refuse 'the kernel is for root' 125 "engine 'kernel' needs root" "$SIF" exec --engine kernel "$sif" true
refuse 'squashfuse_ll is not installed' 125 'hint: .*package squashfuse' unshare -rm sh -c '
	for p in /usr/bin/squashfuse_ll /usr/local/bin/squashfuse_ll; do
		[ ! -e $p ] || mount --bind /dev/null $p
	done
	exec "$@"' sh "$SIF" exec --engine squashfuse "$sif" true
# shellcheck disable=SC2016 # for the inner shell
instead() { # SCRIPT: squashfuse_ll is that, to the launch behind it
	printf '#!/bin/sh\n%s\n' "$1" >"$T/fake" && chmod +x "$T/fake"
	shift
	unshare -rm sh -c 'mount --bind "$0" /usr/bin/squashfuse_ll && exec "$@"' "$T/fake" "$@"
}
refuse 'the cause is told when it does not start' 125 'squashfuse_ll ended with status 3' \
	instead 'echo "no such codec" >&2; exit 3' "$SIF" exec --engine squashfuse "$sif" true
check 'what it said is in the log' grep -q 'no such codec' "$T/state/sif/server.log"
refuse 'and when it cannot be executed' 125 'squashfuse_ll ended with status 127' \
	instead '' sh -c 'echo junk >"$0" && exec "$@"' "$T/fake" "$SIF" exec --engine squashfuse "$sif" true
cp /usr/bin/squashfuse_ll "$T/real"
# shellcheck disable=SC2016 # for the inner shell
check 'with another one in between it works' instead \
	'for f in /proc/$$/fd/*; do readlink "$f"; done >'"$T/open; exec $T/real \"\$@\"" \
	"$SIF" exec --engine squashfuse "$sif" true
equal 'it has the device and the image, and none of the namespaces' "/dev/fuse $sif" \
	"$(grep -vE "^(/dev/null|/usr/bin/squashfuse_ll|$T/(fake|open|state/.*)|/proc/.*)\$" "$T/open" | sort | tr '\n' ' ' | sed 's/ $//')"
rm -f "$T/fake" "$T/open" "$T/real"

echo 'mount engine = squashfuse' >"$T/config/sif/sif.conf"
"$SIF" exec "$sif" true
equal 'mount engine in sif.conf' squashfuse "$("$SIF" mounts --json | jq -r '[.[] | select(.image == "'"$sif"'" and .engine == "squashfuse")][0].engine')"
prints 'the option is stronger' fuse.sif "$SIF" exec --engine sif "$sif" awk '$5 == "/" { for (i = 7; $i != "-"; i++); print $(i + 1); exit }' /proc/self/mountinfo
prints 'a directory needs none' inside "$SIF" exec "$T/tree" cat /closed/file
echo 'mount engine = warp' >"$T/config/sif/sif.conf"
refuse 'a wrong one, with its line' 125 "sif.conf:1: mount engine: 'warp' is no engine" "$SIF" exec "$sif" true
rm -f "$T/config/sif/sif.conf" record
settled 'nothing is left at the end'
