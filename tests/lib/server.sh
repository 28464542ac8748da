# For tests of the image server by itself (no launch): sourced by tests/server/*.sh,
# which `make check` runs with top_srcdir and top_builddir.
#
#	T		an own folder, removed at the end
#	M		the mount point
#	with IMAGE CMD...	CMD with IMAGE mounted at $M (tests/lib/with_image.c)
#	servers		process ids of the servers of images under $T
#	gone NAME	the servers end by themselves within 5 s
#	ok NAME | bad NAME [WHY] | same NAME WANT GOT
#
# Run by root, the script starts itself again as an ordinary user: what root
# can mount proves nothing.
set -u
# A server that hangs is a failure, not a reason to wait.
if [ -z "${SIF_TEST_LIMIT-}" ]; then
	SIF_TEST_LIMIT=120
	export SIF_TEST_LIMIT
	exec timeout -k 5 "$SIF_TEST_LIMIT" sh "$0" "$@"
fi
: "${top_srcdir:?run it by make check}" "${top_builddir:?}"

if [ "$(id -u)" = 0 ]; then
	. "$top_srcdir/packaging/host.sh"
	host_init
	host_fuse
	host_user
	box=$(mktemp -d /tmp/sif-server.XXXXXX) || exit 1
	trap 'rm -rf "$box"' EXIT
	mkdir "$box/tests" "$box/packaging" "$box/build" "$box/build/tests"
	cp -R "$top_srcdir/tests/lib" "$top_srcdir/tests/server" "$box/tests/"
	cp "$top_srcdir"/packaging/*.sh "$box/packaging/"
	mkdir "$box/build/tests/lib"
	cp "$top_builddir/sif-fuse" "$box/build/" && cp "$top_builddir/tests/lib/with_image" "$box/build/tests/lib/" || exit 1
	chown -R "$run_user:" "$box"
	cd / || exit 1
	user_keep="SIF_SHARED SIF_TEST_LIMIT SIF_TEST_CGROUP DAMAGES"
	: "${SIF_SHARED:=$top_srcdir/../shared}"
	as_user env top_srcdir="$box" top_builddir="$box/build" sh "$box/tests/server/${0##*/}" "$@"
	exit
fi

skip() {
	echo "skip: $*"
	exit 77
}
unshare -Ur true 2>/dev/null || skip "no user namespaces for ordinary users here"
if ! [ -r /dev/fuse ] || ! [ -w /dev/fuse ]; then
	skip "/dev/fuse is not usable by ordinary users here"
fi

T=$(mktemp -d "${TMPDIR:-/tmp}/sif-server.XXXXXX") || exit 1
M=$T/mnt
mkdir "$M" "$T/bin"
# Helpers are found beside the program.
cp "$top_builddir/sif-fuse" "$top_builddir/tests/lib/with_image" "$T/bin/" || exit 1
checks=0
failed=0

end() {
	code=$?
	for each in $(servers); do kill -9 "$each"; done 2>/dev/null
	rm -rf "$T"
	[ "$code" = 0 ] || { echo "not ok: the script ended with $code"; exit 1; }
	[ "$failed" = 0 ] && [ "$checks" -gt 0 ] || exit 1
}
trap end EXIT

ok() {
	checks=$((checks + 1))
	echo "ok $1"
}

bad() {
	failed=$((failed + 1))
	echo "not ok $1"
	[ -z "${2-}" ] || printf '%s\n' "$2" | sed 's/^/    /'
}

same() {
	if [ "$2" = "$3" ]; then ok "$1"; else bad "$1" "wanted: $2
got:    $3"; fi
}

with() {
	with_image=$1
	shift
	"$T/bin/with_image" -l "$T/log" "$with_image" "$M" "$@"
}

# The image's path is in a server's command line; a zombie waits for init only.
servers() {
	ps -e -o pid=,stat=,args= | awk -v t="$T/" '$2 !~ /^Z/ && $3 == "sif-fuse" && index($0, t) { print $1 }'
}

# wait_until SECONDS CMD...: CMD succeeds in time.
wait_until() {
	tries=$(($1 * 20))
	shift
	until "$@"; do
		tries=$((tries - 1))
		[ "$tries" -gt 0 ] || return 1
		sleep 0.05
	done
}

no_servers() {
	[ -z "$(servers)" ]
}

gone() {
	if wait_until 5 no_servers; then
		ok "$1: the server ends"
	else
		bad "$1: the server ends" "$(ps -o pid,ppid,stat,args -p "$(servers | tr '\n' ',')0")"
		for each in $(servers); do kill -9 "$each"; done
	fi
}
