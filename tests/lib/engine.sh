# What every engine has to do: sourced by tests/e2e/engines.sh and, for the kernel,
# tests/root/engine_kernel.sh.
#
#	engine_images		makes $bare (SquashFS) and $sif, with the folder $T/tree
#	engine_body ENGINE	reading, sharing, life

# A text that no page cache has as a whole, and a directory that only its owner may enter.
engine_images() {
	small_tree "$T/tree"
	mkdir "$T/tree/closed" && echo inside >"$T/tree/closed/file" && chmod 700 "$T/tree/closed"
	dd if=/dev/urandom of="$T/tree/random" bs=64k count=24 2>/dev/null
	bare=$T/bare.sqfs
	sif=$T/engine.sif
	mksquashfs "$T/tree" "$bare" -quiet -no-progress -noappend -all-root -comp zstd >/dev/null 2>&1 &&
		"$SIF" -q build "$sif" "$T/tree" || exit 1
	want=$(md5sum <"$T/tree/random")
}

appears() { # FILE, within 10 s
	tries=200
	until [ -s "$1" ]; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || return 1
		sleep 0.05
	done
}

engine_run() { "$SIF" exec --engine "$engine" "$@"; }
device() { engine_run "$@" awk '$5 == "/" { print $3; exit }' /proc/self/mountinfo; }

engine_reads() {
	for image in "$sif" "$bare"; do
		prints "$engine: every byte of ${image##*/}" "$want" engine_run "$image" sh -c 'md5sum </random'
	done
	prints "$engine: a closed directory of the image" inside engine_run "$sif" cat /closed/file
	refuse "$engine: nothing can be written" 1 'Read-only' engine_run "$sif" touch /x
	prints "$engine: read only, without devices and set-user-id" 3 engine_run "$sif" awk '
		$5 == "/" { n = split($6, o, ","); for (i = 1; i <= n; i++) if (o[i] ~ /^(ro|nosuid|nodev)$/) k++; print k; exit }' \
		/proc/self/mountinfo
	prints "$engine: a directory of another image" inside \
		engine_run -B "$bare:/mnt:image-src=/closed" "$sif" cat /mnt/file
	# shellcheck disable=SC2016 # for the inner shell
	prints "$engine: few descriptors" inside sh -c 'ulimit -n 24; exec "$@"' sh "$SIF" exec --engine "$engine" "$sif" cat /closed/file
	prints "$engine: a writable root in memory" new engine_run --writable-tmpfs "$sif" sh -c 'echo new >/random; cat /random'
}

engine_shares() {
	engine_run "$sif" sh -c "awk '\$5 == \"/\" { print \$3; exit }' /proc/self/mountinfo >$T/first; while [ ! -e $T/end ]; do sleep 0.1; done" &
	first=$!
	appears "$T/first"
	equal "$engine: a second launch has the same file system" "$(cat "$T/first")" "$(device "$sif")"
	equal "$engine: and each of several at once" 1 "$(for i in 1 2 3 4 5 6; do device "$sif" & done | sort -u | wc -l)"
	other=$(device --no-share "$sif")
	if [ -n "$other" ] && [ "$other" != "$(cat "$T/first")" ]; then
		ok "$engine: --no-share has its own"
	else
		fail "$engine: --no-share has its own" "$other"
	fi
	cp "$sif" "$T/new" && mv "$T/new" "$sif"
	other=$(device "$sif")
	if [ -n "$other" ] && [ "$other" != "$(cat "$T/first")" ]; then
		ok "$engine: a new file of the same name is another image"
	else
		fail "$engine: a new file of the same name is another image" "$other"
	fi
	echo end >"$T/end"
	wait "$first"
	rm -f "$T/first" "$T/end"
}

engine_lives() {
	engine_run "$sif" sh -c "(setsid sh -c 'echo up >$T/up; sleep 1; md5sum </random >$T/late' &) >/dev/null 2>&1"
	[ ! -e "$T/late" ] && ok "$engine: the launch ends before its daemon" || fail "$engine: the launch ends before its daemon"
	appears "$T/late"
	equal "$engine: a daemon that outlives the launch keeps its root" "$want" "$(cat "$T/late")"
	rm -f "$T/up" "$T/late"
	setsid "$SIF" exec --engine "$engine" "$sif" sh -c "trap 'md5sum </random >$T/sum; exit 3' TERM; echo up >$T/up; while :; do sleep 0.05; done" &
	job=$!
	appears "$T/up"
	kill -TERM "-$job"
	wait "$job"
	equal "$engine: a program that traps SIGTERM ends as it wants" 3 $?
	equal "$engine: and reads its image in the trap" "$want" "$(cat "$T/sum")"
	rm -f "$T/up" "$T/sum"
	"$SIF" exec --engine "$engine" "$sif" sh -c "echo up >$T/up; exec sleep 300" &
	job=$!
	appears "$T/up"
	kill -9 "$job"
	wait "$job" 2>/dev/null
	rm -f "$T/up"
}

engine_body() {
	engine=$1
	snapshot
	engine_reads
	engine_shares
	engine_lives
	settled "$engine: nothing is left"
}
