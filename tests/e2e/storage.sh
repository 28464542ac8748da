#!/bin/sh
# An image on storage that fails for a while, with a real mount (slow_storage):
# the program waits and goes on; who needs nothing from the storage does not wait;
# a stale image is opened again when it is the same; a program that is killed
# ends; and the log has a line for the beginning and one for the end.
# shellcheck source=tests/lib/e2e.sh
. "$top_srcdir/tests/lib/e2e.sh"
need_fuse
need_tool lib/slow_storage
need busybox mksquashfs timeout

small_image >/dev/null || exit 1
mkdir "$T/tree" "$T/store" "$T/mnt" && cp -a "$IMAGES/small.dir/." "$T/tree/" || exit 1
mkdir "$T/tree/data" "$T/tree/names"
for n in 1 2 3 4 5 6 7 8; do head -c 300000 /dev/urandom >"$T/tree/data/$n"; done
(cd "$T/tree/names" && seq 1 3000 | xargs touch)
mksquashfs "$T/tree" "$T/whole" -comp zstd -no-fragments -all-root -quiet -no-progress >/dev/null 2>&1 || exit 1
sum1=$(md5sum <"$T/tree/data/1")
sum2=$(md5sum <"$T/tree/data/2")
export XDG_STATE_HOME="$T/state"
log=$XDG_STATE_HOME/sif/server.log
control=$T/control

# begin PROGRAM: run it, in a container whose image is on the storage; it waits
# for go at its first "read".
begin() {
	rm -f "$log" "$T/go" "$T/out"
	cp "$T/whole" "$T/store/image"
	: >"$control"
	mkfifo "$T/go"
	timeout -k 5 60 "$TOOLS/lib/slow_storage" -c "$control" "$T/store" "$T/mnt" \
		"$SIF" exec "$T/mnt/image" sh -c "echo ready; read -r go; $1" <"$T/go" >"$T/out" 2>"$T/errors" &
	program=$!
	exec 9>"$T/go"
	await 10 grep -q ready "$T/out" || fail "the program starts" "$(cat "$T/errors")"
}

go() {
	echo go >&9
	exec 9>&-
}

await() { # SECONDS COMMAND...
	tries=$(($1 * 20))
	shift
	until "$@" 2>/dev/null; do
		tries=$((tries - 1))
		[ "$tries" -gt 0 ] || return 1
		sleep 0.05
	done
}

end() { # NAME STATUS OUTPUT
	wait "$program"
	equal "$1: the program's status" "$2" $?
	[ ! -s "$log" ] || sed 's/^/# /' "$log"
	equal "$1: what it read" "$3" "$(sed 1d "$T/out")"
}

lines() { # PATTERN
	grep -c "$1" "$log" 2>/dev/null
}

for errno in EIO ESTALE ETIMEDOUT ENOTCONN ESHUTDOWN; do
	begin "md5sum </data/1"
	echo "fail $errno" >"$control"
	go
	if await 10 grep -q "storage of '.*' fails" "$log"; then ok "$errno: the log says that it fails"
	else fail "$errno: the log says that it fails" "$(cat "$log")"; fi
	[ $errno = EIO ] && sleep 3
	equal "$errno: the program waits" ready "$(cat "$T/out")"
	: >"$control"
	end "$errno" 0 "$sum1"
	equal "$errno: two lines in the log" "1 1 2" "$(lines ' fails, ') $(lines 'works again') $(lines .)"
done

# Eight programs wait for the storage, more than the server has workers; a ninth
# asks what is in the server's memory. (More than a few requests come first.)
for words in 'fail EIO' hold; do
	begin 'i=0; while [ $i -lt 150 ]; do test -e /absent$i; i=$((i + 1)); done
		md5sum </etc/os-release >/tmp/sum.$$; sleep 0.01; ls / >/dev/null; echo warm; read -r go;
		for n in 1 2 3 4 5 6 7 8; do md5sum </data/$n >/tmp/sum.$$.$n & done; sleep 1;
		test ! -e /another && test ! -e /one-more && echo answered;
		wait; cat /tmp/sum.$$.1 /tmp/sum.$$.2; rm /tmp/sum.$$ /tmp/sum.$$.*'
	echo go >&9
	await 10 grep -q warm "$T/out"
	echo "$words" >"$control"
	echo go >&9
	if await 8 grep -q answered "$T/out"; then ok "$words: others are answered"
	else fail "$words: others are answered" "$(cat "$T/out" "$T/errors")"; fi
	: >"$control"
	exec 9>&-
	end "$words: all of them" 0 "warm
answered
$sum1
$sum2"
done

begin "md5sum </data/1"
cp "$T/store/image" "$T/store/copy" && mv "$T/store/copy" "$T/store/image"
echo 'stale 1' >"$control"
go
end "stale, and the same image stands there" 0 "$sum1"
equal "stale: two lines in the log" "1 1 2" "$(lines 'Stale') $(lines 'works again') $(lines .)"

begin "cat /data/1 >/dev/null; cat /data/2 >/dev/null; echo \$?"
# The same but for the time in its superblock.
cp "$T/whole" "$T/store/copy" && printf 'TIME' | dd of="$T/store/copy" bs=1 seek=8 conv=notrunc 2>/dev/null
mv "$T/store/copy" "$T/store/image"
echo 'stale 1' >"$control"
go
end "stale, and another image stands there" 0 1
equal "another image: the log says so once" 1 "$(lines 'was replaced by another image')"
equal "another image: an error for the program" 2 "$(grep -c 'Input/output error' "$T/errors")"

begin "cat /data/1 >/dev/null; cat /data/2 >/dev/null; echo \$?"
truncate -s 10000 "$T/store/image"
go
end "an image that is truncated" 0 1
equal "truncated: the log says so once" "1 1" "$(lines 'truncated or was changed') $(lines .)"

# A program that is waited for by nobody any more must not wait for the limit.
begin 'stat /names/2999 /names/1 /names/1500 & sleep 1; kill -9 $!; wait; echo killed'
echo 'fail EIO' >"$control"
go
if await 8 grep -q killed "$T/out"; then ok "kill -9 ends a program that waits for the storage"
else fail "kill -9 ends a program that waits for the storage" "$(cat "$T/out" "$T/errors")"; fi
: >"$control"
wait "$program"
