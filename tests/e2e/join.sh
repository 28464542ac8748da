#!/bin/sh
# --join: one more program in a container that runs. It sees what the first one
# sees, has no privilege, and is a process like any other.
# shellcheck source=tests/lib/e2e.sh
. "$top_srcdir/tests/lib/e2e.sh"
need_fuse
need busybox python3

sif=$(small_image) || exit 1
cd "$T" || exit 1
mkdir data && echo bound >data/file
appears() { # FILE, within 10 s
	tries=200
	until [ -s "$1" ]; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || return 1
		sleep 0.05
	done
}
# container OPTION...: a container whose program is in /usr; $pid is its launch
container() {
	rm -f up
	"$SIF" exec -B "$T/data:/mnt/data" "$@" "$sif" sh -c "cd /usr; echo up >$T/up; trap 'exit 0' TERM; while :; do sleep 0.1; done" &
	pid=$!
	appears up || fail 'the container starts'
}
same_namespaces() { # NAME KIND...
	same_name=$1
	shift
	for kind; do
		equal "$same_name: $kind namespace" "$(readlink "/proc/$pid/ns/$kind")" \
			"$("$SIF" exec --join "$pid" readlink "/proc/self/ns/$kind")"
	done
}
join() { "$SIF" exec --join "$pid" "$@"; }

snapshot
container --env GREETING=hello
same_namespaces 'plain' user mnt pid net ipc uts
prints 'its mounts' bound join cat /mnt/data/file
prints 'its root' 'NAME=small' join head -n 1 /etc/os-release
prints 'its directory' '/usr /usr' join sh -c 'echo $(pwd) $PWD'
prints '--cwd' '/etc /etc' "$SIF" exec --cwd /etc --join "$pid" sh -c 'echo $(pwd) $PWD'
prints 'the environment is made anew' 'unset' join sh -c 'echo ${GREETING-unset}'
prints 'by the same options' 'there' "$SIF" exec --env GREETING=there --join "$pid" sh -c 'echo $GREETING'
prints 'the image has its name' "$sif $(basename "$sif") exec" \
	join sh -c 'echo $APPTAINER_CONTAINER $SINGULARITY_NAME $APPTAINER_COMMAND'
prints 'and so have the binds' /mnt/data join sh -c 'echo $SIF_BIND'
prints 'TMPDIR passes where it is bound' "$TMPDIR" join sh -c 'echo $TMPDIR'
prints 'the ids are the caller'"'"'s' "$(id -u) $(id -g)" join sh -c 'echo $(id -u) $(id -g)'
prints 'no capability in any set' 5 join grep -c '^Cap[A-Za-z]*:.0000000000000000' /proc/self/status
prints 'no new privileges' 'NoNewPrivs:	1' join grep NoNewPrivs /proc/self/status
cat >fds <<'END'
have=
for f in 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do [ ! -e /proc/$$/fd/$f ] || have="$have $f"; done
echo "$have"
END
prints 'no descriptor of ours' "$("$SIF" exec "$sif" sh -c "$(cat fds)")" join sh -c "$(cat fds)"
rm fds
equal 'it is the process that was started' 1 \
	"$(sh -c 'echo $$; exec "$SIF" exec --join "$0" sh -c "echo \$\$"' "$pid" | sort -u | wc -l)"
prints 'standard input' 'a b c' sh -c 'echo a b c | "$SIF" exec --join "$0" cat' "$pid"
prints 'shell' '/usr' sh -c 'echo pwd | "$SIF" shell --join "$0"' "$pid"
prints 'a shell like that of a launch' "$("$SIF" exec "$sif" sh -c 'echo $PATH $HOME $USER')" join sh -c 'echo $PATH $HOME $USER'
for n in 0 1 125 255; do
	refuse "status $n" $n '' join sh -c "exit $n"
done
refuse 'killed' 137 '' join sh -c 'kill -9 $$'
refuse 'not found' 127 "'nope' is not on the image's PATH" join nope
refuse 'not executable' 126 'permission denied' join /etc/passwd
prints 'a signal reaches it' '7 got' python3 -c '
import os, signal, subprocess, sys
p = subprocess.Popen([os.environ["SIF"], "exec", "--join", sys.argv[1], "sh", "-c", "trap \"echo got; exit 7\" TERM; echo up; while :; do sleep 0.05; done"], stdout=subprocess.PIPE, text=True)
p.stdout.readline(); p.send_signal(signal.SIGTERM); out = p.stdout.read().strip(); print(p.wait(), out)' "$pid"
refuse 'a bind comes too late' 125 '--bind cannot be combined with --join' "$SIF" exec -B /usr --join "$pid" true
refuse 'and so does a namespace' 125 '--pid cannot be combined' "$SIF" exec --join "$pid" --pid true
check 'but a default of the environment does not stand in the way' env SIF_BIND=/usr SIF_PID=1 "$SIF" exec --join "$pid" true
refuse 'exec needs a program' 125 "which program in the container of process $pid" "$SIF" exec --join "$pid"
refuse 'a shell takes no words' 125 "no words behind --join: 'ls'" "$SIF" shell --join "$pid" ls
prints 'a word that looks like an image is a program' x "$SIF" exec --join "$pid" echo x
# A program that is the last in the container keeps it.
"$SIF" exec --join "$pid" sh -c "echo on >$T/on; sleep 1; cat /etc/os-release >$T/late" &
late=$!
appears on
kill "$pid"
wait "$pid"
wait "$late"
equal 'one that joined keeps the root when the first one ends' 'NAME=small' "$(head -n 1 late)"
refuse 'the first one is gone' 125 "there is no process $pid" "$SIF" exec --join "$pid" true
rm -f up on late
settled 'after the plain container'

container --pid --ipc --net --uts --hostname inside
prints 'own pid namespace: the launch is joined like what it waits for' inside join hostname
same_namespaces 'all' user mnt net ipc uts pid_for_children
prints 'processes are those of the container' 1 join sh -c 'ps -o pid,args | grep -c "[s]if-init"'
check '/proc is that of the pid namespace' join sh -c 'read -r id rest </proc/self/stat && [ "$id" = $$ ]'
prints 'the network is there' LOOPBACK join sh -c 'ifconfig lo | grep -o LOOPBACK'
prints 'the image has its name, also there' "$sif" join sh -c 'echo $SIF_CONTAINER'
prints 'the directory is that of the program, not of what waits for it' /usr join pwd
inner=$(pgrep -P "$(pgrep -P "$pid")" | head -n 1)
prints 'the program inside, by its number outside' inside "$SIF" exec --join "$inner" hostname
refuse 'its status' 9 '' join sh -c 'exit 9'
refuse 'not found' 127 "'nope' is not on" join nope
prints 'standard input' 'a b c' sh -c 'echo a b c | "$SIF" exec --join "$0" cat' "$pid"
prints 'a signal is passed on' '7 got' python3 -c '
import os, signal, subprocess, sys
p = subprocess.Popen([os.environ["SIF"], "exec", "--join", sys.argv[1], "sh", "-c", "trap \"echo got; exit 7\" TERM; echo up; while :; do sleep 0.05; done"], stdout=subprocess.PIPE, text=True)
p.stdout.readline(); p.send_signal(signal.SIGTERM); out = p.stdout.read().strip(); print(p.wait(), out)' "$pid"
# Whoever kills the one outside kills the program.
"$SIF" exec --join "$pid" sh -c "echo on >$T/on; exec sleep 321" &
late=$!
appears on
kill -9 "$late"
wait "$late" 2>/dev/null
sleep 0.3
prints 'killed: the program goes with it' 0 join sh -c 'ps -o args | grep -c "^[s]leep 321" || :'
rm -f on
"$SIF" exec --join "$pid" sh -c "echo on >$T/on; exec sleep 322" &
late=$!
appears on
kill "$pid"
wait "$pid"
wait "$late"
equal 'the container ends: so do those that joined' 137 $?
rm -f up on
settled 'after the container with its own namespaces'

# An image of its own root: no server at all.
small_tree "$T/tree"
"$SIF" exec "$T/tree" sh -c "echo up >$T/up; exec sleep 60" &
pid=$!
appears up
prints 'a directory as image' NAME=small join head -n 1 /etc/os-release
same_namespaces 'directory' user mnt
rm -f up
"$SIF" exec "$sif" sh -c "echo up >$T/up; sleep 0.1; exec sleep 60" &
served=$!
appears up
server=$(ps -e -o pid=,stat=,args= | awk -v t="$sif" '$2 !~ /^Z/ && $3 == "sif-fuse" && index($0, t) { print $1; exit }')
refuse 'a process that protects itself' 125 "process $server may not be examined: Permission denied" \
	"$SIF" exec --join "$server" true
kill "$pid" "$served"
wait "$pid" "$served" 2>/dev/null

# The namespaces of a container, and the root of the host: a launch at work.
unshare -rm sh -c "echo up >$T/half; exec sleep 60" &
half=$!
appears half
refuse 'a container that is not there yet' 125 "process $half still has this root" "$SIF" exec --join "$half" true
kill "$half"
wait "$half" 2>/dev/null
refuse 'a process that is in no container' 125 "process $$ is not in a container" "$SIF" exec --join $$ true
refuse 'of another user' 125 "process 1 belongs to user 0, not to user $(id -u)" "$SIF" exec --join 1 true
refuse 'that never was' 125 'there is no process 2147483647' "$SIF" exec --join 2147483647 true
refuse 'no number' 125 "'first' is no process id" "$SIF" exec --join first true
refuse 'zero' 125 "'0' is no process id" "$SIF" exec --join 0 true
python3 -c 'import os, time
if os.fork() == 0: os._exit(0)
open("up2", "w").write(str(os.getpid())); time.sleep(60)' &
parent=$!
appears up2
zombie=$(pgrep -P "$parent")
refuse 'a zombie' 125 "there is no process $zombie" "$SIF" exec --join "$zombie" true
kill "$parent"
wait "$parent" 2>/dev/null
mkdir -p config/sif
echo 'default join = 5' >config/sif/sif.conf
refuse 'no default' 125 "'default join' cannot be" env XDG_CONFIG_HOME="$T/config" "$SIF" exec "$sif" true
