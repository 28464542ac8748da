#!/bin/sh
# Where the server runs: with the launch until the program has asked for more
# than a start does, then anywhere; and once the start-up is over, which is when
# nobody has asked for a second, not on the CPUs that its first comer is bound to:
# a rank that computes keeps its core.
. "$top_srcdir/tests/lib/server.sh"
command -v mksquashfs >/dev/null || skip "mksquashfs is not installed"
command -v taskset >/dev/null || skip "taskset is not installed"

mkdir "$T/tree"
for i in $(seq 300); do echo "$i" >"$T/tree/$i"; done
mksquashfs "$T/tree" "$T/image" -comp zstd -quiet -no-progress -all-root >/dev/null 2>&1 || exit 1

# A mask as a list of CPUs, one a line.
list() {
	tr ',' '\n' | awk -F- 'NF == 1 { print $1 } NF == 2 { for (i = $1; i <= $2; i++) print i }'
}
cpuset=$(awk '/^Cpus_allowed_list/ { print $2 }' /proc/self/status | list)
first=$(echo "$cpuset" | head -n 1)
rest=$(echo "$cpuset" | tail -n +2)
[ -n "$rest" ] || skip "there is one CPU only"

# Where each of the server's threads may run, after the program has read N files.
cat >"$T/look" <<'END'
n=$1 i=0
while [ "$i" -lt "$n" ]; do i=$((i + 1)); read -r text <"$2/$i"; done
sleep "$4"
for pid in $(ps -e -o pid=,args= | awk -v t="$3/" '$2 == "sif-fuse" && index($0, t) { print $1 }'); do
	awk '/^Cpus_allowed_list/ { print $2 }' /proc/"$pid"/task/*/status
done | sort -u
END

same "bound to one CPU: the server takes the others" "$rest" \
	"$(taskset -c "$first" "$T/bin/with_image" "$T/image" "$M" sh "$T/look" 300 "$M" "$T" 2.5 | list)"
gone "bound"
same "while it starts up, all of them" "$cpuset" \
	"$(taskset -c "$first" "$T/bin/with_image" "$T/image" "$M" sh "$T/look" 300 "$M" "$T" 0 | list)"
gone "starting up"
same "not bound: the server takes all" "$cpuset" \
	"$("$T/bin/with_image" "$T/image" "$M" sh "$T/look" 300 "$M" "$T" 2.5 | list)"
gone "not bound"

# Once spread it stays away: not one tick on the comer's CPU, however much is asked.
cat >"$T/busy" <<'END'
sh "$1/look" 300 "$2" "$1" 2.5 >/dev/null
server=$(ps -e -o pid=,args= | awk -v t="$1/" '$2 == "sif-fuse" && index($0, t) { print $1 }')
n=0
while [ "$n" -lt 40 ]; do
	n=$((n + 1))
	ls -l "$2" >/dev/null
	sed 's/.*) //' /proc/"$server"/task/*/stat | awk '{ print $37 }'
done | sort -u
END
# Field 39 of stat is the CPU that a thread last ran on.
on=$(taskset -c "$first" "$T/bin/with_image" "$T/image" "$M" sh "$T/busy" "$T" "$M" |
	grep -cx "$first")
same "no thread of it runs on that CPU" 0 "$on"
gone "busy"
