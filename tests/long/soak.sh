# The image server for LONG_MINUTES (10) under launches that come and go, readers
# in parallel, and kills: every read is right, and at the end nothing is left.
# A server that lived through it has grown by no more than
# it keeps of the image. Run by run-e2e.sh.
# limit: 7200 s
. "$top_srcdir/tests/lib/e2e.sh"
need_fuse
need mksquashfs

small_image >/dev/null || exit 1
mkdir "$T/tree" && cp -a "$IMAGES/small.dir/." "$T/tree/" && mkdir "$T/tree/data" || exit 1
for n in $(seq 1 40); do head -c $((n * 500)) /dev/urandom | od >"$T/tree/data/$n"; done
want=$(cd "$T/tree/data" && cat ./* | md5sum)
mksquashfs "$T/tree" "$T/image" -comp zstd -all-root -quiet -no-progress >/dev/null 2>&1 || exit 1
snapshot

# The server of the launch that lives for the whole time.
mkfifo "$T/go"
"$SIF" exec "$T/image" sh -c 'echo there; read -r go; cd /data && cat ./* | md5sum' <"$T/go" >"$T/whole" 2>&1 &
whole=$!
exec 9>"$T/go"
until grep -q there "$T/whole"; do sleep 0.1; done

server() {
	ps -e -o pid=,args= | awk -v image="$T/image" '$2 == "sif-fuse" && index($0, image) { print $1; exit }'
}

resident() {
	awk '/^VmRSS/ { print $2 }' "/proc/$1/status"
}

wrong=0
rounds=0
first=
end=$(($(date +%s) + ${LONG_MINUTES:-10} * 60))
while [ "$(date +%s)" -lt "$end" ]; do
	for k in 1 2 3 4; do
		"$SIF" exec "$T/image" sh -c 'cd /data && cat ./* | md5sum' >"$T/sum.$k" 2>&1 &
		eval "pid$k=\$!"
	done
	# One that is killed in the middle.
	"$SIF" exec "$T/image" sh -c 'while :; do cat /data/* >/dev/null; done' &
	victim=$!
	for k in 1 2 3 4; do
		eval "wait \$pid$k"
		[ "$(cat "$T/sum.$k")" = "$want" ] || wrong=$((wrong + 1))
	done
	kill -9 $victim
	wait $victim 2>/dev/null
	rounds=$((rounds + 1))
	[ $rounds != 10 ] || first=$(resident "$(server)")
done
last=$(resident "$(server)")
# It may come to hold all of the image that it unpacked.
data=$(du -sk "$T/tree" | cut -f 1)
echo "# $rounds rounds, server ${first:-?} to ${last:-?} KiB, $(grep Threads "/proc/$(server)/status")"
equal "wrong results" 0 $wrong
check "ten rounds at least" test "$rounds" -ge 10
check "the server has not grown by more than the image" test "${last:-0}" -le $((${first:-0} + data + 1024))
echo go >&9
exec 9>&-
wait $whole
equal "the program that was there all the time" "$want" "$(sed 1d "$T/whole")"
rm -f "$T"/sum.* "$T/go" "$T/whole"
settled "nothing is left"
