#!/bin/sh
# The program is the process that was started: same id, same parent, same
# descriptors, signals and limits; and it has no privilege.
# shellcheck source=tests/lib/e2e.sh
. "$top_srcdir/tests/lib/e2e.sh"
need_fuse
need busybox python3 taskset

sif=$(small_image) || exit 1
cd "$T" || exit 1
run() { "$SIF" exec "$sif" "$@"; }

# the same process
equal 'same process id' "$(sh -c 'echo $$; exec "$SIF" exec "$0" sh -c "echo \$\$"' "$sif" | sort -u | wc -l)" 1
prints 'the program has no children of ours' '[]' run sh -c 'c=; read c </proc/$$/task/$$/children; echo "[$c]"'
prints 'descriptors of the caller pass, ours do not' '0 1 2 7' python3 -c '
import os, subprocess, sys
os.dup2(os.open("/dev/null", os.O_RDONLY), 7)
print(subprocess.run([os.environ["SIF"], "exec", sys.argv[1], "sh", "-c", "for f in 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do [ ! -e /proc/$$/fd/$f ] || echo $f; done"], pass_fds=[7], capture_output=True, text=True).stdout.replace("\n", " ").strip())' "$sif"
prints 'closed standard input stays closed' 'closed' sh -c '"$SIF" exec "$0" sh -c "test -e /proc/self/fd/0 || echo closed" <&-' "$sif"
check 'with all three closed nothing of ours is written to' sh -c '"$SIF" exec "$0" true <&- >&- 2>&-' "$sif"

# limits and modes
prints 'umask' 0027 sh -c 'umask 027; "$SIF" exec "$0" sh -c umask' "$sif"
prints '--no-umask' 0022 sh -c 'umask 027; "$SIF" exec --no-umask "$0" sh -c umask' "$sif"
prints 'limits' 77 sh -c 'ulimit -Sn 77; "$SIF" exec "$0" sh -c "ulimit -Sn"' "$sif"
cat >signals.py <<'PY'
import os, signal, sys
signal.pthread_sigmask(signal.SIG_SETMASK, {signal.SIGUSR2})
signal.signal(signal.SIGHUP, signal.SIG_IGN)
os.execvp(sys.argv[1], [*sys.argv[1:], "grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status"])
PY
prints 'ignored and blocked signals' "$(python3 signals.py env)" python3 signals.py "$SIF" exec "$sif"

# CPUs: a launch shares one with its server until the program starts
cpus() { awk '/^Cpus_allowed:/ { print $2 }' "$@"; }
prints 'the CPUs are those of the caller' "$(cpus /proc/self/status)" run awk '/^Cpus_allowed:/ { print $2 }' /proc/self/status
prints 'the CPUs of a process in a pid namespace, too' "$(cpus /proc/self/status)" \
	"$SIF" exec --pid "$sif" awk '/^Cpus_allowed:/ { print $2 }' /proc/self/status
last=$(python3 -c 'import os; print(max(os.sched_getaffinity(0)))')
prints 'one CPU stays one CPU' "$last" \
	taskset -c "$last" "$SIF" exec "$sif" awk '/^Cpus_allowed_list:/ { print $2 }' /proc/self/status
prints 'a server that has more to do leaves the CPU it started on' "$(cpus /proc/self/status)" sh -c '
	taskset -c "$1" "$SIF" exec "$0" sh -c "find / -xdev -type f -exec cat {} + >/dev/null 2>&1; sleep 2" &
	sleep 1.5
	for p in /proc/[0-9]*; do
		[ "$(tr "\0" "\n" <$p/cmdline 2>/dev/null | grep -cxF -e sif-fuse -e "$0")" = 2 ] &&
			awk "/^Cpus_allowed:/ { print \$2 }" $p/status
	done
	wait' "$sif" "$last"

# privileges
prints 'no capability in any set' 5 "$SIF" exec "$sif" grep -c '^Cap[A-Za-z]*:.0000000000000000' /proc/self/status
prints 'no new privileges' 'NoNewPrivs:	1' "$SIF" exec "$sif" grep NoNewPrivs /proc/self/status
prints 'the ids are the caller'"'"'s' "$(id -u) $(id -g)" "$SIF" exec "$sif" sh -c 'echo $(id -u) $(id -g)'
refuse 'nothing can be mounted' 1 '' "$SIF" exec "$sif" mount -t tmpfs t /tmp

# exit statuses
for n in 0 1 125 126 127 255; do
	refuse "status $n" $n '' "$SIF" exec "$sif" sh -c "exit $n"
done
refuse 'killed' 137 '' sh -c '"$SIF" exec "$0" sh -c "kill -9 \$\$"; exit $?' "$sif"
refuse 'not found' 127 "'nope' is not on the image's PATH" "$SIF" exec "$sif" nope
refuse 'not found by path' 127 "'/no/such' is not in the image" "$SIF" exec "$sif" /no/such
refuse 'not executable' 126 'permission denied' "$SIF" exec "$sif" /etc/passwd
printf '#!/no/such/interpreter\n' >script && chmod +x script
refuse 'interpreter missing' 126 "interpreter '/no/such/interpreter'" "$SIF" exec "$sif" ./script
printf 'echo text runs "$@"\n' >text && chmod +x text
prints 'no #! line: by /bin/sh' 'text runs a b' "$SIF" exec "$sif" ./text a b

# signals of the terminal and of kill
prints 'a signal reaches the program' '7 got' python3 -c '
import os, signal, subprocess, sys
p = subprocess.Popen([os.environ["SIF"], "exec", sys.argv[1], "sh", "-c", "trap \"echo got; exit 7\" TERM; echo up; while :; do sleep 0.05; done"], stdout=subprocess.PIPE, text=True)
p.stdout.readline(); p.send_signal(signal.SIGTERM); out = p.stdout.read().strip(); print(p.wait(), out)' "$sif"
prints 'a pipe ends with its reader' ended sh -c '"$SIF" exec "$0" yes | head -1 >/dev/null; echo ended' "$sif"
snapshot
python3 - "$sif" <<'PY'
import os, signal, subprocess, sys, time
p = subprocess.Popen([os.environ["SIF"], "exec", sys.argv[1], "sleep", "300"])
time.sleep(0.3)
p.send_signal(signal.SIGKILL)
p.wait()
PY
settled 'kill -9 leaves nothing'

# a shared test of others, where it is
if [ -n "${SIF_SHARED-}" ]; then
	python3 "$SIF_SHARED/adversarial/runtime/termtest.py" -- "$SIF" exec "$sif" >termtest.log 2>&1
	# Without a process that stays behind (decision 503) a killed program's own
	# children live on, as on the host; orphans are reaped by the host's init.
	bad=$(grep '^FAIL' termtest.log | grep -vE 'FAIL (kill9_runner_no_orphans|zombies_reaped|no_runner_fds_inside)')
	equal 'exit codes, signals, streams, terminal (termtest.py)' '' "$bad"
	if [ "$(grep -c '^PASS' termtest.log)" -ge 31 ]; then ok 'all of them were made'; else fail 'all of them were made' "$(cat termtest.log)"; fi
else
	skip_one interop-termtest '../shared is not here'
fi
