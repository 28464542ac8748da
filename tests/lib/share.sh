# For end-to-end scripts about shared image servers: sourced after tests/lib/e2e.sh.
#
#	sif		a copy of the small image that no other script uses
#	servers		process ids of the servers of images under T
#	server_of SCOPE	that of a scope (runtime/server/scope.h)
#	await PID	a child's exit code; one that takes a minute is killed
#	in_time SECONDS CMD...	CMD succeeds within the time
#	device [OPTION...]	a launch that prints the identity of the mount that
#			is its root: launches that share a server print the same
#	same_server NAME N FILE...	N files with one identity
#	over NAME	idle servers are told to end, then nothing is left
#	enter_world	starts the script again in a user namespace with many ids
#			and a mount table of its own, as its root
#
# Launches are made one after the other, at once, and from strange places; each
# wait has a limit, since machines are slow and busy.

sif=$T/image.sif
cp "$(small_image)" "$sif" || exit 1

servers() {
	ps -e -o pid=,stat=,args= | awk -v t="$T/" '$2 !~ /^Z/ && $3 == "sif-fuse" && index($0, t) { print $1 }'
}

server_of() {
	for each in $(servers); do
		if tr '\0' '\n' <"/proc/$each/cmdline" | grep -q "^scope $1\$"; then echo "$each"; fi
	done
}

ended() {
	case $(ps -o stat= -p "$1") in '' | Z*) return 0 ;; esac
	return 1
}

await() {
	in_time 60 ended "$1" || kill -9 "$1"
	wait "$1"
}

in_time() {
	tries=$(($1 * 20))
	shift
	until "$@" >/dev/null 2>&1; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || return 1
		sleep 0.05
	done
}

device() {
	"$SIF" exec "$@" "$sif" awk '$5 == "/" { print $3 }' /proc/self/mountinfo
}

same_server() {
	name=$1
	n=$2
	shift 2
	equal "$name" "$n launches, 1 mount" "$(cat "$@" | grep -c :) launches, $(sort -u "$@" | wc -l) mount"
}

over() {
	"$SIF" mounts --stop >/dev/null
	settled "$1"
}

enter_world() {
	[ -z "${IN_WORLD-}" ] || return 0
	unshare --map-auto --map-root-user --mount true 2>/dev/null ||
		skip "this user has no range of ids in /etc/subuid, or newuidmap (package uidmap) is missing"
	trap - EXIT
	IN_WORLD=1 exec unshare --map-auto --map-root-user --mount sh "$0"
}
