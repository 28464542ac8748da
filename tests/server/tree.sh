#!/bin/sh
# A served image shows the tree and the bytes that unsquashfs and squashfuse
# show: for each compressor, block sizes at both ends, fragments and none, tables
# packed and not; with hard links, sparse files, large directories, odd names,
# device nodes and extended attributes.
. "$top_srcdir/tests/lib/server.sh"
for prog in mksquashfs unsquashfs squashfuse_ll perl; do
	command -v $prog >/dev/null || skip "$prog is not installed"
done

# Sizes around block and page borders, data that packs and data that does not.
plant() { # FOLDER BLOCK
	mkdir -p "$1/many" "$1/deep/er/and/deeper" "$1/empty" && cd "$1" || exit 1
	perl -e '
		my $b = $ARGV[0];
		srand(7);
		for my $n (0, 1, 4095, 4096, 4097, $b - 1, $b, $b + 1, 3 * $b, 3 * $b + 4097) {
			for my $kind ("same", "random", "text") {
				open(my $f, ">", "$kind.$n") or die;
				print $f $kind eq "same" ? "\0" x $n : $kind eq "text" ? substr("words and words\n" x ($n / 16 + 1), 0, $n)
					: join("", map { pack("L", rand(2**32)) } 1 .. ($n + 3) / 4);
				truncate($f, $n);
			}
		}
		open(my $s, ">", "sparse") or die;
		seek($s, 5 * $b + 77, 0); print $s "end"; close($s);
		for (0 .. 1199) { open(my $f, ">", sprintf("many/a name of some length %05d", $_)) or die; print $f $_ % 7 ? "" : $_; }
		open($_, ">", $_) for ("n" x 255, "new\nline", "spa ce", "\xc3\xa9", "\xff\xfe", "-dash", "back\\slash");
	' "$2" || exit 1
	ln text.4097 hard && ln text.4097 deep/er/hard
	ln -s ../target deep/link && ln -s "$(perl -e 'print "x/" x 1500')" long && ln -s nowhere dangling
	mkfifo fifo
	chmod 0 same.1 && chmod 4755 text.1 && chmod 2750 deep && chmod 1777 empty && chmod 644 same.1
	touch -d '1999-12-31 23:59:59 UTC' text.4096 && touch -d '2038-01-20 UTC' deep/er
	setfattr -n user.note -v 'some value' text.1 2>/dev/null && setfattr -n user.long -v "$(perl -e 'print "v" x 300')" deep
	setfattr -n user.empty text.4096 2>/dev/null
	cd "$T" || exit 1
}

# What stat and readlink tell, and the bytes. Inode numbers are replaced by the
# first path with the same number. Owners are ours to change, directories' sizes
# and counts of links are the file system's own.
cat >"$T/manifest" <<'END'
cd "$1" || exit 1
find . -depth ! -type d -printf '%i %y %m %n %s %T@ %p -> %l\0' -o -printf '0 d %m %T@ %p\0' |
	sort -z -k 6 | perl -0 -ne '
		my ($i, $rest) = split(/ /, $_, 2);
		my ($path) = $rest =~ / (\.\/.*) -> /s;
		$rest = "same as $first{$i}: $rest" if $i && $first{$i};
		$first{$i} ||= $path if $i;
		$rest =~ s/(\d{9,})\.0+ /$1 /;
		push @out, $rest =~ s/\n/\\n/gr;
		END { print map { s/\0$//r . "\n" } sort @out; }'
find . -type f -print0 | sort -z | xargs -0 sha256sum
getfattr -R -h -d -e hex -m '^user\.' . 2>/dev/null | sed '/^$/d'
END

compare() { # NAME WANT GOT
	if cmp -s "$2" "$3"; then ok "$1"; else bad "$1" "$(diff "$2" "$3" | head -n 12)"; fi
}

# squashfuse as the caller that is root of a user namespace, for want of fusermount.
cat >"$T/peer" <<'END'
squashfuse_ll -f "$1" "$2" & peer=$!
until grep -q "squashfuse_ll\|fuse" /proc/self/mountinfo && [ -n "$(ls -A "$2")" ]; do
	kill -0 $peer || exit 1
	sleep 0.02
done
sh "$3" "$2"; code=$?
umount "$2" || kill $peer
exit $code
END

examine() { # NAME IMAGE
	with "$2" sh "$T/manifest" "$M" >"$T/ours" 2>"$T/errors"
	[ -s "$T/errors" ] && bad "$1: no complaints" "$(head -n 5 "$T/errors")"
	rm -rf "$T/extracted"
	unsquashfs -quiet -no-progress -d "$T/extracted" "$2" >/dev/null 2>&1
	sh "$T/manifest" "$T/extracted" >"$T/theirs"
	# An ordinary user gets no device nodes, set-id and sticky bits from it.
	grep -av '^[cb] ' "$T/ours" | sed 's/^\([fd]\) [0-7]\([0-7][0-7][0-7]\) /\1 \2 /' | LC_ALL=C sort >"$T/ours.plain"
	sed 's/^\([fd]\) [0-7]\([0-7][0-7][0-7]\) /\1 \2 /' "$T/theirs" | LC_ALL=C sort >"$T/theirs.plain"
	compare "$1: as unsquashfs extracts it" "$T/theirs.plain" "$T/ours.plain"
	unshare -rm sh "$T/peer" "$2" "$M" "$T/manifest" >"$T/theirs" 2>/dev/null
	# It does not show attributes without a value.
	sed -i '/^user.empty=0x$/d; /^# file: text.4096$/d' "$T/ours" "$T/theirs"
	compare "$1: as squashfuse serves it" "$T/theirs" "$T/ours"
	[ -s "$T/log" ] && bad "$1: an empty log" "$(head -n 5 "$T/log")"
	gone "$1"
}

pack() { # NAME TREE OPTION...
	name=$1 from=$2
	shift 2
	if mksquashfs "$from" "$T/$name" -quiet -no-progress -noappend -all-root \
		-p 'null c 666 0 0 1 3' -p 'disk b 660 0 6 8 300' "$@" >"$T/packing" 2>&1; then
		examine "$name" "$T/$name"
	else
		bad "$name: packing" "$(tail -n 3 "$T/packing")"
	fi
	rm -f "$T/$name"
}

plant "$T/t4" 4096
plant "$T/t128" 131072
for comp in gzip xz zstd lz4; do
	pack "$comp" "$T/t128" -comp $comp
done
pack gzip-4k "$T/t4" -comp gzip -b 4096
pack zstd-4k "$T/t4" -comp zstd -b 4096
pack zstd-1m "$T/t128" -comp zstd -b 1M
pack plain "$T/t128" -noI -noD -noF -noX
pack no-fragments "$T/t4" -comp zstd -b 4096 -no-fragments
pack always-fragments "$T/t128" -comp zstd -always-use-fragments -no-exports -no-xattrs
pack padless "$T/t4" -comp lz4 -b 8192 -nopad -no-sparse
