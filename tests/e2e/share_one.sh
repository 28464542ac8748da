#!/bin/sh
# One server for all launches of a user on an image, found without asking:
# counted by the mount that each process has as its root.
# shellcheck source=tests/lib/e2e.sh
. "$top_srcdir/tests/lib/e2e.sh"
need_fuse
need busybox
# shellcheck source=tests/lib/share.sh
. "$top_srcdir/tests/lib/share.sh"
cd "$T" || exit 1
snapshot

# By scope first: these servers stay longest.
device >user
SLURM_JOB_ID=7 SLURM_STEP_ID=0 device >step0
SLURM_JOB_ID=7 SLURM_STEP_ID=0 device >step0.again
SLURM_JOB_ID=7 SLURM_STEP_ID=1 device >step1
SLURM_JOB_ID=8 SLURM_STEP_ID=0 device >job8
same_server 'a later launch of the same step' 2 step0 step0.again
equal 'a server for the user, each step and each job' 4 "$(sort -u user step0 step1 job8 | wc -l)"

device --no-share >own
equal '--no-share: an own server' 2 "$(sort -u user own | wc -l)"
device >user.again
same_server 'which others do not join' 2 user user.again

# A pid namespace ends with its first process, and a server in it, too.
cat >pids.sh <<'INNER'
look='$5 == "/" { print $3 }'
"$SIF" exec "$1" awk "$look" /proc/self/mountinfo >outside
unshare --pid --fork "$SIF" exec "$1" awk "$look" /proc/self/mountinfo >inside
INNER
unshare --user --map-current-user --keep-caps sh pids.sh "$sif"
equal 'none across pid namespaces' 2 "$(sort -u outside inside | grep -c :)"
rm -f user own user.again step* job8 outside inside pids.sh

# The first comer may be the first to leave.
mkfifo first.go last.go
"$SIF" exec "$sif" sh -c "awk '\$5 == \"/\" { print \$3 }' /proc/self/mountinfo >$T/d.first; read -r x <$T/first.go" &
first=$!
in_time 20 test -s d.first
"$SIF" exec "$sif" sh -c "read -r x <$T/last.go; awk '\$5 == \"/\" { print \$3 }' /proc/self/mountinfo; md5sum /bin/busybox" >late &
last=$!
sleep 0.2
echo go >first.go
wait $first
sleep 6 # longer than an idle server stays
device >d.later
echo go >last.go
wait $last
equal 'the second reads its image when the first has gone' "$(md5sum <"$IMAGES/small.dir/bin/busybox" | cut -d ' ' -f 1)" \
	"$(sed -n 's, */bin/busybox,,p' late)"
grep : late >d.last
same_server 'first, later and last comer' 3 d.*
rm -f d.* late first.go last.go

n=0
while [ $n -lt 64 ]; do
	n=$((n + 1))
	device >"d.$n" &
done
wait
same_server '64 launches at once' 64 d.*
rm -f d.*

if command -v mpiexec.mpich >/dev/null; then
	mpiexec.mpich -n 8 "$SIF" exec "$sif" awk '$5 == "/" { print $3 }' /proc/self/mountinfo >ranks 2>errors
	equal 'eight ranks of mpiexec' '8 1' "$(grep -c : ranks) $(sort -u ranks | wc -l)"
	[ ! -s errors ] || cat errors
	rm -f ranks errors
else
	skip_one 'eight ranks of mpiexec' 'mpiexec.mpich (package mpich) is not installed'
fi

before=$(servers)
n=0
while [ $n -lt 200 ]; do
	n=$((n + 1))
	device >"d.$n"
done
same_server '200 launches in a row' 200 d.*
equal 'and one process that served them' "$before" "$(servers)"
rm -f d.*
over 'after all of them'
