# The README's first command, as a user without root or sudo: --small, with a
# real bootstrap of Debian. A bootstrap that is cut off never becomes an image.
# limit: 400 s
. "$top_srcdir/tests/lib/e2e.sh"
need_fuse
need mmdebstrap newuidmap
[ -f "$top_srcdir/configure.ac" ] || skip "the source of sif is not here (./check has it)"
grep -q "^$(id -un):" /etc/subuid || skip "this user has no subordinate ids, which mmdebstrap wants"

export SIF_QUICKSTART="$T/quick"
mkdir "$T/fake"
real=$(command -v mmdebstrap)

# The end of the stream is missing, and mmdebstrap says so or keeps silent.
cut_off() { # cut_off EXIT-CODE
	cat >"$T/fake/mmdebstrap" <<-END
		#!/bin/sh
		tar -C /usr/share -cf - --hard-dereference dpkg 2>/dev/null | head -c 5000
		exit $1
	END
	chmod +x "$T/fake/mmdebstrap"
}

for code in 1 0; do
	cut_off $code
	refuse "a bootstrap cut off, exit code $code, fails" 1 'no image was made' \
		env PATH="$T/fake:$PATH" "$top_srcdir/quickstart" --small
	equal "and leaves no image ($code)" "" "$(find "$SIF_QUICKSTART" -name '*.sif')"
done

# A whole stream whose sender fails at the very end.
printf '#!/bin/sh\ntar -C /usr/share -cf - dpkg\nexit 1\n' >"$T/fake/mmdebstrap"
refuse "a whole stream of a failing bootstrap fails, too" 1 'mmdebstrap ended with 1, sif build with 0' \
	env PATH="$T/fake:$PATH" "$top_srcdir/quickstart" --small
equal "and leaves no image" "" "$(find "$SIF_QUICKSTART" -name '*.sif')"

equal "the real one is next" "$real" "$(command -v mmdebstrap)"
check "quickstart --small runs" "$top_srcdir/quickstart" --small
losses=$(sed -n 's/^epoch .* loss \([0-9.]*\) .*/\1/p' "$T/.out")
equal "a loss is printed for each epoch" 12 "$(echo "$losses" | wc -l)"
first=$(echo "$losses" | head -n 1)
last=$(echo "$losses" | tail -n 1)
if awk -v a="$first" -v b="$last" 'BEGIN { exit !(b < a / 2) }'; then
	ok "the loss falls"
else
	fail "the loss falls" "from $first to $last"
fi
check "siftool accepts the image" siftool header "$SIF_QUICKSTART/numpy.sif"

begun=$(date +%s)
check "the second time works" "$top_srcdir/quickstart" --small
took=$(($(date +%s) - begun))
[ "$took" -le 15 ] && ok "the second time takes seconds" || fail "the second time takes seconds" "$took s"

# The commands that it prints do what it says.
cd "$SIF_QUICKSTART" || exit 1
PATH=$PWD/sif/bin:$PATH
for number in 1 2; do
	line=$(sed -n "s/^  $number\.  //p" "$T/.out")
	check "command $number: $line" sh -c "$line"
done
