#!/bin/sh
# Launches that share a server are in one user namespace: they may look into each
# other, and their user's debuggers into all of them. What an option isolates is
# still each launch's own.
# shellcheck source=tests/lib/e2e.sh
. "$top_srcdir/tests/lib/e2e.sh"
need_fuse
need busybox strace gdb cc
# shellcheck source=tests/lib/share.sh
. "$top_srcdir/tests/lib/share.sh"
cd "$T" || exit 1

# Does this node let a process look into another of the same user at all?
yama=$(cat /proc/sys/kernel/yama/ptrace_scope 2>/dev/null || echo 0)

cp -R "$IMAGES/small.dir" tree && cat >peer.c <<'INNER'
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>

char words[32] = "no words yet";

__attribute__((noinline)) void rest_in_here(void)
{
	for (;;)
		sleep(1);
}

int main(int argc, char **argv)
{
	char got[sizeof(words)] = "";
	struct iovec to = { got, sizeof(got) }, from = { words, sizeof(words) };

	if (argc == 1) {
		snprintf(words, sizeof(words), "words of %d", (int)getpid());
		printf("%d\n", (int)getpid());
		fflush(stdout);
		rest_in_here();
	}
	if (process_vm_readv(atoi(argv[1]), &to, 1, &from, 1, 0) < 0)
		perror("process_vm_readv");
	puts(got);
}
INNER
cc -g -O1 -static -no-pie -o tree/bin/peer peer.c || exit 1
"$SIF" -q build peer.sif tree || exit 1
rm -rf tree peer.c
sif=$T/peer.sif
snapshot

"$SIF" exec "$sif" peer >pid &
program=$!
in_time 20 test -s pid
tools="$SIF exec --bind /usr --bind /lib --bind /lib64 $sif"
strace_from() { timeout 3 "$@" >strace.out 2>&1; grep -c 'nanosleep' strace.out; }
gdb_from() {
	timeout 60 "$@" -nx -batch -ex bt "/proc/$program/exe" "$program" >gdb.out 2>&1
	grep -q 'rest_in_here' gdb.out || { tail -n 5 gdb.out; return 1; }
}
looks_in() {
	if [ "$yama" = 0 ]; then return 0; fi
	skip_one "$1" "Yama forbids it here (kernel.yama.ptrace_scope is $yama)"
	return 1
}

if looks_in 'process_vm_readv between launches'; then
	prints 'process_vm_readv between launches' "words of $program" "$SIF" exec "$sif" peer "$program"
	refuse 'not from a server of its own' 0 'not permitted' "$SIF" exec --no-share "$sif" peer "$program"
fi
if looks_in 'strace -p'; then
	check 'strace -p from the host' [ "$(strace_from strace -p "$program")" -gt 0 ]
	check 'strace -p from a sibling launch' [ "$(strace_from $tools strace -p "$program")" -gt 0 ]
fi
if looks_in 'gdb -p'; then
	check 'gdb -p from the host reads the symbols' gdb_from gdb
	check 'gdb -p from a sibling launch reads the symbols' gdb_from $tools gdb
fi
check 'the same user reads the image through /proc' cmp -s "/proc/$program/root/etc/os-release" "$IMAGES/small.dir/etc/os-release"

# What is each launch's own.
look='awk "\$5 == \"/\" { print \$3 }" /proc/self/mountinfo; readlink /proc/self/ns/user
	for n in pid ipc uts net; do readlink /proc/self/ns/$n; done'
inside() { # OUT OPTION: until it is told to go on, since numbers of namespaces return
	mkfifo "$1.go"
	"$SIF" exec "$2" "$sif" sh -c "$look; read -r x <$T/$1.go" >"$1" &
}
six() { [ "$(grep -c . "$1")" = 6 ]; }
"$SIF" exec "$sif" sh -c "$look" >plain
for option in pid ipc uts net; do
	for each in one two; do inside $each "--$option"; done
	for each in one two; do in_time 20 six $each; done
	for each in one two; do timeout 20 sh -c "echo go >$each.go"; rm $each.go; done
	equal "--$option: the same server and user namespace" "$(head -n 2 plain)" "$(head -n 2 one)"
	equal "--$option: a namespace for each launch" 3 "$(cat plain one two | grep "^$option:" | sort -u | wc -l)"
	equal "--$option: and no other" "$(grep -v "^$option:" plain)" "$(grep -v "^$option:" one)"
done
prints '--hostname is one launch'"'"'s' elsewhere "$SIF" exec --hostname elsewhere "$sif" hostname
prints 'and not the next one'"'"'s' "$(hostname)" "$SIF" exec "$sif" hostname
equal '--net: the loopback is up' 1 "$("$SIF" exec --net "$sif" ifconfig lo | grep -c '127.0.0.1\|UP LOOPBACK RUNNING' | sed 's/2/1/')"
kill "$program"
wait "$program" 2>/dev/null
rm -f pid plain one two strace.out gdb.out
over 'after all of them'
