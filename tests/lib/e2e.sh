# What end-to-end scripts share. A script is plain sh, run by tests/run-e2e.sh as
# an ordinary user, and starts with
#
#	. "$top_srcdir/tests/lib/e2e.sh"
#
# Given: SIF (the installed program), TOOLS (the build's folder tests, with
# lib/squash_dump and its like, or empty), top_srcdir, SIF_SHARED (or empty), T (an
# own folder, also HOME's and TMPDIR's parent, removed afterwards), IMAGES
# (folder for images that several scripts use, kept for one run of the runner).
#
#	check NAME CMD...	it succeeds
#	refuse NAME STATUS PATTERN CMD...
#				it ends with STATUS and says PATTERN (grep -E) on stderr
#	prints NAME TEXT CMD...	it succeeds and stdout is TEXT
#	equal NAME WANT GOT	two strings are the same
#	ok NAME | fail NAME [WHY]	a verdict of the script's own making
#	skip REASON		leaves the script (exit 77)
#	skip_one NAME REASON	leaves out one check
#	need_tool NAME		skips the script when TOOLS has no such program
#	need PROGRAM...		skips the script when one is missing
#	snapshot; settled NAME	nothing is left since the snapshot: processes,
#				mounts, locks, sockets, files
#
# The script fails when a check failed or when none was made. The runner fails
# it, too, when a process outlives it.
: "${SIF:?run it with tests/run-e2e.sh SCRIPT}" "${top_srcdir:?}" "${T:?}" "${IMAGES:?}"
set -u
e2e_ok=0
e2e_bad=0

ok() {
	echo "ok $1"
	e2e_ok=$((e2e_ok + 1))
}

fail() {
	echo "not ok $1"
	[ -z "${2-}" ] || printf '%s\n' "$2" | sed 's/^/    /'
	e2e_bad=$((e2e_bad + 1))
}

skip() {
	echo "skip: $*"
	trap - EXIT
	exit 77
}

skip_one() {
	echo "skip $1: $2"
}

e2e_end() {
	code=$?
	trap - EXIT
	if [ "$code" != 0 ]; then
		echo "not ok the script reaches its end (exit code $code)"
		exit 1
	fi
	[ "$e2e_bad" = 0 ] || exit 1
	[ "$e2e_ok" != 0 ] || { echo "not ok no check was made"; exit 1; }
	exit 0
}
trap e2e_end EXIT

need() {
	for e2e_prog; do
		command -v "$e2e_prog" >/dev/null 2>&1 || skip "$e2e_prog is not installed"
	done
}

need_tool() {
	[ -n "${TOOLS-}" ] && [ -x "$TOOLS/$1" ] || skip "the test program $1 is not built"
}

need_userns() {
	unshare -Ur true 2>/dev/null || skip "no user namespaces for ordinary users here"
}

need_fuse() {
	need_userns
	[ -r /dev/fuse ] && [ -w /dev/fuse ] || skip "/dev/fuse is not usable by ordinary users here"
}

need_shared() {
	[ -n "${SIF_SHARED-}" ] || skip "../shared is not here"
}

e2e_shown() { # the outputs of the last command, for a failure's report
	printf '%s\n' "$1"
	sed 's/^/stdout: /' "$T/.out" | head -n 15
	sed 's/^/stderr: /' "$T/.err" | head -n 15
}

check() {
	e2e_name=$1
	shift
	e2e_code=0
	"$@" >"$T/.out" 2>"$T/.err" || e2e_code=$?
	if [ "$e2e_code" = 0 ]; then
		ok "$e2e_name"
	else
		fail "$e2e_name" "$(e2e_shown "exit code $e2e_code: $*")"
	fi
}

refuse() {
	e2e_name=$1
	e2e_want=$2
	e2e_pattern=$3
	shift 3
	e2e_code=0
	"$@" >"$T/.out" 2>"$T/.err" || e2e_code=$?
	if [ "$e2e_code" = "$e2e_want" ] &&
		{ [ -z "$e2e_pattern" ] || grep -Eq -e "$e2e_pattern" "$T/.err"; }; then
		ok "$e2e_name"
	else
		fail "$e2e_name" "$(e2e_shown "exit code $e2e_code, wanted $e2e_want and '$e2e_pattern': $*")"
	fi
}

prints() {
	e2e_name=$1
	e2e_want=$2
	shift 2
	e2e_code=0
	"$@" >"$T/.out" 2>"$T/.err" || e2e_code=$?
	if [ "$e2e_code" = 0 ] && [ "$(cat "$T/.out")" = "$e2e_want" ]; then
		ok "$e2e_name"
	else
		fail "$e2e_name" "$(e2e_shown "exit code $e2e_code, wanted '$e2e_want': $*")"
	fi
}

equal() {
	if [ "$2" = "$3" ]; then
		ok "$1"
	else
		fail "$1" "wanted: $2
got:    $3"
	fi
}

# Every descendant of the runner's reaper except this shell and its parents.
e2e_processes() {
	ps -e -o pid=,ppid=,args= | awk -v top="${SIF_REAPER:-$$}" -v me=$$ '
		{ parent[$1] = $2; $2 = ""; line[$1] = $0 }
		END {
			for (p = me; p > 1; p = parent[p]) own[p] = 1
			for (p in line) {
				if (p in own) continue
				mine = 0
				for (q = p; q > 1; q = parent[q]) {
					if (q == top) { print "process", line[p]; break }
					if (q == me) break	# this snapshot itself
				}
			}
		}'
}

# Only what is the script's own: another run of the tests, ./quickstart or a job
# of the same user may come and go meanwhile.
e2e_state() {
	{
		e2e_processes
		# Mounts under the script's folder, and FUSE mounts of this user anywhere.
		awk -v dir="$T/" -v user="user_id=$(id -u)," '
			index($5, dir) == 1 || index($NF ",", user) { print "mount", $5, $(NF - 2), $(NF - 1) }' /proc/self/mountinfo
		awk -v dir="$T/" 'index($8, dir) == 1 { print "socket", $8 }' /proc/net/unix
		# Locks on the script's files. An inode number alone may be of another disk.
		find "$T" -printf '%D %i\n' 2>/dev/null | awk '
			NR == FNR {
				dev = sprintf("%02x:%02x", int($1 / 256) % 4096, $1 % 256 + int($1 / 1048576) * 256)
				mine[dev ":" $2] = 1
				next
			}
			($2 == "->" ? $7 : $6) in mine { print "lock", $2, ($2 == "->" ? $7 : $6) }' - /proc/locks
		find "$T" -mindepth 1 ! -name '.state*' ! -name .out ! -name .err -printf 'file %p %y\n' 2>/dev/null
		# sif-UID is shared by all launches of the user; sif-*.SUFFIX are folders
		# of tests and of the two commands of the README.
		find /dev/shm /tmp /var/tmp -maxdepth 1 -user "$(id -u)" -name '*sif*' \
			! -name "sif-$(id -u)" ! -name 'sif-*.*' -printf 'file %p %y\n' 2>/dev/null
	} | sort -u
}

snapshot() {
	e2e_state >"$T/.state"
}

# Servers linger for a moment: equality is awaited for up to 15 s.
settled() {
	e2e_tries=0
	while :; do
		e2e_state >"$T/.state.now"
		e2e_new=$(comm -13 "$T/.state" "$T/.state.now" 2>/dev/null)
		[ -n "$e2e_new" ] || { ok "$1"; return 0; }
		e2e_tries=$((e2e_tries + 1))
		[ "$e2e_tries" -le 75 ] || break
		sleep 0.2
	done
	fail "$1" "left behind:
$e2e_new"
}

# small_tree DIR: a root file system of a few files that runs (static busybox).
small_tree() {
	[ -d "$1/bin" ] && return 0
	e2e_box=$(command -v busybox) || skip "busybox (package busybox-static) is not installed"
	mkdir -p "$1" && (
		cd "$1" && mkdir -p bin dev etc home opt proc root run sys tmp usr/bin var/tmp &&
			cp "$e2e_box" bin/busybox &&
			for applet in $(./bin/busybox --list); do
				[ "$applet" = busybox ] || ln -s busybox "bin/$applet"
			done &&
			echo 'root:x:0:0:root:/root:/bin/sh' >etc/passwd &&
			echo 'root:x:0:' >etc/group &&
			echo 'hosts: files' >etc/nsswitch.conf &&
			printf 'NAME=small\nID=small\n' >etc/os-release
	) || { echo "cannot make a small tree in $1"; exit 1; }
}

# small_sqfs, small_image: names of a bare SquashFS file made by mksquashfs and of
# a SIF image made by `sif build`, both of small_tree, made once for all scripts.
small_sqfs() {
	if [ ! -f "$IMAGES/small.sqfs" ]; then
		small_tree "$IMAGES/small.dir" >&2
		mksquashfs "$IMAGES/small.dir" "$IMAGES/small.sqfs.$$" -quiet -no-progress \
			-noappend -all-root -comp zstd >&2 || return 1
		mv "$IMAGES/small.sqfs.$$" "$IMAGES/small.sqfs"
	fi
	echo "$IMAGES/small.sqfs"
}

small_image() {
	if [ ! -f "$IMAGES/small.sif" ]; then
		small_tree "$IMAGES/small.dir" >&2
		"$SIF" -q build "$IMAGES/small.$$.sif" "$IMAGES/small.dir" >&2 || return 1
		mv "$IMAGES/small.$$.sif" "$IMAGES/small.sif"
	fi
	echo "$IMAGES/small.sif"
}

# Interop test: the images of the conformance suite, unpacked once.
conformance_images() {
	if [ ! -d "$IMAGES/cfimg" ]; then
		mkdir "$IMAGES/.cfimg.$$" && tar -C "$IMAGES/.cfimg.$$" -xJf \
			"$SIF_SHARED/conformance/images.tar.xz" >&2 || return 1
		mv "$IMAGES/.cfimg.$$/cfimg" "$IMAGES/cfimg" && rm -rf "$IMAGES/.cfimg.$$"
	fi
	echo "$IMAGES/cfimg"
}
