#!/bin/sh
# The image file changes under those who use it. Replaced by another of the same
# name: they keep the old one, the next launch gets the new one. Truncated or
# overwritten: EIO (SIGBUS where it was mapped), one line in the log that says
# so, and the server serves on.
# shellcheck source=tests/lib/e2e.sh
. "$top_srcdir/tests/lib/e2e.sh"
need_fuse
need busybox python3
# shellcheck source=tests/lib/share.sh
. "$top_srcdir/tests/lib/share.sh"
cd "$T" || exit 1
export XDG_STATE_HOME="$T/state"
log=$T/state/sif/server.log
mkdir -p "${log%/*}" && : >"$log"

# Big files that pack, and that nobody has read before their time.
cp -R "$IMAGES/small.dir" tree || exit 1
for each in 1 2 3 4; do seq "$each" 300000 >"tree/big.$each"; done
echo old >tree/version
"$SIF" -q build old.sif tree || exit 1
echo new >tree/version
"$SIF" -q build new.sif tree || exit 1
rm -rf tree
sums=$(seq 1 300000 | md5sum)
snapshot

# hold SCRIPT: a program in the image, which runs SCRIPT when it is told to.
hold() {
	rm -f go up out err && mkfifo go
	"$SIF" exec --bind "$T" "$sif" sh -c "cat /version; ls -l / >/dev/null; echo up >$T/up; read -r x <$T/go; $1" >out 2>err &
	held=$!
	in_time 20 test -s up
}
release() {
	timeout 20 sh -c 'echo go >go'
	await $held
	code=$?
}

cp old.sif "$sif"
hold 'cat /version; md5sum /big.1'
cp new.sif next && mv next "$sif"
prints 'replaced: the next launch has the new image' new "$SIF" exec "$sif" cat /version
release
equal 'replaced: who runs has the old one' "old
old
${sums%-}/big.1" "$(cat out)"
equal 'replaced: nothing to complain of' '' "$(cat "$log")"

# damage NAME SAID COMMAND...: what it does to the image under a program that reads on.
damage() {
	name=$1
	said=$2
	shift 2
	rm -f "$sif" && cp old.sif "$sif"
	: >"$log"
	export SLURM_JOB_ID="${#name}"
	hold 'cat /big.1 >/dev/null; echo $?; cat /big.2 >/dev/null; echo $?; cat /version; ls / | grep -c big; exit 5'
	server=$(server_of "slurm:$SLURM_JOB_ID:batch")
	"$@"
	release
	equal "$name: readers get an error, the rest goes on" "5 old
1
1
old
4" "$code $(cat out)"
	equal "$name: EIO" 2 "$(grep -c 'Input/output error\|I/O error' err)"
	equal "$name: one line in the log" 1 "$(grep -c . "$log")"
	if grep -q "'$sif' $said" "$log"; then ok "$name: which says so"; else fail "$name: which says so" "$(cat "$log")"; fi
	equal "$name: the server is there" "$server" "$(server_of "slurm:$SLURM_JOB_ID:batch")"
	unset SLURM_JOB_ID
}
overwrite() { # all but the first 64 KiB, in place
	python3 -c 'import os, sys
n = os.path.getsize(sys.argv[1]); f = open(sys.argv[1], "r+b"); f.seek(131072); f.write(b"\xa5" * (n - 131072 - 65536))' "$sif"
}
damage truncated 'is truncated' truncate -s 9000 "$sif"
damage overwritten 'was changed while it is in use' overwrite

# Mapped: the kernel has no other way to say it.
rm -f "$sif" && cp old.sif "$sif"
: >"$log"
cat >map.py <<'INNER'
import mmap, sys
f = open("/big.3", "rb")
m = mmap.mmap(f.fileno(), 0, prot=mmap.PROT_READ)
print("mapped", flush=True)
open(sys.argv[1] + "/up", "w").write("up\n")
open(sys.argv[1] + "/go").read()
print(m[len(m) // 2], flush=True)
INNER
rm -f go up out && mkfifo go
"$SIF" exec --bind "$T" --bind /usr --bind /lib --bind /lib64 "$sif" /usr/bin/python3 "$T/map.py" "$T" >out 2>err &
held=$!
in_time 20 test -s up
truncate -s 9000 "$sif"
release
equal 'mapped: SIGBUS' "135 mapped" "$code $(cat out)"
equal 'mapped: one line in the log' 1 "$(grep -c 'is truncated' "$log")"

rm -f old.sif new.sif map.py go up out err
: >"$log"
over 'after all of them'
