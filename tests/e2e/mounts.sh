#!/bin/sh
# sif mounts: the shared servers, their users, stopping idle ones, their log.
# shellcheck source=tests/lib/e2e.sh
. "$top_srcdir/tests/lib/e2e.sh"
need_fuse
need busybox
need jq

sif=$(small_image) || exit 1
cd "$T" || exit 1
cp "$sif" "a b.sif"
sif=$T/a\ b.sif
ask() { "$SIF" mounts --json | jq -r ".[] | select(.image == \"$sif\") | $1"; }
comes() { # CMD...: within 10 s
	tries=200
	until "$@"; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || return 1
		sleep 0.05
	done
}

snapshot
equal 'nothing is served before the first launch' '' "$(ask .pid)"
mkfifo go1 go2
"$SIF" exec "$sif" sh -c "read -r x <$T/go1" & one=$!
"$SIF" exec "$sif" sh -c "read -r x <$T/go2" & two=$!
has_users() { [ "$(ask .users)" = "$1" ]; }
comes has_users 2 && ok 'one server with two users' || fail 'one server with two users' "$("$SIF" mounts --json)"
equal 'the users are the launches' "$(printf '%s\n' $one $two | sort)" "$(ask '.pids[]' | sort)"
equal 'the server is ours' sif-fuse "$(ps -o comm= -p "$(ask .pid)")"
equal 'it says what it holds' true "$(ask '.memory > 100000 and .memory < 100000000 and .reads > 0 and .blocks > 0')"
"$SIF" mounts >out
grep -q "sif  *$T/a b.sif\$" out && ok 'the table names the image' || fail 'the table names the image' "$(cat out)"
"$SIF" mounts --stop >out
equal 'a server in use is not stopped' 2 "$(ask .users)"
echo >go1
wait "$one"
comes has_users 1 && ok 'a user that left is not counted' || fail 'a user that left is not counted' "$(ask .users)"
echo >go2
wait "$two"
comes has_users 0 && ok 'the server waits for the next' || fail 'the server waits for the next' "$(ask .)"
"$SIF" mounts --stop | grep -q 'a b.sif (stopped)$' && ok 'an idle one is stopped' || fail 'an idle one is stopped'
gone() { [ -z "$(ask .pid)" ]; }
comes gone && ok 'and goes at once' || fail 'and goes at once' "$("$SIF" mounts)"
"$SIF" exec --no-share "$sif" sh -c "read -r x <$T/go1" & one=$!
sleep 0.3
equal 'a server of one launch is not listed' '' "$(ask .pid)"
echo >go1
wait "$one"
refuse 'it takes no words' 2 'takes no' "$SIF" mounts something
rm -f go1 go2 out "a b.sif"
settled 'in the end'
