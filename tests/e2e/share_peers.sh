#!/bin/sh
# Strange peers of a shared server, processes of the same user: one that asks and
# asks, one that sleeps on the lock of the directory, one that hands over a
# process it keeps hold of. None keeps the server alive, busy or from its end.
# shellcheck source=tests/lib/e2e.sh
. "$top_srcdir/tests/lib/e2e.sh"
need_fuse
need busybox python3
# shellcheck source=tests/lib/share.sh
. "$top_srcdir/tests/lib/share.sh"
cd "$T" || exit 1
mkdir -m 700 rt || exit 1
export XDG_RUNTIME_DIR="$T/rt"
all_ended() { [ -z "$(servers)" ]; }
snapshot

# `sif mounts` in a loop, as a monitor would.
device --linger 2 >d.1
( for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do "$SIF" mounts; sleep 0.25; done >/dev/null; echo over >asked ) &
if in_time 5 all_ended && [ ! -e asked ]; then ok 'asking does not keep a server'; else fail 'asking does not keep a server' "$(servers)"; fi
wait

# Somebody has the lock and sleeps.
cat >lock.py <<'INNER'
import fcntl, os, signal, sys
fd = os.open(sys.argv[1], os.O_RDONLY)
fcntl.flock(fd, fcntl.LOCK_EX)
print(os.getpid(), flush=True)
os.kill(os.getpid(), signal.SIGSTOP)
INNER
device --linger 1 >d.1
timeout -k 1 60 python3 lock.py "$T/rt/sif" >locker &
in_time 10 test -s locker
if in_time 8 all_ended; then ok 'a server ends behind a lock'; else fail 'a server ends behind a lock' "$(servers)"; fi
timeout 20 "$SIF" exec --linger 1 "$sif" true
equal 'a launch goes on behind a lock' 0 $?
kill -9 "$(cat locker)"
wait
device --linger 1 >d.1
device --linger 1 >d.2
same_server 'and when the lock is free they share' 2 d.1 d.2
in_time 8 all_ended

# A process of which a parent keeps the descriptor that the server was sent.
cat >keep.py <<'INNER'
import array, os, socket, struct, sys, time
args = open("/proc/%s/cmdline" % sys.argv[1], "rb").read().split(b"\0")
key, name = args[10], args[11]
child = os.fork()
if child == 0:
    time.sleep(1)
    os._exit(0)
fd = os.pidfd_open(child)
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.settimeout(10)
s.connect(os.environ["XDG_RUNTIME_DIR"] + "/sif/" + name.decode())
s.sendmsg([struct.pack("4I", 0x46495357, 1, 1, 0) + key + b"\0"],
          [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [fd]))])
print(struct.unpack("4I", s.recv(16))[2], flush=True)
os.waitpid(child, 0)
stat = lambda: sum(map(int, open("/proc/%s/stat" % sys.argv[1]).read().rsplit(")", 1)[1].split()[11:13]))
time.sleep(0.5)
before = stat()
time.sleep(2)
print("busy" if stat() - before > 50 else "idle")
INNER
device --linger 5 >d.1
equal 'a kept process: let in, and its end leaves the server idle' '0 idle' "$(timeout 30 python3 keep.py "$(servers)" | paste -sd' ')"
if in_time 8 all_ended; then ok 'and the server ends'; else fail 'and the server ends' "$(servers)"; fi

# Which containers see the sockets: those that see the host's /tmp.
see() { "$SIF" exec --linger 1 "$@" "$sif" find "$T/rt" -type s 2>/dev/null | wc -l; }
equal 'a socket is seen in a container, not in a contained one' '1 0' "$(see) $(see --contain)"
in_time 8 all_ended
rm -rf rt d.1 d.2 asked locker lock.py keep.py
settled 'after all of them'
