#!/bin/sh
# What a launch asks of others when its server is there: look-ups in the image, in
# the home directory, in the name service. A job array multiplies each by its
# tasks. The limits are those that docs/performance.md states.
# shellcheck source=tests/lib/e2e.sh
. "$top_srcdir/tests/lib/e2e.sh"
need_fuse
need strace busybox
strace -f -qq -o /dev/null true 2>/dev/null || skip "strace may not trace here"
# shellcheck source=tests/lib/share.sh
. "$top_srcdir/tests/lib/share.sh"
snapshot
mkdir "$T/work" && cd "$T/work" || exit 1

"$SIF" exec "$sif" true # starts the server
check 'a launch beside a server' strace -f -s 256 -o trace "$SIF" exec "$sif" /bin/true
# The launch's own calls: up to the program's execve, the second of the process.
awk '$2 ~ /^execve\(/ && n++ { exit } { $1 = ""; print }' trace >calls
count() { # of the launch's calls, those that match
	grep -cE -e "$1" calls
}
within() { # NAME LIMIT COUNT PATTERN
	if [ "$3" -gt 0 ] && [ "$3" -le "$2" ]; then
		ok "$1: $3, at most $2"
	else
		fail "$1: $3, at most $2" "$(grep -E -e "$4" calls)"
	fi
}

equal 'no process is started' 0 "$(count '^ (v?fork|clone3?)\(')"
equal 'the user is looked up once' 1 "$(count '^ open(at)?\(.*"/etc/passwd"')"
within 'look-ups in the image' 40 "$(count '^ openat2\(')" '^ openat2\('
within 'directories of the image that are listed' 4 "$(($(count '^ getdents64\(') / 2))" '^ getdents64\('
# The look for sif.conf, and the home directory as the source of its bind: what it
# is, and a copy of its mount.
home=$(getent passwd "$(id -u)" | cut -d: -f6)
awk -v a="\"$HOME" -v b="\"$home" '$1 !~ /^(openat2|readlink|execve)\(/ && (index($0, a) || index($0, b))' calls |
	grep -vF "\"$sif\"" >home
equal 'in the home directory: the look for sif.conf' 1 "$(grep -c 'sif/sif\.conf"' home)"
equal 'in the home directory: its own look-up and its bind' 2 "$(grep -c -e "\"$home\", .*O_PATH" -e 'open_tree' home)"
equal 'in the home directory: nothing else' 3 "$(grep -c . home)"

cd "$T" && rm -r work
over 'nothing is left'
