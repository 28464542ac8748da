# The destination is the old file or the whole new one, at whatever moment the
# build is ended, and when the disk is full.
. "$top_srcdir/tests/lib/e2e.sh"
need python3 unsquashfs siftool
cd "$T" || exit 1
mkdir d out
head -c 1200000 /dev/urandom >d/a
for i in 1 2 3; do cp "$SIF" d/prog$i; printf $i >>d/prog$i; done
tar -C d -cf d.tar .
"$SIF" build -q want.sif d.tar
"$SIF" build -q --compress none --exclude 'prog*' old.sif d.tar
snapshot

# moments N: end a build at N moments, by SIG; count what is neither.
moments() {
	wrong=0 done=0 left=0
	start=$(date +%s%N)
	"$SIF" build -qF --compress xz out/x.sif d.tar
	full=$((($(date +%s%N) - start) / 1000000))
	i=0
	while [ $i -lt "$1" ]; do
		i=$((i + 1))
		cp old.sif out/x.sif
		"$SIF" build -qF --compress xz out/x.sif d.tar 2>/dev/null &
		pid=$!
		sleep "$(python3 -c "print($full * $i / ($1 + 1) / 1000)")"
		kill -"$2" $pid 2>/dev/null
		wait $pid
		if cmp -s out/x.sif old.sif; then :; elif siftool list out/x.sif >/dev/null 2>&1 &&
			[ "$(sha256sum <out/x.sif)" = "$sum" ]; then done=$((done + 1)); else wrong=$((wrong + 1)); fi
		[ "$(ls -A out)" = x.sif ] || left=$((left + 1))
	done
}
"$SIF" build -qF --compress xz out/x.sif d.tar
sum=$(sha256sum <out/x.sif)
moments 12 KILL
equal "kill -9 at 12 moments: half an image, something left" "0 0" "$wrong $left"
moments 4 INT
equal "Ctrl-C at 4 moments" "0 0" "$wrong $left"

# Where a file cannot be without a name (a file system without O_TMPFILE).
if [ -f /usr/bin/strace ] || command -v strace >/dev/null; then
	no_tmpfile() {
		strace -f -qq -o /dev/null -e trace=openat -e inject=openat:error=EOPNOTSUPP:when="$tmpfile_call" "$@"
	}
	# which openat is the one with O_TMPFILE
	strace --seccomp-bpf -f -qq -o calls -e trace=openat "$SIF" build -qF out/x.sif d.tar
	tmpfile_call=$(grep -n O_TMPFILE calls | head -n 1 | cut -d: -f1)
	rm calls out/x.sif
	check "without anonymous files" no_tmpfile "$SIF" build -q out/x.sif d.tar
	check "the same image" cmp want.sif out/x.sif
	equal "and nothing beside it" x.sif "$(ls -A out)"
	no_tmpfile "$SIF" build -qF --compress xz out/x.sif d.tar &
	pid=$!
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		[ "$(ls -A out | wc -l)" -lt 2 ] || break
		sleep 0.1
	done
	builder=$(ps -o pid= --ppid $pid | tr -d ' ')
	[ -n "$builder" ] && kill -INT "$builder"
	wait $pid
	equal "Ctrl-C removes the unfinished file" x.sif "$(ls -A out)"
else
	skip_one "without anonymous files" "strace is not installed"
fi
rm -rf out/x.sif

# A full disk, and one that is full in the middle of the tables.
if unshare -Urm true 2>/dev/null; then
	mkdir small
	full_disk() {
		unshare -Urm sh -ec '
			mount -t tmpfs -o size='"$1"' none small
			printf old >small/x.sif
			code=0
			"$1" build -qF small/x.sif d.tar 2>small.err || code=$?
			[ "$(cat small/x.sif)" = old ] && echo "$code old $(ls -A small)" || echo "$code new"' sh "$SIF"
	}
	equal "a full disk" "3 old x.sif" "$(full_disk 1m)"
	equal "is said with its cause" 1 "$(grep -c 'error\[system\].*No space left on device' small.err)"
	equal "and a next step" 1 "$(grep -c '^hint: make room' small.err)"
	kib=$(($(stat -c %s want.sif) / 1024))
	for less in 4 40 200; do
		equal "$less KiB too small" "3 old x.sif" "$(full_disk $((kib - less))k)"
	done
	equal "large enough" "0 new" "$(full_disk $((kib + 64))k)"
	rmdir small
	rm -f small.err
else
	skip_one "a full disk" "no user namespaces for ordinary users here"
fi

# Every call that can fail while writing, at several moments.
if command -v strace >/dev/null; then
	wrong=
	for call in pwrite64 fsync linkat renameat ftruncate; do
		for when in 1 2 8; do
			cp old.sif out/x.sif
			strace --seccomp-bpf -f -qq -o inj -e trace=$call -e inject=$call:error=EIO:when=$when \
				"$SIF" build -qF out/x.sif d.tar 2>err && code=0 || code=$?
			grep -q INJECTED inj || continue
			if [ $code = 0 ]; then
				cmp -s out/x.sif want.sif || wrong="$wrong $call:$when:bad"
			else
				cmp -s out/x.sif old.sif || cmp -s out/x.sif want.sif || wrong="$wrong $call:$when:half"
				grep -q '^sif: error' err || wrong="$wrong $call:$when:silent"
			fi
			[ "$(ls -A out)" = x.sif ] || wrong="$wrong $call:$when:left"
		done
	done
	equal "an I/O error at any call" '' "$wrong"
	rm -f inj err
fi
rm -rf out/x.sif
settled "nothing is left behind"
