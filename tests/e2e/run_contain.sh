#!/bin/sh
# --contain, --pid, --ipc, --uts, --net, and runs inside of runs.
# shellcheck source=tests/lib/e2e.sh
. "$top_srcdir/tests/lib/e2e.sh"
need_fuse
need busybox python3

sif=$(small_image) || exit 1
cd "$T" || exit 1
run() { "$SIF" exec "$@"; }

snapshot
prints '--contain: /dev' 'fd null ptmx pts random shm stderr stdin stdout tty urandom zero ' \
	run -c "$sif" sh -c 'ls /dev | tr "\n" " "'
prints '--contain: devices work' '4' run -c "$sif" sh -c 'echo x >/dev/null; head -c 4 /dev/urandom | wc -c'
prints '--contain: /dev/shm can be written' x run -c "$sif" sh -c 'echo x >/dev/shm/f; cat /dev/shm/f'
refuse '--contain: /dev itself cannot' 1 'Read-only' run -c "$sif" touch /dev/new
prints '--contain: own terminals' ptmx run -c "$sif" ls /dev/pts
prints '--contain: home and temporary files are empty and writable' '0 ok' run -c "$sif" sh -c \
	'n=$(ls -A /tmp /var/tmp ~ | grep -vc -e : -e "^$"); touch /tmp/a /var/tmp/b ~/c && echo $n ok'
check '--contain: nothing of it on the host' sh -c 'test ! -e /tmp/a && test ! -e "$HOME/c"'
prints '--contain: starts at home' "$(getent passwd "$(id -u)" | cut -d: -f6)" run -c "$sif" pwd
mkdir w
check '--workdir' run -c -W "$T/w" "$sif" sh -c 'echo t >/tmp/t; echo v >/var/tmp/v; echo h >~/h'
equal '--workdir: kept' 't v h' "$(cat w/tmp/t w/var_tmp/v w/home/h | tr '\n' ' ' | sed 's/ $//')"
prints '--scratch' ok run -S /scratch/mine "$sif" sh -c 'touch /scratch/mine/x && echo ok'
rm -rf w

prints '--pid: few processes' yes run -p "$sif" sh -c '[ "$(ls -d /proc/[0-9]* | wc -l)" -le 5 ] && echo yes'
prints '--pid --no-init: process 1' 1 run -p --no-init "$sif" sh -c 'echo $$'
refuse '--pid: the status passes' 42 '' run -p "$sif" sh -c 'exit 42'
refuse '--pid: death by a signal' 143 '' run -p "$sif" sh -c 'kill -TERM $$'
refuse '--pid: a failure has its message' 127 "'nope'" run -p "$sif" nope
refuse '--pid: a failure before that, too' 125 "/nope" run -p --cwd /nope "$sif" true
prints '--pid: orphans are reaped' 0 run -p "$sif" sh -c \
	'for i in 1 2 3; do (sleep 0 &); done; sleep 0.5; grep -l "State:.Z" /proc/[0-9]*/status 2>/dev/null | wc -l'
prints '--pid: background processes end with the program' 'done' run -p "$sif" sh -c 'sleep 300 & echo done'
prints '--pid: signals pass' '7 got' python3 -c '
import os, signal, subprocess, sys
p = subprocess.Popen([os.environ["SIF"], "exec", "-p", sys.argv[1], "sh", "-c", "trap \"echo got; exit 7\" TERM; echo up; while :; do sleep 0.05; done"], stdout=subprocess.PIPE, text=True)
p.stdout.readline(); p.send_signal(signal.SIGTERM); out = p.stdout.read().strip(); print(p.wait(), out)' "$sif"
python3 - "$sif" <<'PY'
import os, signal, subprocess, sys
p = subprocess.Popen([os.environ["SIF"], "exec", "-p", sys.argv[1], "sh", "-c", "echo up; sleep 300 & sleep 300"], stdout=subprocess.PIPE)
p.stdout.readline()
p.send_signal(signal.SIGKILL)
p.wait()
PY
settled '--pid: killing the outer process leaves nothing'

differs() { # differs NAME OPTION NS
	# shellcheck disable=SC2086 # options
	inside=$("$SIF" exec $2 "$sif" readlink "/proc/self/ns/$3")
	case $inside in
	"$(readlink "/proc/self/ns/$3")" | '') fail "$1" "$inside" ;;
	*) ok "$1" ;;
	esac
}
differs '--ipc' --ipc ipc
differs '--uts' --uts uts
differs '--net' --net net
prints '--net: only the loopback, and up' 'lo 1' run --net "$sif" sh -c \
	'echo $(ls /sys/class/net) $(ip link show lo | grep -c UP)'
prints '--hostname' 'inside inside' run --hostname inside "$sif" sh -c 'echo $(hostname) $(cat /etc/hostname)'
prints '--containall' '0' run -C "$sif" sh -c 'echo ${VARIABLE_OF_THE_HOST:-0}'

# inside of another run, whose /dev, /proc and installed program are the host's
tree=$(dirname "$(dirname "$SIF")")
nest="-B $tree -B $IMAGES -B /usr -B /lib -B /lib64"
# shellcheck disable=SC2086 # several words
prints 'a run inside of a run' inner run $nest "$sif" "$SIF" exec "$sif" echo inner
# shellcheck disable=SC2086 # several words
prints 'three deep' inner run $nest "$sif" "$SIF" exec $nest "$sif" "$SIF" exec "$sif" echo inner
prints 'inside of a user namespace of somebody else' 0 unshare -Urm "$SIF" exec "$sif" id -u
settled 'nothing is left'
