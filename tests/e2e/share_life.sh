#!/bin/sh
# The life of a shared server: whatever dies, whoever is signalled, however low
# the limits are, programs keep their root and nothing is left in the end.
# shellcheck source=tests/lib/e2e.sh
. "$top_srcdir/tests/lib/e2e.sh"
need_fuse
need busybox perl prlimit strace
# shellcheck source=tests/lib/share.sh
. "$top_srcdir/tests/lib/share.sh"
cd "$T" || exit 1
want=$(md5sum <"$IMAGES/small.dir/bin/busybox" | cut -d ' ' -f 1)
alive() { [ -n "$(servers)" ]; }
all_ended() { [ -z "$(servers)" ]; }
# hold NAME: a launch that says so in NAME.up and goes on when NAME.go is written.
hold() {
	[ -p "$1.go" ] || mkfifo "$1.go"
	"$SIF" exec "$sif" sh -c "echo \$\$ >$T/$1.up; read -r x <$T/$1.go; md5sum /bin/busybox" >"$1.out" 2>"$1.err" &
	held=$!
	in_time 20 test -s "$1.up"
}
go() { timeout 20 sh -c "echo go >$1.go"; }
snapshot

# In the program: no child, no lock, no open end of a pipe.
prints 'wait() gives ECHILD' '-1 1' "$SIF" exec --bind /usr --bind /lib --bind /lib64 --bind /bin "$sif" \
	/usr/bin/perl -e 'print wait(), " ", $!{ECHILD} ? 1 : 0, "\n"'
: >lock
( flock 9; "$SIF" exec "$sif" true ) 9<lock
alive && check "the caller's flock is free while the server lives" flock -n lock true
begun=$(date +%s%N)
"$SIF" exec "$sif" echo word | cat >word
took=$((($(date +%s%N) - begun) / 1000000))
equal 'a pipe gets its text' word "$(cat word)"
if alive && [ $took -lt 2000 ]; then ok 'and its end while the server lives'; else fail 'and its end while the server lives' "$took ms"; fi
rm -f lock word

# kill -9 of a launch and of its whole session: the others go on.
hold a
a=$held
hold b
kill -9 $a
wait $a 2>/dev/null
setsid sh -c "'$SIF' exec '$sif' sh -c 'echo \$\$ >$T/c.up; sleep 60' & '$SIF' exec '$sif' sleep 60 & wait" &
in_time 20 test -s c.up
session=$(ps -o sid= -p "$(cat c.up)" | tr -d ' ')
for each in $(ps -e -o pid=,sid= | awk -v s="$session" '$2 == s { print $1 }'); do kill -9 "$each" 2>/dev/null; done
go b
await $held
equal 'kill -9 of one launch and of a session leaves the others' "$want  /bin/busybox" "$(cat b.out)"
wait
rm -f ./*.up ./*.go ./*.out ./*.err

# With a pid namespace launcher and program are two: kill -9 of the first ends
# the second.
"$SIF" exec --pid "$sif" sh -c "echo up >$T/p.up; exec sleep 61" &
launcher=$!
in_time 20 test -s p.up
kill -9 $launcher
wait $launcher 2>/dev/null
nobody_sleeps() { ! ps -e -o stat=,args= | grep -v '^Z' | grep -q ' sleep 6[1]$'; }
if in_time 20 nobody_sleeps; then ok 'kill -9 of the launcher of a pid namespace ends its program'; else fail 'kill -9 of the launcher of a pid namespace ends its program'; fi
rm -f p.up

# Every signal that a process can catch but the faults, to the server by its
# number and to the group of the program, which traps SIGTERM.
cat >trap.sh <<'INNER'
for sig in 1 2 3 10 12 13 14 16 17 18 23 24 25 26 27 28 29 30 $(seq 34 64); do trap : "$sig"; done
trap 'md5sum /bin/busybox >"$1/sum"; exit 3' TERM
echo $$ >"$1/trap.up"
while :; do sleep 0.05; done 2>/dev/null
INNER
setsid "$SIF" exec "$sif" sh "$T/trap.sh" "$T" &
job=$!
in_time 20 test -s trap.up
server=$(servers)
for sig in $(seq 1 64); do
	case $sig in
	4 | 5 | 6 | 7 | 8 | 9 | 11 | 19 | 31) continue ;; # faults, KILL, STOP
	15 | 20 | 21 | 22 | 32 | 33) to=$server ;; # ends the program, stops it, or is its libc's
	*) to="$server -$job" ;;
	esac
	perl -e '$sig = 0 + shift; kill($sig, $_) for @ARGV' "$sig" $to
done
kill -TERM "-$job"
await $job
equal 'a program that traps SIGTERM ends with its own code' 3 $?
equal 'and reads its image in the trap' "$want  /bin/busybox" "$(cat sum)"
equal 'the server is deaf to signals' "$server" "$(servers)"
rm -f sum trap.up trap.sh

# A daemon of the program outlives it and its server's patience.
"$SIF" exec "$sif" sh -c "(setsid sh -c 'echo up >$T/d.up; sleep 8; md5sum /bin/busybox >$T/d.part; mv $T/d.part $T/d.late' &) >/dev/null 2>&1"
in_time 20 test -s d.up

# The server dies: those who use it fail, the next launch does not.
SLURM_JOB_ID=1 hold e
e=$held
kill -9 "$(server_of slurm:1:batch)"
go e
await $e
code=$?
if [ $code != 0 ]; then ok 'a program whose server was killed fails'; else fail 'a program whose server was killed fails' "$(cat e.out)"; fi
SLURM_JOB_ID=1 device >dev.1 2>err
equal 'the next launch works' 1 "$(grep -c : dev.1)"
equal 'and says what happened' 1 "$(grep -c "the server of '$sif' was killed" err)"
SLURM_JOB_ID=1 device >dev.1 2>err
equal 'once' 0 "$(grep -c . err)"
rm -f ./e.* dev.* err

# With a pid namespace a process of ours is there to say so.
mkfifo e.go
SLURM_JOB_ID=1 "$SIF" exec --pid "$sif" sh -c "echo up >$T/e.up; read -r x <$T/e.go; md5sum /bin/busybox; kill -BUS \$\$" >e.out 2>err &
e=$!
in_time 20 test -s e.up
kill -9 "$(server_of slurm:1:batch)"
go e
await $e
equal '--pid: the exit code' 125 $?
equal '--pid: and the reason' 1 "$(grep -c "error.*the server of '$sif' was killed" err)"
rm -f ./e.* err

# It dies when a launch has joined it and has not begun yet.
SLURM_JOB_ID=1 device >dev.1 2>&1
SLURM_JOB_ID=1 strace -o trace -e trace=move_mount -e inject=move_mount:delay_enter=2000000:when=1 \
	"$SIF" exec "$sif" true 2>err &
late=$!
in_time 20 grep -q move_mount trace
kill -9 "$(server_of slurm:1:batch)"
await $late
equal 'a launch whose server died meanwhile: exit code' 125 $?
if grep -q '^hint: .*server has ended, killed for memory' err; then ok 'and reason'; else fail 'and reason' "$(cat err)"; fi
rm -f trace err dev.1

# The caller's limits are the program's.
limited() { # LIMIT: by the first comer of a server, and by one who must have its own
	for each in "$1:" "$1"; do
		export SLURM_JOB_ID="$each"
		prlimit "--$each" "$SIF" exec "$sif" md5sum /bin/busybox >limited 2>&1
		equal "--$each" "0 $want  /bin/busybox" "$? $(cat limited)"
	done
	unset SLURM_JOB_ID
}
limited as=200000000
limited nofile=24
limited fsize=4096
limited stack=262144
limited memlock=0
rm -f limited
# A server outlives its first comer: that one's soft limits are not its own.
SLURM_JOB_ID=2 prlimit --cpu=100: --as=200000000: --nofile=24: "$SIF" exec "$sif" true
awk '/^Max cpu time/ { print "cpu", $4 } /^Max open files/ { print "files", ($4 >= 256) } /^Max address space/ { print "space", ($4 > 1e9) }' \
	"/proc/$(server_of slurm:2:batch)/limits" >limits
equal 'the server has limits of its own' 'cpu unlimited
files 1
space 1' "$(cat limits)"
# Hard limits stay: then nobody else is made to depend on that server.
SLURM_JOB_ID=3 prlimit --cpu=100 "$SIF" exec "$sif" true
equal 'a hard limit of CPU time: nobody shares' '' "$(server_of slurm:3:batch)"
rm -f limits

in_time 20 test -s d.late
equal 'a daemon keeps its root' "$want  /bin/busybox" "$(cat d.late)"
rm -f d.up d.late
over 'after all of them'
