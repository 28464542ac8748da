#!/bin/sh
# The life of an image server: it belongs to nobody, cannot be talked out of
# serving, ends when the last user of the mount has gone, and leaves nothing.
. "$top_srcdir/tests/lib/server.sh"
command -v mksquashfs >/dev/null || skip "mksquashfs is not installed"
command -v perl >/dev/null || skip "perl is not installed"

mkdir "$T/tree" "$T/tree/dir"
head -c 3000000 /dev/urandom >"$T/tree/data"
echo words >"$T/tree/dir/file"
mksquashfs "$T/tree" "$T/image" -comp zstd -quiet -no-progress -all-root >/dev/null 2>&1 || exit 1
want=$(cksum <"$T/tree/data")

state() { # what a run might leave: processes, mounts, locks, files
	ps -e -o stat=,args= | grep -F "$T/" | grep -vE '^Z|life\.sh|grep' | sort
	grep -F "$T" /proc/self/mountinfo
	grep -F ":$(stat -c %i "$T/image") " /proc/locks
	find "$T" ! -name log ! -name state.after ! -path "$T/tree*" | sort
}
state >"$T/state.before"
settled() {
	state >"$T/state.after"
	cmp -s "$T/state.before" "$T/state.after"
}
left() { # NAME: everything is as it was
	if wait_until 5 settled; then ok "$1: nothing is left"
	else bad "$1: nothing is left" "$(diff "$T/state.before" "$T/state.after")"; fi
}

same "the program reads the image" "$want" "$(with "$T/image" cksum "$M/data" | sed "s| $M/data||")"
left "normal end"

same "its exit status passes" 7 "$(with "$T/image" sh -c 'exit 7'; echo $?)"

# A pipe that the server held open would keep cat waiting.
begin=$(date +%s%N)
text=$(with "$T/image" cat "$M/dir/file" | cat)
took=$((($(date +%s%N) - begin) / 1000000))
same "output goes through a pipe" words "$text"
if [ "$took" -lt 2000 ]; then ok "the pipe ends at once"; else bad "the pipe ends at once" "$took ms"; fi

with "$T/image" perl -e 'exit(wait() == -1 && $!{ECHILD} ? 0 : 1)' &&
	ok "the server is no child of the program" || bad "the server is no child of the program"
same "the program inherits no descriptor of ours" "$(sh -c 'ls /proc/self/fd')" \
	"$(with "$T/image" sh -c 'ls /proc/self/fd')"

: >"$T/lock"
( flock 9; with "$T/image" true ) 9<"$T/lock"
flock -n "$T/lock" true && ok "the caller's lock is free at once" || bad "the caller's lock is free at once"
rm "$T/lock"
left "after these"

"$T/bin/with_image" "$T/image" "$M" sleep 60 &
program=$!
wait_until 5 grep -qF "$M" "/proc/$program/mountinfo" || bad "the program starts"
kill -9 $program
wait $program 2>/dev/null
left "kill -9 of the program"

# A job's signals reach the whole group, and by name also the server.
cat >"$T/trap.sh" <<'END'
trap 'cksum <"$1/data" >"$2"; exit 0' TERM
: >"$2.ready"
while :; do sleep 0.05; done
END
setsid "$T/bin/with_image" "$T/image" "$M" sh "$T/trap.sh" "$M" "$T/sum" &
wait_until 5 test -e "$T/sum.ready" || bad "the program starts"
server=$(servers)
for sig in HUP INT QUIT USR1 USR2 PIPE ALRM CHLD CONT TSTP TTIN TTOU XCPU XFSZ VTALRM PROF WINCH IO PWR 32 33 34 50 64 TERM; do
	kill -s "$sig" "$server" 2>/dev/null || kill "-$sig" "$server" 2>/dev/null
done
group=$(ps -e -o pgid=,args= | awk -v t="$T/trap.sh" 'index($0, t) && !/awk/ { print $1; exit }')
kill -TERM "-$group"
wait_until 5 test -s "$T/sum" || bad "the program ends"
same "a program that traps SIGTERM still reads its image" "$want" "$(cat "$T/sum")"
wait
rm -f "$T/sum" "$T/sum.ready" "$T/trap.sh"
left "signals"

# The launch has long gone; a daemon goes on.
with "$T/image" sh -c "(setsid sh -c 'sleep 1; cksum <$M/data >$T/late.tmp; mv $T/late.tmp $T/late' >/dev/null 2>&1 &)"
[ -e "$T/late" ] && bad "the program ends before its daemon" || ok "the program ends before its daemon"
wait_until 5 test -e "$T/late" || bad "the daemon reads the image"
same "a daemon that outlives the program reads the image" "$want" "$(cat "$T/late")"
rm -f "$T/late"
left "a daemon"

# Copies of the namespace share one server and hold it.
with "$T/image" unshare -rm sh -c "sleep 0.3; cksum <$M/data >$T/copy" && same "a copy of the namespace is served" \
	"$want" "$(cat "$T/copy")"
rm -f "$T/copy"
left "a copy of the namespace"

# Its death is an error for readers, never a hang.
mkfifo "$T/fifo"
with "$T/image" sh -c ": >$T/ready; read -r go <$T/fifo; cat $M/data >/dev/null 2>$T/error; echo \$? >$T/status" &
wait_until 5 test -e "$T/ready" || bad "the reader starts"
kill -9 $(servers)
timeout 10 sh -c "echo go >$T/fifo"
wait
same "readers of a dead server get an error" 1 "$(cat "$T/status")"
grep -q 'not connected\|abort\|Input/output' "$T/error" && ok "and a reason" || bad "and a reason" "$(cat "$T/error")"
rm -f "$T/fifo" "$T/ready" "$T/error" "$T/status"
left "kill -9 of the server"

with "$T/image" /nonexistent 2>"$T/error"
same "a program that is missing" 125 $?
rm "$T/error"
left "a program that is missing"
