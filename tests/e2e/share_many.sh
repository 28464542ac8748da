#!/bin/sh
# Many launches: in a row, at once, as racing starters, beside servers that are
# told to end or are killed. Each succeeds, and nothing is left.
# shellcheck source=tests/lib/e2e.sh
. "$top_srcdir/tests/lib/e2e.sh"
need_fuse
need busybox
# shellcheck source=tests/lib/share.sh
. "$top_srcdir/tests/lib/share.sh"
cd "$T" || exit 1
snapshot

n=0
while [ $n -lt 500 ]; do
	n=$((n + 1))
	device
done >d.row
equal '500 launches in a row' '500 1' "$(grep -c : d.row) $(sort -u d.row | wc -l)"
equal 'one server' 1 "$(servers | wc -l)"

n=0
while [ $n -lt 256 ]; do
	n=$((n + 1))
	device >"d.$n" &
done
wait
same_server '256 launches at once' 256 d.[0-9]*
rm -f d.*
over 'after them'

# Each round is a job of its own, with a server of its own.
n=0
bad=0
while [ $n -lt 30 ]; do
	n=$((n + 1))
	for each in 1 2 3 4; do SLURM_JOB_ID=$n device >"d.$each" & done
	wait
	[ "$(cat d.? | grep -c :) $(sort -u d.? | wc -l)" = '4 1' ] || bad=$((bad + 1))
done
equal 'four starters at the same moment, 30 times: one server' '0 30' "$bad $(servers | wc -l)"
rm -f d.*

# A server that is about to go while a launch comes.
n=0
while [ $n -lt 40 ]; do
	n=$((n + 1))
	"$SIF" mounts --stop >stop.out 2>&1 &
	device >d.1 &
	device >d.2
	wait
	cat d.1 d.2
done >d.all
equal 'servers that are told to end while launches come' 80 "$(grep -c : d.all)"

# One that is killed at any moment: launches of that moment may fail, with a
# message; the next one does not.
n=0
bad=0
while [ $n -lt 25 ]; do
	n=$((n + 1))
	device >d.1 2>&1 &
	device >d.2 2>&1 &
	for each in $(servers); do kill -9 "$each"; done
	wait
	device >d.3 2>err
	grep -q : d.3 || { bad=$((bad + 1)); cat err; }
	[ -s d.1 ] && [ -s d.2 ] || bad=$((bad + 1))
done
equal 'servers that are killed while launches come' 0 "$bad"
rm -f d.* stop.out err
over 'after all of them'
