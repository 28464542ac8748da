#!/bin/sh
# Damaged images: what is whole is served, what is not gives EIO and one line in
# the log that names the file; the server neither dies nor hangs.
. "$top_srcdir/tests/lib/server.sh"
for prog in mksquashfs perl; do
	command -v $prog >/dev/null || skip "$prog is not installed"
done

mkdir -p "$T/tree/dir" && cd "$T/tree" || exit 1
head -c 400000 /dev/urandom >dir/first
head -c 400000 /dev/urandom >second
head -c 300 /dev/urandom >small
i=0
while [ $i -lt 60 ]; do echo $i >"dir/file $i"; i=$((i + 1)); done
cd "$T" || exit 1

# flip IMAGE OFFSET [BYTES]
flip() {
	perl -e 'open(my $f, "+<", $ARGV[0]) or die; seek($f, $ARGV[1], 0); read($f, my $b, $ARGV[2]);
		seek($f, $ARGV[1], 0); print $f $b ^ ("\x5a" x length $b)' "$1" "$2" "${3:-1}"
}

# Stored blocks come first, in the order that mksquashfs took: a packed one of a
# file that packs is damaged at its second byte, inside the frame's header.
mkdir packs && perl -e 'print "line $_\n" for 1 .. 60000' >packs/text && cp tree/small packs/whole
mksquashfs packs image -comp zstd -quiet -no-progress >/dev/null 2>&1 || exit 1
flip image 97 4
with image sh -c "cat $M/text >/dev/null; echo \$?; cat $M/text >/dev/null; cat $M/whole | cksum" >out 2>errors
same "a damaged block is an error, its neighbours are fine" "1
$(cksum <packs/whole)" "$(cat out)"
grep -q 'Input/output error' errors && ok "EIO" || bad "EIO" "$(cat errors)"
same "one line for the file" 1 "$(grep -c . log)"
grep -q "'/text' of 'image' cannot be read: " log && ok "which names file and cause" || bad "which names file and cause" "$(cat log)"
gone "a damaged block"
rm -f log

# A file that shrinks while it is served.
cp image shrinks
mksquashfs tree shrinks -comp zstd -noappend -quiet -no-progress >/dev/null 2>&1 || exit 1
with shrinks sh -c "ls -l $M >/dev/null; : >shrinks; cat $M/second $M/dir/first >/dev/null" 2>errors
same "an image that is truncated" 1 $?
grep -q 'Input/output error' errors && ok "an image that is truncated: EIO" || bad "an image that is truncated: EIO" "$(cat errors)"
gone "an image that is truncated"
rm -f log

# survive NAME IMAGE: everything is read, whatever comes; the server is still there.
survive() {
	# Errors are expected. The mount of a server that died says ENOTCONN.
	timeout -k 5 30 "$T/bin/with_image" -l log "$2" "$M" \
		sh -c "cd $M && find . -ls; find . -type f -exec cat {} +; find . -type l -exec readlink {} +; getfattr -Rd .; cd / ; stat $M" \
		>/dev/null 2>errors
	code=$?
	[ $code != 124 ] && [ $code != 137 ] || { bad "$1" "it hangs"; return; }
	! grep -aqE 'not connected|connection abort' errors || { bad "$1" "the server died: $(grep -aE 'not connected|connection abort' errors | head -n 2)"; return; }
	[ "$(wc -c <log 2>/dev/null || echo 0)" -lt 20000 ] || { bad "$1" "the log has $(wc -c <log) bytes"; return; }
	rm -f log
	true
}

survived=0
for comp in gzip zstd xz lz4; do
	mksquashfs tree whole -comp $comp -noappend -quiet -no-progress >/dev/null 2>&1 || exit 1
	size=$(stat -c %s whole)
	meta=$(perl -e 'open(my $f, "<", "whole") or die; seek($f, 64, 0); read($f, my $b, 8); print unpack("Q<", $b)')
	n=0
	while [ $n -lt "${DAMAGES:-12}" ]; do
		cp whole broken
		# Mostly metadata: that is where the reader has to decide something.
		perl -e 'srand($ARGV[0]); print join("\n", map { int($ARGV[1] + rand($ARGV[2] - $ARGV[1])) } 1 .. 3), "\n"' \
			"$n" "$meta" "$size" | while read -r at; do flip broken "$at"; done
		survive "$comp, damage $n" broken && survived=$((survived + 1))
		n=$((n + 1))
	done
done
ok "$survived damaged images"
gone "damaged images"

# Inputs that ended servers of others.
crashers=${SIF_SHARED:-$top_srcdir/../shared}/adversarial/squashfs/squashfs_crashers.tar.xz
if [ -f "$crashers" ]; then
	mkdir crashers && tar -C crashers -xf "$crashers"
	n=0
	find crashers -type f >list
	while read -r each; do
		survive "$each" "$each" </dev/null && n=$((n + 1))
	done <list
	ok "$n of $(grep -c . list) hostile images"
	gone "hostile images"
else
	echo "# the hostile images in ../shared are not here"
fi
