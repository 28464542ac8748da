#!/bin/sh
# The image server of a launch: signals that mean the job do not reach it, it
# lasts as long as anybody stands in the image, and it leaves nothing.
# shellcheck source=tests/lib/e2e.sh
. "$top_srcdir/tests/lib/e2e.sh"
need_fuse
need busybox

sif=$(small_image) || exit 1
cd "$T" || exit 1
want=$("$SIF" exec "$sif" md5sum /bin/busybox) || exit 1
server() { ps -e -o pid=,stat=,args= | awk -v t="$sif" '$2 !~ /^Z/ && $3 == "sif-fuse" && index($0, t) { print $1 }'; }
appears() { # FILE, within 10 s
	tries=200
	until [ -s "$1" ]; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || return 1
		sleep 0.05
	done
}

snapshot
"$SIF" exec "$sif" sh -c "(setsid sh -c 'echo up >$T/up; sleep 1; md5sum /bin/busybox >$T/late' &) >/dev/null 2>&1"
[ -e late ] && fail 'the launch ends before its daemon' || ok 'the launch ends before its daemon'
appears late
equal 'a daemon that outlives the launch keeps its root' "$want" "$(cat late)"
rm -f up late
settled 'after the daemon'

# scancel and a closed terminal reach every process of the job.
cat >job.sh <<'END'
trap 'md5sum /bin/busybox >"$1/sum"; exit 3' TERM
echo up >"$1/up"
while :; do sleep 0.05; done
END
setsid "$SIF" exec "$sif" sh "$T/job.sh" "$T" &
job=$!
appears up
id=$(server)
for sig in HUP INT QUIT USR1 USR2 PIPE ALRM TERM TSTP TTIN TTOU XCPU XFSZ 34 64; do kill -"$sig" "$id"; done
kill -TERM "-$job"
wait "$job"
equal 'a program that traps SIGTERM ends as it wants' 3 $?
equal 'and reads its image in the trap' "$want" "$(cat sum)"
rm -f up sum job.sh
settled 'after signals to the group'

# The program's own pages are read from the image: it may fail in any way but
# that it hangs, and the next launch is as good as ever.
mkfifo go
"$SIF" exec --no-share "$sif" sh -c "echo up >$T/up; read -r x <$T/go; cat /etc/passwd /bin/busybox >/dev/null" 2>errors &
job=$!
appears up
for id in $(server); do kill -9 "$id"; done
timeout 10 sh -c 'echo x >go'
( sleep 10; kill -9 "$job" 2>/dev/null ) &
watch=$!
wait "$job"
code=$?
kill "$watch" 2>/dev/null
wait "$watch" 2>/dev/null
if [ $code != 0 ] && [ $code != 137 ]; then ok 'the death of the server is an error'; else fail 'the death of the server is an error' "exit code $code"; fi
prints 'and the next launch starts another' "$want" "$SIF" exec "$sif" md5sum /bin/busybox
rm -f up go errors
settled 'after the death of the server'

for n in 1 2 3 4 5 6 7 8 9 10 11 12; do
	"$SIF" exec "$sif" md5sum /bin/busybox >"many.$n" &
done
wait
equal 'twelve launches at once' 12 "$(cat many.* | grep -cF "$want")"
rm -f many.*
settled 'after twelve launches'
